"""Words that the sentences about values share."""

import re
from collections.abc import Iterable
from decimal import Decimal
from math import isinf


def shown(given: object) -> str:
    """Return a value as text of at most 41 characters, for a sentence; invisible characters are replaced."""
    if isinstance(given, int) and abs(given) >= 10**20:
        return "a number of more than 20 digits"
    if isinstance(given, float) and isinf(given):
        return f"too {'large' if given > 0 else 'small'} a number"
    text = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(given)[:41]
    )
    return text if len(text) <= 40 else f"{text[:40]}…"


def figure(number: float) -> str:
    """Return a number with commas between the thousands, without trailing zeros and without an exponent.

    >>> figure(1200), figure(92.5), figure(0.00002)
    ('1,200', '92.5', '0.00002')
    """
    return f"{Decimal(f'{number:.10g}'):,f}"


def plural(word: str) -> str:
    """Return a guess at the name of several, for words that a problem does not give.

    >>> plural("breed"), plural("class"), plural("diagnosis"), plural("species")
    ('breeds', 'classes', 'diagnoses', 'species')
    """
    if word.endswith("sis"):
        return f"{word[:-2]}es"
    if re.search(r"(ss|us|x|z|ch|sh)$", word):
        return f"{word}es"
    if re.search(r"[^aeiou\s]y$", word):
        return f"{word[:-1]}ies"
    return word if word.endswith("s") else f"{word}s"


def listed(words: Iterable[str], joint: str = "and") -> str:
    """Return words as a list in a sentence, such as "a, b and c"."""
    *others, last = words
    return f"{', '.join(others)} {joint} {last}" if others else last


def kind_of(value: object) -> str:
    """Return the kind of a JSON value in words, such as "an array"."""
    kinds = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "an array"}
    return "null" if value is None else kinds.get(type(value), "an object")
