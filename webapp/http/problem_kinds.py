"""The kinds of problem that the API answers: each has a stable address, `/problems#slug`."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its slug is the stable end of the `type` URL.

    Attributes:
        also: other statuses that it comes with, and what it means then.
    """

    slug: str
    status: int
    title: str
    meaning: str
    also: Mapping[int, str] = field(default_factory=dict)

    @property
    def meanings(self) -> dict[int, str]:
        """What it means with each of its statuses."""
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
            "home_size is missing, not a number, or outside 50 to 100,000 sq ft.",
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
        Kind("too-many-homes", 422, "Too many homes", "A batch has at most 20,000 homes. Send it in parts."),
        Kind("too-many-requests", 429, "Too many requests", "Slow down; Retry-After says how long to wait."),
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
"""What a status means where nothing more is known."""
