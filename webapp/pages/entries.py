"""What a person enters or pastes as the size of a home: understood, or asked back in a sentence."""

# ruff: noqa: RUF001 - units of measurement in other scripts

import re
from dataclasses import dataclass
from unicodedata import category, decimal, normalize

from wtforms.validators import ValidationError

from model.home_size import Unit
from webapp.home import Home, HomeSizeError, measure

LONGEST_ENTRY = 60

_GAP = "[ .-]*"


def _any_of(*names: str) -> str:
    """Make a pattern of units' names: between their words stand spaces, dots, hyphens or nothing."""
    return "|".join(names).replace("_", _GAP)


_SQFT = _any_of(
    "(?:sq(?:uare)?_)?(?:ft|feet|foot)(?:_sq(?:uared?)?)?",
    "s_f_t?|sq_f",
    "quadratfu(?:ß|ss)|pieds?_carr[eé]s?|pies?_cuadrados?|p[eé]s_quadrados|piedi_quadr(?:at)?i",
    "кв_фут(?:а|ов)?|قدم_مربع|平方英尺|平方呎|평방피트|वर्ग_फ(?:ु|ी)ट",
)
_M2 = _any_of(
    # The metre's sign is also written as a Cyrillic and as an Arabic letter.
    "(?:sq(?:uare)?_)?(?:m|м|م|mtr?s?|met(?:er|re)s?)(?:_sq(?:uared?)?)?",
    "q_m|m_q|kvm|[qk]vadratmeter|quadratmetern?|vierkante_meters?|m(?:[eè]tres?)?_carr[eé]s?",
    "metros?_(?:c|q)uadrados?|metr[io]_quadr(?:at)?[io]|(?:кв|квадратных|квадратны[йе])_м(?:етр(?:а|ов|ы)?)?",
    "м_кв|(?:متر|م)_مربع|平方米|平方公尺|平方メートル|平米|제곱미터|평방미터|वर्ग_मीटर",
)
# Read after `_plain`: only ASCII digits are left, and of the spaces only " " stands within a line.
_ENTRY = re.compile(
    rf"""(?: (?: [~≈±] | \+/- | ca\.? | circa | about | approx(?:\. | imately)? ) \s* )?
        (?P<figures> .*? ) \s*
        (?: [-(]? \s* (?: (?P<sqft> {_SQFT} ) | (?P<m2> {_M2} ) )
            # From a PDF the exponent comes with a space before it.
            \.? \s? (?: (?: \^ | \*\* )? 2 | ² )? \s* \)? )?
        \s* [.,;]?""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_FIGURES = re.compile(r"[-+]?(?:\d{1,3}(?P<between>[, '])\d{3}(?:(?P=between)\d{3})*|\d+)(?:\.\d*)?")
_SEPARATORS = re.compile(r"[, ']")
_DIGITS_AND_SEPARATORS = re.compile(r"[-+]?[\d.,'\s]*\d[\d.,'\s]*")
# Half the world writes a dot where English has its comma.
_PERHAPS_THOUSANDS = re.compile(r"\d{1,3}\.\d{3}")
_SEPARATORS_ELSEWHERE = {
    **dict.fromkeys("\u2019\u2018\u201b\u02bc", "'"),
    "\u066c": ",",
    "\u060c": ",",
    "\u066b": ".",
}
"""Apostrophes; Arabic thousands, comma and decimals."""
_UNSEEN_MARKS = dict.fromkeys(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))),
    "",
)
"""The grapheme joiner, the fillers of Hangul, the blank of Braille, and the variation selectors."""
_REPLACED = str.maketrans(_SEPARATORS_ELSEWHERE | _UNSEEN_MARKS)
_REVERSES = "\u202e"
"""Shows what follows from right to left, digits too."""


def _plain(character: str) -> str:
    """Write a character as the figures and units are written here; one that is not seen is left out."""
    if character.isdecimal():
        return str(decimal(character))
    # An exponent or a fraction: its compatible form has digits that would count as the number's own.
    if character.isnumeric() or character == _REVERSES:
        return character
    match category(character):
        case "Cf":
            return ""
        case "Cc" if not character.isspace():
            return ""
        case "Zs":
            return " "
        case _:
            return normalize("NFKC", character)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a person wrote: the figures, the number they say, and the unit where they wrote one."""

    figures: str
    number: float
    unit: Unit | None


def read_entry(text: str) -> Entry:
    """Read what a person wrote or pasted, such as "1,200", "~ 1 200 sq. ft." or "92.5 m²".

    A comma, a space or an apostrophe stands between thousands, a dot before decimals; what does not fit is
    not guessed at.

    Raises:
        ValidationError: the text is not a home size; the sentence says what to enter.
    """
    text = text.strip()
    if len(text) > LONGEST_ENTRY:
        raise ValidationError("Enter only the size of your home, like 1,200.")
    plain = normalize("NFC", "".join(map(_plain, text)).translate(_REPLACED))
    entry = _ENTRY.fullmatch(plain.strip())
    if entry is None or not entry["figures"]:
        raise ValidationError("Enter the size of your home.")
    figures = entry["figures"]
    if not _FIGURES.fullmatch(figures):
        if _DIGITS_AND_SEPARATORS.fullmatch(figures):
            raise ValidationError("Put commas only between thousands, and a dot before decimals: 1,200.5.")
        if any(map(str.isdecimal, figures)):
            raise ValidationError("Enter only a number, like 1,200, with sq ft or m² after it if you like.")
        raise ValidationError("Enter the size of your home in figures, like 1,200.")
    unit: Unit | None = "sqft" if entry["sqft"] else "m2" if entry["m2"] else None
    return Entry(figures, float(_SEPARATORS.sub("", figures)), unit)


def to_home(entry: Entry, unit: Unit) -> Home:
    """Give the home that an entry means, to hundredths, which are finer than a home is measured.

    Raises:
        ValidationError: there is no recommendation for it; the sentence says why.
    """
    if _PERHAPS_THOUSANDS.fullmatch(entry.figures):
        _ask_if_thousands(entry, unit)
    number = round(entry.number, 2)
    try:
        return measure(int(number) if number == int(number) else number, unit)
    except HomeSizeError as error:
        raise ValidationError(f"The size of your home must be {error}.") from error


def _ask_if_thousands(entry: Entry, unit: Unit) -> None:
    thousands = round(entry.number * 1000)
    try:
        measure(thousands, unit)
    except HomeSizeError:
        return  # Read as thousands it would be no home, so the dot stands before decimals.
    raise ValidationError(
        f"Does {entry.figures} mean {thousands:,} or {entry.number:.2f}? Enter the one you mean."
    )
