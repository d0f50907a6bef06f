"""Read a number as people enter or paste it, or refuse it in a sentence that says what to enter."""

# ruff: noqa: RUF001 - units of measurement in other scripts

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import category, decimal, normalize

from wtforms.validators import ValidationError

from model.problem.features import FeatureError, Number, Reading
from model.problem.wording import figure, listed

LONGEST_ENTRY = 60

_GAP = "[ .-]*"


def _any_of(*names: str) -> str:
    """Return a pattern for names of units; "_" stands for any spaces, dots and hyphens between two words."""
    return "|".join(names).replace("_", _GAP)


_SPELLINGS: Mapping[str, str] = {
    "sqft": _any_of(
        "(?:sq(?:uare)?_)?(?:ft|feet|foot)(?:_sq(?:uared?)?)?",
        "s_f_t?|sq_f",
        "quadratfu(?:ß|ss)|pieds?_carr[eé]s?|pies?_cuadrados?|p[eé]s_quadrados|piedi_quadr(?:at)?i",
        "кв_фут(?:а|ов)?|قدم_مربع|平方英尺|平方呎|평방피트|वर्ग_फ(?:ु|ी)ट",
    ),
    "m2": _any_of(
        # The "m" of the metre is also written as a Cyrillic and as an Arabic letter.
        "(?:sq(?:uare)?_)?(?:m|м|م|mtr?s?|met(?:er|re)s?)(?:_sq(?:uared?)?)?",
        "q_m|m_q|kvm|[qk]vadratmeter|quadratmetern?|vierkante_meters?|m(?:[eè]tres?)?_carr[eé]s?",
        "metros?_(?:c|q)uadrados?|metr[io]_quadr(?:at)?[io]|(?:кв|квадратных|квадратны[йе])_м(?:етр(?:а|ов|ы)?)?",
        "м_кв|(?:متر|م)_مربع|平方米|平方公尺|平方メートル|平米|제곱미터|평방미터|वर्ग_मीटर",
    ),
}
"""How people write some units, besides their keys and labels; an exponent may follow."""


@lru_cache
def _entry_pattern(units: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    """Return the pattern of an entry, with a group for its figures and one for each unit, by its key.

    It matches text that `_plain` has simplified: its digits are ASCII, and within a line " " is the only
    space.
    """
    spellings = []
    for key, label in units:
        plain = "".join(map(_plain, label))
        named = "|".join(re.escape(name).replace(r"\ ", _GAP) for name in (plain, key))
        # A PDF may put a space before the exponent.
        more = rf"|(?:{_SPELLINGS[key]})\.?\s?(?:(?:\^|\*\*)?2|²)?" if key in _SPELLINGS else ""
        spellings.append(f"(?P<{key}>{named}{more})")
    unit = rf"(?:[-(]?\s*(?:{'|'.join(spellings)})\.?\s*\)?)?" if spellings else ""
    about = r"(?:(?:[~≈±]|\+/-|ca\.?|circa|about|approx(?:\.|imately)?)\s*)?"
    return re.compile(rf"{about}(?P<_figures>.*?)\s*{unit}\s*[.,;]?", re.IGNORECASE | re.DOTALL)


_FIGURES = re.compile(
    r"[-+]?(?:\d{1,3}(?P<between>[, '])\d{3}(?:(?P=between)\d{3})*|\d+)(?:\.\d*)?(?:[eE][-+]?\d{1,2})?"
)
_SEPARATORS = re.compile(r"[, ']")
_DIGITS_AND_SEPARATORS = re.compile(r"[-+]?[\d.,'\s]*\d[\d.,'\s]*")
# Many languages separate thousands by a dot.
_PERHAPS_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d{3}")
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
    unit: str


def read_entry(text: str, feature: Number) -> Entry:
    """Read an entry such as "1,200", "~ 1 200 sq. ft." or "92.5 m²".

    A comma, a space or an apostrophe separates thousands, a dot decimals. Other separators are refused, not
    guessed at.

    Raises:
        ValidationError: the text is not a number.
    """
    text, yours, example = text.strip(), feature.yours, feature.figure(feature.example)
    if len(text) > LONGEST_ENTRY:
        raise ValidationError(f"Enter only the {yours}, like {example}.")
    plain = normalize("NFC", "".join(map(_plain, text)).translate(_REPLACED))
    units = tuple((key, unit.label) for key, unit in feature.units.items())
    entry = _entry_pattern(units).fullmatch(plain.strip())
    if entry is None or not entry["_figures"]:
        raise ValidationError(f"Enter the {yours}.")
    figures = entry["_figures"]
    if not _FIGURES.fullmatch(figures):
        if _DIGITS_AND_SEPARATORS.fullmatch(figures):
            raise ValidationError("Put commas only between thousands, and a dot before decimals: 1,200.5.")
        if any(map(str.isdecimal, figures)):
            labels = listed([unit.label for unit in feature.units.values()], "or") if feature.units else ""
            after = f", with {labels} after it if you like" if labels else ""
            raise ValidationError(f"Enter only a number, like {example}{after}.")
        raise ValidationError(f"Enter the {yours} in figures, like {example}.")
    unit = next((key for key in feature.units if entry[key]), "")
    return Entry(figures, float(_SEPARATORS.sub("", figures)), unit)


def to_reading(entry: Entry, feature: Number, unit: str) -> Reading:
    """Return the reading that an entry means.

    Raises:
        ValidationError: the number is outside the limits, or its dot may separate thousands.
    """
    if perhaps_thousands(entry.figures, feature, unit):
        other = figure(entry.number)
        other += "0" * perhaps_thousands(other, feature, unit)
        thousands = f"{int(entry.figures.replace('.', '')):,}"
        raise ValidationError(f"Does {entry.figures} mean {thousands} or {other}? Enter the one you mean.")
    number = entry.number
    try:
        return feature.measure(int(number) if number == int(number) else number, unit)
    except FeatureError as error:
        limits = feature.limits_in_words(unit or feature.unit, "and")
        raise ValidationError(f"The {feature.yours} must be between {limits}.") from error


def perhaps_thousands(figures: str, feature: Number, unit: str) -> bool:
    """Return whether the dot may separate thousands: the number is then within the limits, too."""
    if not _PERHAPS_THOUSANDS.fullmatch(figures):
        return False
    try:
        feature.measure(int(figures.replace(".", "")), unit)
    except FeatureError:
        return False
    return True
