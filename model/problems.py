"""What is wrong with a file's lines: one sentence for each kind, with the first lines that have it."""

import math
from collections.abc import Mapping
from pathlib import Path

from model.breeds import Breed
from model.home_size import MAX_SQFT, MIN_SQFT

_SHOWN = 3


class Problems:
    """Collects what is wrong with a file's lines; false when nothing is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counts: dict[str, int] = {}
        self._shown: dict[str, list[str]] = {}
        self._lines: dict[str, list[int]] = {}
        self._households: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._counts)

    def note_cells(self, line: int, cells: int, columns: int) -> None:
        """Note a line with more cells than the header has columns."""
        self._note(f"line {line} has {cells} cells", f"the header has {columns} columns")

    def note_breed(self, line: int, key: str, breeds: Mapping[str, Breed]) -> None:
        """Note a breed that is missing or not in the catalogue."""
        if not key:
            self._note(f"line {line}", "the breed is missing")
            return
        self._note(
            f"line {line} has {key[:40]!r}",
            f"a breed must be one of the catalogue ({', '.join(breeds)}); `python train.py --data "
            f"{self._path} --init-breeds` prints what to add for others",
        )

    def note_size(self, line: int, text: str, size: float, factor: float) -> None:
        """Note a home size that is missing, no number, not positive or beyond the limits.

        Args:
            line: The number of the line.
            text: The size as it stands there.
            size: What it is in square feet; NaN if it is no number.
            factor: What makes square feet of it.
        """
        limits = f"a home size must be between {MIN_SQFT:g} and {MAX_SQFT:,.0f} sq ft"
        if factor != 1:
            limits += f" ({MIN_SQFT / factor:.2f} to {MAX_SQFT / factor:,.0f} m²)"
        if not text.strip():
            self._note(f"line {line}", "the home size is missing")
        elif not math.isfinite(size):
            self._note(
                f"line {line} has {text[:40]!r}", "a home size must be a number, such as 1150 or 106.8"
            )
        elif size <= 0:
            self._note(f"line {line} has {text[:40]!r}", "a home size must be positive")
        else:
            self._note(f"line {line} has {text[:40]!r}", limits)

    def remember(self, key: str, line: int) -> None:
        """Count a household of a breed, and where the first of them are."""
        self._households[key] = households = self._households.get(key, 0) + 1
        if households <= _SHOWN:
            self._lines.setdefault(key, []).append(line)

    def check_breeds(self, fewest: int) -> None:
        """Note that there are fewer than two breeds, or of some breed fewer than ``fewest`` households."""
        if len(self._households) < 2:
            only = "".join(
                f"there is only {key}, from line {lines[0]} on" for key, lines in self._lines.items()
            )
            self._note(only or "there is no household", "a model needs households of two breeds or more")
            return
        for key, households in self._households.items():
            if households < fewest:
                lines = ", ".join(map(str, self._lines[key]))
                more = ", ..." if households > _SHOWN else ""
                self._note(
                    f"there are only {households} household(s) of {key} (line {lines}{more})",
                    f"each breed needs {fewest} or more",
                )

    def sentences(self) -> list[str]:
        """One sentence for each kind of problem, in the order in which they were met."""
        told = []
        for rule, count in self._counts.items():
            more = f" and {count - _SHOWN:,} more lines do likewise" if count > _SHOWN else ""
            told.append(f"In {self._path}, {', '.join(self._shown[rule])}{more}: {rule}.")
        return told

    def _note(self, where: str, rule: str) -> None:
        self._counts[rule] = count = self._counts.get(rule, 0) + 1
        if count <= _SHOWN:
            self._shown.setdefault(rule, []).append(where)
