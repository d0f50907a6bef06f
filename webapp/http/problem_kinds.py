"""The kinds of error that the API answers with. The page `/problems` explains each under `#slug`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from model.problem.description import Problem
from model.problem.features import AnyFeature, Choice, Number
from model.problem.wording import listed

MAX_ROWS = 20_000
"""The most rows that a batch may have."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem.

    Attributes:
        slug: the end of the problem's `type` URL; it never changes.
        status: the HTTP status that the kind usually has.
        name: the title, where it is not the slug in words.
        also: the meanings that the kind has with other statuses, by status.
    """

    slug: str
    status: int
    meaning: str
    name: str = ""
    also: Mapping[int, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Return the kind in words, the same for each of its kind."""
        return self.name or self.slug[:1].upper() + self.slug[1:].replace("-", " ")

    @property
    def meanings(self) -> dict[int, str]:
        """Return the meaning of the kind by status."""
        return {self.status: self.meaning, **self.also}


KINDS: Mapping[str, Kind] = {
    kind.slug: kind
    for kind in (
        Kind("malformed-json", 400, "The body is not JSON in UTF-8. Send one JSON object.", "Malformed JSON"),
        Kind(
            "malformed-csv",
            400,
            "The body is not CSV in UTF-8. Send a header line, then a line for each row.",
            "Malformed CSV",
        ),
        Kind(
            "bad-request",
            400,
            "The request can't be read. Check its form against the API.",
            also={
                414: "The address is too long to be read. Send what it holds in the body of a POST.",
                417: "The Expect header asks for what this server can't do. Leave it out.",
                431: "The headers are too large to be read. Send fewer, or shorter ones.",
            },
        ),
        Kind(
            "not-found",
            404,
            "Nothing lives at this address. Check its spelling; /api/docs lists those that there are.",
        ),
        Kind(
            "method-not-allowed", 405, "The address exists, the method does not. Allow lists those that do."
        ),
        Kind(
            "request-timeout",
            408,
            "The request did not arrive, or was not answered, in its time. Send it again.",
        ),
        Kind("content-too-large", 413, "The body is larger than this route reads."),
        Kind(
            "unsupported-media-type",
            415,
            "Send Content-Type: application/json, for a batch also text/csv, in UTF-8.",
        ),
        Kind("invalid-request", 422, "The body or query has the wrong shape or an unknown member."),
        Kind(
            "internal-error",
            500,
            "A fault of ours. Quote the request id to whoever runs this.",
            "Internal server error",
        ),
        Kind(
            "unavailable",
            503,
            "Busy or stopping. Try again after Retry-After seconds.",
            "Service unavailable",
        ),
    )
}
BY_STATUS = {status: kind for kind in KINDS.values() for status in kind.meanings} | {
    400: KINDS["bad-request"],
    422: KINDS["invalid-request"],
}
"""The kind for an error of which only the status is known."""


def kinds_of(problem: Problem) -> dict[str, Kind]:
    """Return all kinds for a service that answers a problem, by slug."""
    return {**KINDS, **{kind.slug: kind for kind in _row_kinds(problem)}}


def slug_of(member: str) -> str:
    """Return the slug of the kind for a wrong value of a feature, or of its unit."""
    return f"invalid-{member.replace('_', '-')}"


def rows_slug(problem: Problem) -> str:
    """Return the slug of the kind for a batch with wrong rows."""
    return slug_of(problem.rows_member)


def too_many_slug(problem: Problem) -> str:
    """Return the slug of the kind for a batch with too many rows."""
    return f"too-many-{problem.rows_member.replace('_', '-')}"


def _row_kinds(problem: Problem) -> Iterator[Kind]:
    for feature in problem.features:
        yield Kind(slug_of(feature.name), 422, _meaning(feature))
        if member := problem.unit_members.get(feature.name):
            units = listed(feature.units, "nor") if isinstance(feature, Number) else ""
            yield Kind(slug_of(member), 422, f"{member} is neither {units}.")
    rows = problem.row.plural
    listed_rows = f"{rows.capitalize()} of a batch can't be answered; errors lists them."
    yield Kind(
        rows_slug(problem), 422, f"{listed_rows} With ?errors=report the others are.", f"Invalid {rows}"
    )
    too_many = f"A batch has at most {MAX_ROWS:,} {rows}. Send it in parts."
    yield Kind(too_many_slug(problem), 422, too_many, f"Too many {rows}")


def _meaning(feature: AnyFeature) -> str:
    missing = "missing, " if feature.required else ""
    match feature:
        case Number():
            limits = feature.limits_in_words(feature.unit)
            return f"{feature.name} is {missing}not a number, or outside {limits}."
        case Choice():
            return f"{feature.name} is {missing}or none of its choices.".replace(", or", " or")
        case _:
            return f"{feature.name} is {missing}or neither true nor false.".replace(", or", " or")
