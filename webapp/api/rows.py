"""The rows of a batch, gathered slice by slice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.problem.features import Fault
from webapp.http.problem_details import FieldError
from webapp.http.problem_kinds import MAX_ROWS, too_many_slug
from webapp.http.problems import Problem
from webapp.http.state import State


@dataclass(slots=True)
class Rows:
    """What was read of a batch.

    Attributes:
        errors: what is wrong with rows, by their positions from 0.
        ignored: the columns of a CSV that were passed over, but the target.
    """

    state: State
    errors: dict[int, Sequence[FieldError]] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    _parts: list[NDArray[np.float64]] = field(default_factory=list)
    _count: int = 0

    def __len__(self) -> int:
        return self._count

    def add(self, matrix: NDArray[np.float64], errors: Mapping[int, Sequence[FieldError]]) -> None:
        """Add a slice: its rows as the model gets them, and what is wrong by their positions in the slice.

        Raises:
            Problem: the batch has too many rows.
        """
        self.errors.update({self._count + row: found for row, found in errors.items()})
        self._parts.append(matrix)
        self._count += len(matrix)
        if self._count > MAX_ROWS:
            rows = self.state.problem.row.plural
            raise Problem(
                too_many_slug(self.state.problem),
                f"A batch has at most {MAX_ROWS:,} {rows}, and this one has more. Send it in parts.",
            )

    def good(self) -> NDArray[np.float64]:
        """Return the rows without errors as the model gets them, shape `(n, features)`."""
        empty = np.empty((0, len(self.state.problem.features)))
        matrix = np.concatenate([empty, *self._parts])
        return np.delete(matrix, list(self.errors), axis=0) if self.errors else matrix


def row_errors(faults: Sequence[Fault], row: int, place: str) -> list[FieldError]:
    """Return the faults of a CSV's row, given by its number from 1."""
    return [
        FieldError(fault.detail, row=row, **({place: fault.member} if fault.member else {}))
        for fault in faults
    ]
