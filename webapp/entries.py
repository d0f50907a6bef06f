"""What a person enters or pastes as the size of a home: understood, or asked back in a sentence."""

import re
from dataclasses import dataclass
from unicodedata import category, decimal, normalize

from wtforms.validators import ValidationError

from model.home_size import Unit
from webapp.recommend import Home, HomeSizeError, measure

LONGEST_ENTRY = 60

# Read after `_plain`: only ASCII digits are left, and of the spaces only " " stands within a line.
_ENTRY = re.compile(
    r"""(?: (?: [~≈±] | \+/- | ca\.? | circa | about | approx(?:\. | imately)? ) \s* )?
        (?P<figures> .*? ) \s*
        (?: (?: (?P<sqft> (?: sq(?:uare)? \.? \s* )? (?: ft | feet | foot ) \.? (?: \^?2 | ² )? | sq?f )
              | (?P<m2> (?: sq(?:uare)? \.? \s* )?
                  # The metre's sign is also written as a Cyrillic and as an Arabic letter.
                  (?: m | \u043c | \u0645 | mtr?s? | met(?:er|re)s? ) \.? (?: \^?2 | ² )?
                  | qm | mq ) )
            \s* \.? )?""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_FIGURES = re.compile(r"[-+]?(?:\d{1,3}(?P<between>[, '])\d{3}(?:(?P=between)\d{3})*|\d+)(?:\.\d*)?")
_SEPARATORS = re.compile(r"[, ']")
_DIGITS_AND_SEPARATORS = re.compile(r"[-+]?[\d.,'\s]*\d[\d.,'\s]*")
# Half the world writes a dot where English has its comma.
_PERHAPS_THOUSANDS = re.compile(r"\d{1,3}\.\d{3}")
_SEPARATORS_ELSEWHERE = {"\u2019": "'", "\u066c": ",", "\u060c": ",", "\u066b": "."}
"""Swiss thousands; Arabic thousands, comma and decimals."""
_UNSEEN_MARKS = dict.fromkeys(map(chr, (0x034F, *range(0xFE00, 0xFE10))), "")
"""The grapheme joiner and the variation selectors."""
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
    return "" if category(character) == "Cf" else normalize("NFKC", character)


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
    entry = _ENTRY.fullmatch("".join(map(_plain, text)).translate(_REPLACED).strip())
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
