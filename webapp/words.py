"""Probabilities, numbers and classes in words for people."""

from fractions import Fraction
from functools import lru_cache

from model.problem.description import Problem
from model.problem.wording import figure

_SHARES = {part / whole: Fraction(part, whole) for whole in (3, 4, 5, 10, 20) for part in range(1, whole)}
_VALUES = sorted(_SHARES)


def percentage(probability: float) -> str:
    """Return a probability as a percentage, but never as 0% or 100%, since nothing is certain.

    >>> percentage(0.9031), percentage(0.9999)
    ('90%', 'more than 99%')
    """
    if probability > 0.99:
        return "more than 99%"
    if probability < 0.01:
        return "less than 1%"
    return f"{probability:.0%}"


@lru_cache(maxsize=1024)
def frequency(probability: float) -> str:
    """Return a probability as a number of rows out of a few, which people judge better than percentages.

    >>> frequency(0.9031), frequency(0.52), frequency(0.99)
    ('about 9 in 10', 'about half', 'more than 19 in 20')
    """
    if probability > 0.975:
        return "more than 19 in 20"
    nearest = _SHARES[min(_VALUES, key=lambda value: abs(value - probability))]
    return (
        "about half" if nearest == Fraction(1, 2) else f"about {nearest.numerator} in {nearest.denominator}"
    )


def about(number: float) -> str:
    """Return a number to three significant digits, for a sentence that says "about".

    >>> about(1763.2), about(163.8)
    ('1,760', '164')
    """
    return figure(float(f"{number:.3g}"))


def with_article(name: str) -> str:
    """Return a name with "a" or "an" in front.

    >>> with_article("Dachshund"), with_article("Akita"), with_article("order")
    ('a Dachshund', 'an Akita', 'an order')
    """
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


def class_in_words(problem: Problem, key: str) -> str:
    """Return a class's name in a sentence, with an article where the problem wants one."""
    name = problem.by_key[key].name
    return with_article(name) if problem.target.article else name
