"""The kinds of problem that the API answers with. The page `/problems` explains each under `#slug`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.home import MAX_HOMES, limits_in_words


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem.

    Attributes:
        slug: the end of the problem's `type` URL; it never changes.
        status: the HTTP status that the kind usually has.
        also: the meanings that the kind has with other statuses, by status.
    """

    slug: str
    status: int
    title: str
    meaning: str
    also: Mapping[int, str] = field(default_factory=dict)

    @property
    def meanings(self) -> dict[int, str]:
        """Return the meaning of the kind by status."""
        return {self.status: self.meaning, **self.also}


KINDS = {
    kind.slug: kind
    for kind in (
        Kind("malformed-json", 400, "Malformed JSON", "The body is not JSON in UTF-8. Send one JSON object."),
        Kind(
            "malformed-csv",
            400,
            "Malformed CSV",
            "The body is not CSV in UTF-8. Send a header line, then a line for each home.",
        ),
        Kind(
            "bad-request",
            400,
            "Bad request",
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
            "Not found",
            "Nothing lives at this address. Check its spelling; /api/docs lists those that there are.",
        ),
        Kind(
            "method-not-allowed",
            405,
            "Method not allowed",
            "The address exists, the method does not. Allow lists those that do.",
        ),
        Kind(
            "request-timeout",
            408,
            "Request timeout",
            "The request did not arrive, or was not answered, in its time. Send it again.",
        ),
        Kind("content-too-large", 413, "Content too large", "The body is larger than this route reads."),
        Kind(
            "unsupported-media-type",
            415,
            "Unsupported media type",
            "Send Content-Type: application/json, for a batch also text/csv, in UTF-8.",
        ),
        Kind(
            "invalid-home-size",
            422,
            "Invalid home size",
            f"home_size is missing, not a number, or outside {limits_in_words('sqft')}.",
        ),
        Kind("invalid-unit", 422, "Invalid unit", "unit is neither sqft nor m2."),
        Kind(
            "invalid-request",
            422,
            "Invalid request",
            "The body or query has the wrong shape or an unknown member.",
        ),
        Kind(
            "invalid-homes",
            422,
            "Invalid homes",
            "Homes of a batch can't be answered; errors lists them. With ?errors=report the others are.",
        ),
        Kind(
            "too-many-homes",
            422,
            "Too many homes",
            f"A batch has at most {MAX_HOMES:,} homes. Send it in parts.",
        ),
        Kind(
            "internal-error",
            500,
            "Internal server error",
            "A fault of ours. Quote the request id to whoever runs this.",
        ),
        Kind(
            "unavailable",
            503,
            "Service unavailable",
            "Busy or stopping. Try again after Retry-After seconds.",
        ),
    )
}
BY_STATUS = {status: kind for kind in KINDS.values() for status in kind.meanings} | {
    400: KINDS["bad-request"],
    422: KINDS["invalid-request"],
}
"""The kind for an error of which only the status is known."""
