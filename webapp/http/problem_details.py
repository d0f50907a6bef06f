"""The JSON body of every error: problem details (RFC 9457)."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

MAX_ERRORS = 100
"""The most rows that the refusal of a batch lists, since more would mostly repeat the same mistake."""


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong, and where."""

    detail: Annotated[str, Meta(description="A sentence: what is wrong, and what to do.")]
    pointer: Annotated[str | UnsetType, Meta(description="The place in a JSON body (RFC 6901).")] = UNSET
    parameter: Annotated[str | UnsetType, Meta(description="The parameter of the query.")] = UNSET
    row: Annotated[
        int | UnsetType, Meta(description="The row's number in a batch, from 1; a CSV's header is 0.")
    ] = UNSET
    column: Annotated[str | UnsetType, Meta(description="The column of a CSV.")] = UNSET


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every error's body (RFC 9457)."""

    type: Annotated[
        str, Meta(description="The kind: an address that explains it. Branch on what stands after `#`.")
    ]
    title: Annotated[str, Meta(description="The kind in words, the same for each of its kind.")]
    status: Annotated[int, Meta(description="The HTTP status.", ge=400, le=599)]
    detail: Annotated[str, Meta(description="A sentence: what is wrong, and what to do.")]
    instance: Annotated[str, Meta(description="The path that was asked, if it could be read.")] = ""
    request_id: Annotated[str, Meta(description="As `X-Request-ID`, and in our logs: quote it to us.")]
    errors: Annotated[
        Sequence[FieldError],
        Meta(description=f"What is wrong, each with its place; in a batch of up to {MAX_ERRORS} rows."),
    ] = ()
