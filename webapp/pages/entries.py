"""Read a home size as people enter or paste it, or refuse it in a sentence that says what to enter."""

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
    """Return a pattern for names of units; "_" stands for any spaces, dots and hyphens between two words."""
    return "|".join(names).replace("_", _GAP)


_SQFT = _any_of(
    "(?:sq(?:uare)?_)?(?:ft|feet|foot)(?:_sq(?:uared?)?)?",
    "s_f_t?|sq_f",
    "quadratfu(?:ß|ss)|pieds?_carr[eé]s?|pies?_cuadrados?|p[eé]s_quadrados|piedi_quadr(?:at)?i",
    "кв_фут(?:а|ов)?|قدم_مربع|平方英尺|平方呎|평방피트|वर्ग_फ(?:ु|ी)ट",
)
_M2 = _any_of(
    # The "m" of the metre is also written as a Cyrillic and as an Arabic letter.
    "(?:sq(?:uare)?_)?(?:m|м|م|mtr?s?|met(?:er|re)s?)(?:_sq(?:uared?)?)?",
    "q_m|m_q|kvm|[qk]vadratmeter|quadratmetern?|vierkante_meters?|m(?:[eè]tres?)?_carr[eé]s?",
    "metros?_(?:c|q)uadrados?|metr[io]_quadr(?:at)?[io]|(?:кв|квадратных|квадратны[йе])_м(?:етр(?:а|ов|ы)?)?",
    "м_кв|(?:متر|م)_مربع|平方米|平方公尺|平方メートル|平米|제곱미터|평방미터|वर्ग_मीटर",
)
# Matches text that `_plain` has simplified: its digits are ASCII, and within a line " " is the only space.
_ENTRY = re.compile(
    rf"""(?: (?: [~≈±] | \+/- | ca\.? | circa | about | approx(?:\. | imately)? ) \s* )?
        (?P<figures> .*? ) \s*
        (?: [-(]? \s* (?: (?P<sqft> {_SQFT} ) | (?P<m2> {_M2} ) )
            # A PDF may put a space before the exponent.
            \.? \s? (?: (?: \^ | \*\* )? 2 | ² )? \s* \)? )?
        \s* [.,;]?""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_FIGURES = re.compile(r"[-+]?(?:\d{1,3}(?P<between>[, '])\d{3}(?:(?P=between)\d{3})*|\d+)(?:\.\d*)?")
_SEPARATORS = re.compile(r"[, ']")
_DIGITS_AND_SEPARATORS = re.compile(r"[-+]?[\d.,'\s]*\d[\d.,'\s]*")
# Many languages separate thousands by a dot.
_PERHAPS_THOUSANDS = re.compile(r"\d{1,3}\.\d{3}")
_OTHER_SEPARATORS = {
    **dict.fromkeys("\u2019\u2018\u201b\u02bc", "'"),
    "\u066c": ",",
    "\u060c": ",",
    "\u066b": ".",
}
"""Apostrophes, and the Arabic separator of thousands, comma and decimal separator."""
_INVISIBLE_MARKS = dict.fromkeys(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))),
    "",
)
"""Invisible characters: grapheme joiner, Hangul fillers, Braille blank, variation selectors."""
_REPLACED = str.maketrans(_OTHER_SEPARATORS | _INVISIBLE_MARKS)
_RIGHT_TO_LEFT_OVERRIDE = "\u202e"
"""Shows the text after it, digits too, in reverse; an entry that has it is refused."""


def _plain(character: str) -> str:
    """Return the ASCII digit, the plain space or the NFKC form of a character; "" if it is invisible."""
    if character.isdecimal():
        return str(decimal(character))
    # The NFKC form of an exponent or a fraction has digits that would be read as part of the number.
    if character.isnumeric() or character == _RIGHT_TO_LEFT_OVERRIDE:
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
    """An entry: its figures as written, the number that they stand for, and the unit if there is one."""

    figures: str
    number: float
    unit: Unit | None


def read_entry(text: str) -> Entry:
    """Read an entry such as "1,200", "~ 1 200 sq. ft." or "92.5 m²".

    A comma, a space or an apostrophe separates thousands, a dot decimals. Other separators are refused, not
    guessed at.

    Raises:
        ValidationError: the text is not a home size.
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
    """Return the home that an entry means, its size rounded to hundredths of the unit.

    Raises:
        ValidationError: the size is outside the limits, or its dot may separate thousands.
    """
    if _PERHAPS_THOUSANDS.fullmatch(entry.figures):
        _refuse_ambiguous_dot(entry, unit)
    number = round(entry.number, 2)
    try:
        return measure(int(number) if number == int(number) else number, unit)
    except HomeSizeError as error:
        raise ValidationError(f"The size of your home must be {error}.") from error


def _refuse_ambiguous_dot(entry: Entry, unit: Unit) -> None:
    thousands = round(entry.number * 1000)
    try:
        measure(thousands, unit)
    except HomeSizeError:
        return  # With thousands the size is outside the limits, so the dot separates decimals.
    raise ValidationError(
        f"Does {entry.figures} mean {thousands:,} or {entry.number:.2f}? Enter the one you mean."
    )
