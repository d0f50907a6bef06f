"""The faults in a file's lines: a sentence for each kind of fault, with the first lines that have it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from model.breeds import Breed
from model.home_size import MAX_SQFT, MIN_SQFT

_SHOWN = 3


class DataFaults:
    """The faults found so far in a file; false in a condition while there are none.

    Every series to be checked is indexed by line number.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counts: dict[str, int] = {}
        self._shown: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._counts)

    def check_keys(self, keys: "pd.Series[str]", breeds: Mapping[str, Breed]) -> None:
        """Record breeds that are missing or not in the catalogue."""
        self._note(
            f"a breed must be one of the catalogue ({', '.join(breeds)}); `python train.py --data "
            f"{self._path} --init-breeds` prints what to add for others",
            keys[~keys.isin([*breeds, ""])],
        )
        self._note("the breed is missing", keys[keys == ""])

    def check_sizes(self, texts: "pd.Series[str]", sizes: "pd.Series[float]", factor: float) -> None:
        """Record home sizes that are missing, not numbers, not positive or beyond the limits.

        Args:
            texts: The sizes as the file has them.
            sizes: The same in square feet; NaN where the text is not a number.
            factor: Square feet in one unit of the file.
        """
        if sizes.between(MIN_SQFT, MAX_SQFT).all():
            return
        limits = f"a home size must be between {MIN_SQFT:g} and {MAX_SQFT:,.0f} sq ft"
        if factor != 1:
            limits += f" ({MIN_SQFT / factor:.2f} to {MAX_SQFT / factor:,.0f} m²)"
        empty, number = texts.str.strip() == "", np.isfinite(sizes)
        self._note("the home size is missing", texts[empty])
        self._note("a home size must be a number, such as 1150 or 106.8", texts[~empty & ~number])
        self._note("a home size must be positive", texts[number & (sizes <= 0)])
        self._note(limits, texts[number & (sizes > 0) & ~sizes.between(MIN_SQFT, MAX_SQFT)])

    def check_households(self, keys: "pd.Series[str]", fewest: int) -> None:
        """Record that there are fewer than two breeds, or breeds with fewer than ``fewest`` households."""
        lines = {str(key): keys.index[keys == key] for key in keys.unique()}
        if len(lines) < 2:
            only = "".join(f"there is only {key}, from line {at[0]} on" for key, at in lines.items())
            rule = "a model needs households of two breeds or more"
            self._counts[rule], self._shown[rule] = 1, [only or "there is no household"]
            return
        rare = {key: at for key, at in lines.items() if len(at) < fewest}
        for key, at in rare.items():
            first = ", ".join(map(str, at[:_SHOWN])) + (", ..." if len(at) > _SHOWN else "")
            rule = f"each breed needs {fewest} or more"
            self._counts[rule] = 1
            self._shown.setdefault(rule, []).append(
                f"there are only {len(at)} household(s) of {key} (line {first})"
            )

    def sentences(self) -> list[str]:
        """Return one sentence for each kind of fault, in the order in which they were found."""
        found = []
        for rule, count in self._counts.items():
            more = f" and {count - _SHOWN:,} more lines do likewise" if count > _SHOWN else ""
            found.append(f"In {self._path}, {', '.join(self._shown[rule])}{more}: {rule}.")
        return found

    def _note(self, rule: str, cells: "pd.Series[str]") -> None:
        """Record cells, indexed by line number, that break a rule."""
        if cells.empty:
            return
        self._counts[rule] = self._counts.get(rule, 0) + len(cells)
        shown = self._shown.setdefault(rule, [])
        for line, cell in cells.iloc[: _SHOWN - len(shown)].items():
            shown.append(f"line {line} has {cell[:40]!r}" if cell.strip() else f"line {line}")
