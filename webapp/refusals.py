"""What is wrong with a body or a query, in our sentences: msgspec judges, and says it in its own."""

import re
from collections.abc import Sequence

import msgspec

from webapp.schemas import MAX_HOMES

EXAMPLE = '{"home_size": 1200}'
TOO_MANY = f"A batch has at most {MAX_HOMES:,} homes, and this one has more. Send it in parts."

# msgspec ends its sentence with the place: "Expected `int`, got `str` - at `$.home_size`".
_AT = re.compile(r"(?P<said>.*?)(?: - at `\$\.?(?P<field>[^`]*)`)?", re.DOTALL)
_GOT = re.compile(r"Expected `(?P<expected>[^`]*)`, got `(?P<got>[^`]*)`")
_NAMED = re.compile(r"Object (?P<what>contains unknown|missing required) field `(?P<name>.*)`", re.DOTALL)
_WORDS = {
    "array": "an array",
    "bool": "a boolean",
    "float": "a number",
    "int": "a number",
    "null": "null",
    "object": "an object",
    "str": "a string",
}
_CHOICES = {"unit": 'unit must be "sqft" or "m2".', "errors": 'errors must be "fail" or "report".'}
_MISSING = {
    "home_size": "home_size is missing. Give the size of the home as a number.",
    "homes": f'homes is missing. Give a list of homes, such as {{"homes": [{EXAMPLE}]}}.',
}
SLUGS = {"home_size": "invalid-home-size", "unit": "invalid-unit"}


class Refusal(Exception):  # noqa: N818 - as a Problem, of which it is a part
    """What is wrong with one home or one query; `field` is empty where it is the whole.

    `slug` is the kind of problem it is where it stands alone.
    """

    def __init__(self, detail: str, field: str = "", slug: str = "invalid-request") -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.slug = slug


def to_refusal(
    error: msgspec.ValidationError,
    form: type[msgspec.Struct],
    *,
    what: str = "",
    example: str = "",
    in_query: bool = False,
) -> Refusal:
    """Turn msgspec's sentence into ours, with the place it speaks of."""
    at = _AT.fullmatch(str(error))
    message, field = (at["said"], at["field"] or "") if at else (str(error), "")
    if named := _NAMED.fullmatch(message):
        name = named["name"]
        if named["what"] == "missing required":
            return Refusal(_MISSING[name], name, SLUGS.get(name, "invalid-request"))
        return Refusal(_unknown_name(name, form.__struct_fields__), name)
    got = _GOT.fullmatch(message)
    kind = _WORDS.get(got["got"], got["got"]) if got else "something else"
    if field in _CHOICES:
        detail = _CHOICES[field]
    elif field == "home_size" and not got:
        detail = "home_size is too large a number; the largest home is 100,000 sq ft."
    elif field == "home_size" and in_query:
        detail = "home_size must be a number in plain figures, such as 1200 or 92.5."
    elif field == "home_size":
        detail = f"home_size must be a number; got {kind}."
    elif field == "homes" and not got:
        return Refusal(TOO_MANY, field, "too-many-homes")
    elif field:
        detail = f"{field} must be an array; got {kind}."
    else:
        detail = f"{what} must be a JSON object such as {example}; got {kind}."
    return Refusal(detail, field, SLUGS.get(field, "invalid-request"))


def _unknown_name(name: str, known: Sequence[str]) -> str:
    """Say that a name is not known, and which are."""
    names = (
        f"the known names are {' and '.join(known)}" if len(known) > 1 else f"the known name is {known[0]}"
    )
    return f"{shown(name) or 'An empty name'} is not known here; {names}."


def pointer(*path: str | int) -> str:
    """Write a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def shown(given: object) -> str:
    """Show what was given, cut to a length that fits a sentence, without what would not show."""
    if isinstance(given, int) and abs(given) >= 10**20:
        return "a number of more than 20 digits"
    text = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(given)[:41]
    )
    return text if len(text) <= 40 else f"{text[:40]}…"
