"""The faults in a file's lines: a sentence for each kind of fault, with the first lines that have it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from model.arrays import Integers, Labels, Matrix
from model.problem.description import Problem
from model.problem.features import BLANKS, Choice, Fault
from model.problem.table import NO_COMMA
from model.problem.wording import shown

_SHOWN = 3


class DataFaults:
    """The faults found so far in a file; false in a condition while there are none."""

    def __init__(self, path: Path, problem: Problem) -> None:
        self._path = path
        self._problem = problem
        self._found: dict[str, list[str]] = {}
        self._more: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, line: int, faults: Iterable[Fault]) -> None:
        """Record what is wrong with the row that begins on a line."""
        for fault in faults:
            rule = fault.rule + self._remedy(fault)
            found = self._found.setdefault(rule, [])
            if len(found) == _SHOWN:
                self._more[rule] += 1
            else:
                # Only a value that is missing is not shown.
                got = "" if fault.got is None else f" has {shown(fault.got)!r}"
                found.append(f"line {line}{got}{fault.hint and f' ({fault.hint.strip()})'}")

    def _remedy(self, fault: Fault) -> str:
        """Return what can be changed in the problem, or in the file, other than the value."""
        if fault.rule.endswith(NO_COMMA):
            return "; if it is one, declare it: decimal_comma = true"
        blank = fault.got is None or str(fault.got).lower() in BLANKS
        if fault.hint:  # it is a typo, most likely
            return ""
        if fault.member == self._problem.target.name:
            return ", or take the line out" if blank else "; add a class for any other"
        if blank:
            return ", or allow blanks: required = false"
        is_choice = isinstance(self._problem.features_by_name.get(fault.member), Choice)
        return "; add a choice for any other" if is_choice else ""

    def check_classes(self, labels: Labels, names: Sequence[str], lines: Integers, fewest: int) -> None:
        """Record that there are fewer than two classes, or classes with fewer than ``fewest`` rows."""
        counts = np.bincount(labels, minlength=len(names))
        present = np.flatnonzero(counts)
        if len(present) < 2:
            only = f"only {names[present[0]]}, from line {lines[0]} on" if len(present) else "no row"
            self._found["a model needs rows of two classes or more"] = [f"there is {only}"]
            return
        for k in present[counts[present] < fewest].tolist():
            at = lines[labels == k]
            first = ", ".join(map(str, at[:_SHOWN])) + (", ..." if len(at) > _SHOWN else "")
            rule = f"each class needs {fewest} or more; take these rows out, or give them another class"
            self._found.setdefault(rule, []).append(
                f"there are only {len(at)} {'row' if len(at) == 1 else 'rows'} of {names[k]} (line {first})"
            )

    def check_values(self, matrix: Matrix, names: Sequence[str], fewest: int) -> None:
        """Record features that have the same value in every row, or are blank in nearly every one."""
        rule = "nothing can be learned from it; take it out of the problem"
        for name, column in zip(names, matrix.T, strict=True):
            known = len(column) - int(np.isnan(column).sum())
            if known < fewest or len(np.unique(column)) < 2:
                found = "has the same value in all rows" if known >= fewest else f"has {known} value(s)"
                found += "" if known else " (is its column missing, or of another name?)"
                self._found.setdefault(rule, []).append(f"{name} {found}")

    def sentences(self) -> list[str]:
        """Return one sentence for each kind of fault, in the order in which they were found."""
        sentences = []
        for rule, found in self._found.items():
            more = f" (and {self._more[rule]:,} more lines like these)" if self._more[rule] else ""
            sentences.append(f"In {self._path}, {', '.join(found)}{more}: {rule}.")
        return sentences
