"""The kinds of error that the API answers with. The page `/problems` explains each under `#slug`."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from model.problem.description import Problem
from model.problem.features import AnyFeature, Choice, Number
from model.problem.wording import listed

MAX_ROWS = 20_000
"""The most rows that a batch may have."""


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of problem; a comment in `problem_kinds.toml` explains the members."""

    slug: str
    status: int
    meaning: str
    name: str = ""
    also: Mapping[int, str] = {}

    @property
    def title(self) -> str:
        """Return the kind in words, the same for each of its kind."""
        return self.name or self.slug[:1].upper() + self.slug[1:].replace("-", " ")

    @property
    def meanings(self) -> dict[int, str]:
        """Return the meaning of the kind by status."""
        return {self.status: self.meaning, **self.also}


_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
KINDS = {slug: msgspec.convert({"slug": slug, **row}, Kind, str_keys=True) for slug, row in _TABLE.items()}
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
    wrong = ["missing"] if feature.required else []
    match feature:
        case Number():
            wrong += ["not a number", f"outside {feature.limits_in_words(feature.unit)}"]
        case Choice():
            wrong += ["none of its choices"]
        case _:
            wrong += ["neither true nor false"]
    return f"{feature.name} is {listed(wrong, 'or')}."
