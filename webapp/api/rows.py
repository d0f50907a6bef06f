"""What was read of a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from model.problem.description import Problem as Description
from model.problem.features import Fault
from webapp.api.reading import pointer
from webapp.api.schemas import MAX_REPORTED
from webapp.http.problem_details import FieldError
from webapp.http.problem_kinds import MAX_ROWS, too_many_slug
from webapp.http.problems import Problem


@dataclass(slots=True)
class Rows:
    """The rows of a batch as the model gets them, and what is wrong with others.

    Attributes:
        problem: what is asked and answered.
        member: the member of the JSON body that holds the rows; "" for a CSV.
        faults: what is wrong with rows, by their positions from 0, ascending; empty for those beyond the
            first MAX_REPORTED, which nobody is told.
        ignored: the columns of a CSV that were passed over, but the target.
    """

    problem: Description
    member: str = ""
    faults: dict[int, Sequence[Fault]] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    _parts: list[NDArray[np.float64]] = field(default_factory=list)
    _count: int = 0

    def __len__(self) -> int:
        return self._count

    def add(self, matrix: NDArray[np.float64], faults: Mapping[int, Sequence[Fault]]) -> None:
        """Add a slice: its rows as the model gets them, and what is wrong by their positions in the slice.

        Raises:
            Problem: the batch has too many rows.
        """
        for row in sorted(faults):
            self.faults[self._count + row] = faults[row] if len(self.faults) < MAX_REPORTED else ()
        self._parts.append(matrix)
        self._count += len(matrix)
        if self._count > MAX_ROWS:
            raise Problem(
                too_many_slug(self.problem),
                f"A batch has at most {MAX_ROWS:,} {self.problem.row.plural}, and this one has more. Send it "
                "in parts.",
            )

    def good(self) -> NDArray[np.float64]:
        """Return the rows without faults as the model gets them, shape `(n, features)`."""
        matrix = np.concatenate([np.empty((0, len(self.problem.features))), *self._parts])
        return np.delete(matrix, list(self.faults), axis=0) if self.faults else matrix

    def errors(self, row: int) -> list[FieldError]:
        """Return what is wrong with a row, given by its position, each with its place."""
        return [
            FieldError(
                fault.detail, row=row + 1, pointer=pointer(self.member, row, *filter(None, [fault.member]))
            )
            if self.member
            else FieldError(fault.detail, row=row + 1, column=fault.member or UNSET)
            for fault in self.faults[row]
        ]
