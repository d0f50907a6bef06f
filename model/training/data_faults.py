"""What is wrong with a file's lines: one sentence for each kind, with the first lines that have it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from model.breeds import Breed
from model.home_size import MAX_SQFT, MIN_SQFT

_SHOWN = 3


class Problems:
    """Collects what is wrong with a file's lines; false when nothing is.

    What it is given to check is indexed by line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counts: dict[str, int] = {}
        self._shown: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._counts)

    def check_keys(self, keys: "pd.Series[str]", breeds: Mapping[str, Breed]) -> None:
        """Note breeds that are missing or not in the catalogue."""
        self._note(
            f"a breed must be one of the catalogue ({', '.join(breeds)}); `python train.py --data "
            f"{self._path} --init-breeds` prints what to add for others",
            keys[~keys.isin([*breeds, ""])],
        )
        self._note("the breed is missing", keys[keys == ""])

    def check_sizes(self, texts: "pd.Series[str]", sizes: "pd.Series[float]", factor: float) -> None:
        """Note home sizes that are missing, no numbers, not positive or beyond the limits.

        Args:
            texts: The sizes as they stand in the file.
            sizes: What they are in square feet; NaN where they are no numbers.
            factor: What makes square feet of them.
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
        """Note that there are fewer than two breeds, or of some breed fewer than ``fewest`` households."""
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
        """One sentence for each kind of problem, in the order in which they were met."""
        told = []
        for rule, count in self._counts.items():
            more = f" and {count - _SHOWN:,} more lines do likewise" if count > _SHOWN else ""
            told.append(f"In {self._path}, {', '.join(self._shown[rule])}{more}: {rule}.")
        return told

    def _note(self, rule: str, cells: "pd.Series[str]") -> None:
        """Note the cells that break a rule."""
        if cells.empty:
            return
        self._counts[rule] = self._counts.get(rule, 0) + len(cells)
        shown = self._shown.setdefault(rule, [])
        for line, cell in cells.iloc[: _SHOWN - len(shown)].items():
            shown.append(f"line {line} has {cell[:40]!r}" if cell.strip() else f"line {line}")
