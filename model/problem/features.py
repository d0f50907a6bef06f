"""The kinds of feature, and the reading of a value of each: from text, from JSON, and a column at once."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from math import ceil, floor, log10, nan
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import numpy as np
from msgspec import Meta

from model.arrays import Floats
from model.problem.wording import figure, kind_of, listed, shown

Text = Annotated[str, Meta(min_length=1)]

BLANKS = frozenset({"", "na", "n/a", "n/d", "k.a.", "nan", "null", "none", "unknown", "-", "?"})
"""The texts, in lower case, that stand for an unknown value in a table; a choice with such a key wins."""

YES, NO = frozenset({"yes", "true", "y", "1"}), frozenset({"no", "false", "n", "0"})

NUMBER = re.compile(
    r"[+-]?(?:(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE
)
_WITH_COMMA = re.compile(r"([+-]?)(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d+))?", re.ASCII)
_FIGURES = re.compile(r"[+-]?\d[\d.,]*")
_DECIMAL_COMMA = re.compile(r"[+-]?\d[\d.' \u2019\u00a0\u202f]*,\d+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[.,' \u2019\u00a0\u202f]\d{3})+(?:\.\d+)?")
_PLAIN = re.compile(r"[-+.0-9eE]*")
"""Of texts with these characters only, `float` takes the same ones as `NUMBER`."""
_LONGEST_WHOLE = 15
"""Whole numbers of more digits are read as floats, which can't hold them exactly anyway."""


def with_point(text: str) -> str | None:
    """Return a number with a decimal comma, such as "1.234,5", as features read it: "1234.5".

    Returns None for other figures with commas or points, and any other text as it is.
    """
    text = text.strip()
    if found := _WITH_COMMA.fullmatch(text):
        sign, whole, decimals = found.groups()
        return f"{sign}{whole.replace('.', '')}{f'.{decimals}' if decimals else ''}"
    return None if _FIGURES.fullmatch(text) else text


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value.

    Attributes:
        member: the name of the value: the feature's, or that of its unit; "" where there is no single one.
        rule: what it must be, in a sentence without its full stop.
        got: what it was, for the sentence; None where that would say nothing.
        words: the values by the words for them, of which the most similar to `got` is suggested.
    """

    member: str
    rule: str
    got: object = None
    words: Mapping[str, str] | None = None

    @property
    def hint(self) -> str:
        """Return a suggestion as a sentence, or ""."""
        if not self.words:
            return ""
        near = get_close_matches(shown(self.got).casefold(), self.words, n=1, cutoff=0.7)
        return f' Did you mean "{self.words[near[0]]}"?' if near else ""

    @property
    def detail(self) -> str:
        """Return the whole sentence: what is wrong, and what to do."""
        words = shown(self.got) if str(self.got).strip() else "an empty text"
        got = "" if self.got is None else f"; got {words}"
        return f"{self.rule}{got}.{self.hint}"


class FeatureError(ValueError):
    """A feature does not take a value."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault

    def __str__(self) -> str:
        return self.fault.detail


class Reading(msgspec.Struct, frozen=True):
    """A value of a feature as it was read.

    Attributes:
        value: as it was given; None if it is blank.
        unit: the key of the unit that it was given in; "" where the feature has no choice of units.
        number: what the model gets: a number in the feature's first unit, the index of a choice, 1 or 0 for
            yes or no, NaN for a blank.
    """

    value: str | bool | int | float | None
    unit: str
    number: float


BLANK = Reading(None, "", nan)


class Unit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A unit of a number: its name for people, and how many of the feature's first unit one of it is."""

    label: Text
    factor: Annotated[float, Meta(gt=0)] = 1.0


class Feature(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True, tag_field="kind"
):
    """What all features have.

    Attributes:
        name: the member in JSON, the field of the form and the column of a CSV.
        question: the label of the form's field.
        hint: a line below the question.
        short: the feature inside a sentence, such as "size of the home".
        yours: the same, in a sentence to the person at the form.
        axis: the feature as a heading, such as "Size".
        required: whether a value must be given; a blank is a missing value to XGBoost.
    """

    name: Text
    question: Text
    short: Text
    yours: Text
    axis: Text
    hint: str = ""
    required: bool = True

    @property
    def column_name(self) -> str:
        """Return the name of the model's input, and of the table's column in the model's own unit."""
        return self.name

    def in_words(self, reading: Reading) -> str:
        """Return a value for people, such as "1,200 sq ft", "Quiet" or "not given"."""
        return "not given" if reading.value is None else self._words(reading)

    def _words(self, reading: Reading) -> str:
        return "yes" if reading.value else "no"

    def _is_blank(self, text: str) -> bool:
        """Return whether a text stands for an unknown value; of a required feature only an empty one does."""
        return not text or (not self.required and text.lower() in BLANKS)

    def missing(self) -> Reading:
        """Return the reading of a blank.

        Raises:
            FeatureError: the feature is required.
        """
        if self.required:
            raise self._fault(f"is missing. Give the {self.short} {self._form}")
        return BLANK

    def _fault(self, rule: str, got: object = None, words: Mapping[str, str] | None = None) -> FeatureError:
        return FeatureError(Fault(self.name, f"{self.name} {rule}", got, words))

    @property
    def _form(self) -> str:
        """How to give a value, such as "as a number"."""
        raise NotImplementedError


class Number(Feature, frozen=True, kw_only=True, tag="number"):
    """A number.

    Attributes:
        min: the least value, in the first unit.
        max: the greatest value, in the first unit.
        units: by key; the first is the model's own. Empty for a number without a unit.
        scale: of the slider and the chart.
        monotone: whether a greater number may only make the later class of two more, or less, probable.
        example: a typical value in the first unit, for the document and the placeholder.
        typical_question: the summary above the typical values.
        typical_note: a line above them.
        typical: values for people who do not know theirs: a label, and a value in each unit by its key.
    """

    min: float
    max: float
    units: dict[str, Unit] = {}
    scale: Literal["linear", "log"] = "linear"
    monotone: Literal["", "increasing", "decreasing"] = ""
    example: int | float
    typical_question: str = "Not sure?"
    typical_note: str = ""
    typical: tuple[dict[str, str | int | float], ...] = ()
    _form: ClassVar[str] = "as a number"

    @cached_property
    def unit(self) -> str:
        """Return the key of the first unit, "" where there is none."""
        return next(iter(self.units), "")

    @cached_property
    def column_name(self) -> str:
        """Return the name with the first unit, such as "home_size_sqft"."""
        return f"{self.name}_{self.unit}" if self.unit else self.name

    def decimals(self, unit: str) -> int:
        """Return to how many decimals limits in a unit are rounded: two, more where they are small."""
        factor = self.factor(unit)
        least = min((abs(limit) / factor for limit in (self.min, self.max) if limit), default=1.0)
        return max(2, 2 - floor(log10(least)))

    def label(self, unit: str) -> str:
        """Return the name of a unit for people, with a space in front; "" for a number without a unit."""
        return f" {self.units[unit].label}" if unit else ""

    @cached_property
    def limits(self) -> dict[str, tuple[float, float]]:
        """Return the least and the greatest value in each unit; those of other units are rounded inwards."""
        limits = {self.unit: (self.min, self.max)}
        for key, unit in self.units.items():
            if key != self.unit:
                low, high = self.min / unit.factor, self.max / unit.factor
                scale = 10.0 ** self.decimals(key)
                limits[key] = (ceil(low * scale) / scale, floor(high * scale) / scale)
        return limits

    def figure(self, number: float) -> str:
        """Return a number in figures; without a unit it may be a year, and has no comma below 10,000."""
        text = figure(number)
        return text if self.units or abs(number) >= 10_000 else text.replace(",", "")

    def rounded(self, number: float) -> str:
        """Return a number in figures, to five significant digits."""
        return self.figure(float(f"{number:.5g}"))

    def _words(self, reading: Reading) -> str:
        return f"{self.figure(float(reading.value or 0))}{self.label(reading.unit)}"

    def limits_in_words(self, unit: str, joint: str = "to") -> str:
        """Return the limits with their unit, such as "50 to 100,000 sq ft"."""
        low, high = self.limits[unit]
        return f"{self.figure(low)} {joint} {self.figure(high)}{self.label(unit)}"

    def factor(self, unit: str) -> float:
        """Return how many of the first unit one of a unit is."""
        return self.units[unit].factor if unit else 1.0

    def read(self, text: str, unit: str = "") -> Reading:
        """Read a number from text: plain figures, with commas between thousands if any."""
        text = text.strip()
        if NUMBER.fullmatch(text):
            plain = text.replace(",", "")
            whole = plain.isdecimal() and len(plain) <= _LONGEST_WHOLE
            return self.measure(int(plain) if whole else float(plain), unit, text)
        if self._is_blank(text):
            return self.missing()
        form = f"in plain figures, such as {self.example:.15g}"
        if _DECIMAL_COMMA.fullmatch(text):
            form = "with a decimal point, such as 92.5, not with a decimal comma"
        elif _THOUSANDS.fullmatch(text):
            form = "without marks between the thousands, such as 1200"
        raise self._fault(f"must be a number {form}", text)

    def value(self, given: object, unit: str = "") -> Reading:
        """Read a number from JSON."""
        if given is None and not self.required:
            return BLANK
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise self._fault("must be a number", kind_of(given))
        return self.measure(given, unit)

    def measure(self, number: int | float, unit: str = "", text: str = "") -> Reading:
        """Return the reading of a number, which may have been given as a text."""
        unit = unit or self.unit
        factor, low, high = self._scales[unit]
        # Compared before the conversion, because an integer in JSON may be too large for a float.
        if low <= number <= high:
            return Reading(number, unit, float(number) * factor)
        raise self._fault(f"must be between {self.limits_in_words(unit, 'and')}", text or number)

    def column(self, texts: Sequence[str], units: Sequence[str] = ()) -> Floats | None:
        """Read texts at once, each in its unit, or all in the only one; None if one of them is not taken."""
        try:
            return self._scaled(self._floats(texts), units)
        except ValueError:
            return None

    def values(self, given: Sequence[object], units: Sequence[str] = ()) -> Floats | None:
        """Read values from JSON at once, as `column` reads texts."""
        if not {int, float, type(None)}.issuperset(map(type, given)):
            return None
        try:
            return self._scaled(np.array(given, dtype=np.float64), units)
        except OverflowError:
            return None

    def _scaled(self, given: Sequence[float] | Floats, units: Sequence[str]) -> Floats | None:
        """Return numbers in the first unit; None if one is beyond the limits or has an unknown unit."""
        numbers = np.asarray(given)
        try:
            distinct = set(units) or {""}
            scales = [self._scales[unit] for unit in (distinct if len(distinct) == 1 else units)]
        except (KeyError, TypeError):
            return None
        factors, lows, highs = np.array(scales, dtype=np.float64).T
        good = (lows <= numbers) & (numbers <= highs)
        if not self.required:
            good |= np.isnan(numbers)
        return numbers * factors if good.all() else None

    def _floats(self, texts: Sequence[str]) -> list[float]:
        """Return the numbers that texts stand for, NaN for blanks; raise ValueError as `read` raises."""
        if _PLAIN.fullmatch("".join(texts)):
            with suppress(ValueError):  # for a blank, too
                return list(map(float, texts))
        numbers = {text: self._float(text.strip()) for text in set(texts)}
        return [numbers[text] for text in texts]

    def _float(self, text: str) -> float:
        if NUMBER.fullmatch(text):
            return float(text.replace(",", ""))
        if self.required or text.lower() not in BLANKS:
            raise ValueError(text)
        return nan

    @cached_property
    def _scales(self) -> dict[str, tuple[float, float, float]]:
        """The factor and the limits by unit; those of "" are the first unit's."""
        scales = {unit: (self.factor(unit), *limits) for unit, limits in self.limits.items()}
        return {"": scales[self.unit], **scales}


class Choice(Feature, frozen=True, kw_only=True, tag="choice"):
    """One of several words; to XGBoost a category.

    Attributes:
        choices: the label of each for people, by its key in data and JSON.
        example: one of the keys.
    """

    choices: Annotated[dict[str, str], Meta(min_length=2)]
    example: str = ""

    @property
    def _form(self) -> str:
        return f"as {self._keys}"

    @cached_property
    def _keys(self) -> str:
        keys = [f'"{key}"' for key in self.choices]
        return listed(keys, "or") if len(keys) <= 12 else f"one of its choices, such as {listed(keys[:3])}"

    @cached_property
    def codes(self) -> dict[str, int]:
        """Return the number of each choice by its key."""
        return {key: code for code, key in enumerate(self.choices)}

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        """The key by each text that stands for it, in lower case: its label and itself."""
        labels = {label.casefold(): key for key, label in self.choices.items()}
        return labels | {key.casefold(): key for key in self.choices}

    def _words(self, reading: Reading) -> str:
        return self.choices[str(reading.value)]

    def read(self, text: str, _unit: str = "") -> Reading:
        """Read a choice from text: its key or its label, in upper or lower case."""
        text = text.strip()
        key = text if text in self.codes else self._spellings.get(text.casefold())
        if key is not None:
            return Reading(key, "", float(self.codes[key]))
        if self._is_blank(text):
            return self.missing()
        raise self._unknown(text)

    def value(self, given: object, _unit: str = "") -> Reading:
        """Read a choice from JSON: its key."""
        if given is None and not self.required:
            return BLANK
        if not isinstance(given, str):
            raise self._fault("must be a string", kind_of(given))
        if given not in self.codes:
            raise self._unknown(given)
        return Reading(given, "", float(self.codes[given]))

    def column(self, texts: Sequence[str], _units: Sequence[str] = ()) -> Floats | None:
        """Read texts at once; None if one of them is neither a key nor a usual blank."""
        return _looked_up(texts, self._usual_texts)

    @cached_property
    def _usual_texts(self) -> dict[str, float]:
        blanks = [text for text in ("", "NA") if text.casefold() not in self._spellings]
        return dict.fromkeys(() if self.required else blanks, nan) | self.codes

    def values(self, given: Sequence[object], _units: Sequence[str] = ()) -> Floats | None:
        """Read values from JSON at once; None if one of them is not taken."""
        return _looked_up(given, self.codes if self.required else {None: nan} | self.codes)

    def _unknown(self, given: str) -> FeatureError:
        return self._fault(f"must be {self._keys}", given, self._spellings)


class YesNo(Feature, frozen=True, kw_only=True, tag="yes_no"):
    """Yes or no; `true` and `false` in JSON.

    Attributes:
        example: a typical answer, for the document.
    """

    example: bool = True
    _form: ClassVar[str] = "as yes or no"

    def read(self, text: str, _unit: str = "") -> Reading:
        """Read a yes or a no from text, also written as true, y or 1 and false, n or 0."""
        text = text.strip()
        word = text.casefold()
        if word in YES:
            return Reading(True, "", 1.0)
        if word in NO:
            return Reading(False, "", 0.0)
        if self._is_blank(text):
            return self.missing()
        raise self._fault("must be yes or no", text)

    def value(self, given: object, _unit: str = "") -> Reading:
        """Read true or false from JSON."""
        if given is None and not self.required:
            return BLANK
        if not isinstance(given, bool):
            raise self._fault("must be true or false", kind_of(given))
        return Reading(given, "", float(given))

    def column(self, texts: Sequence[str], _units: Sequence[str] = ()) -> Floats | None:
        """Read texts at once; None if one of them is neither a word in lower case nor a usual blank."""
        blanks = {} if self.required else {"": nan, "NA": nan}
        return _looked_up(texts, blanks | dict.fromkeys(YES, 1.0) | dict.fromkeys(NO, 0.0))

    def values(self, given: Sequence[object], _units: Sequence[str] = ()) -> Floats | None:
        """Read values from JSON at once; None if one of them is not taken."""
        if not {bool, type(None)}.issuperset(map(type, given)):
            return None  # 1 and 0 would be looked up as true and false
        return _looked_up(given, {True: 1.0, False: 0.0} | ({} if self.required else {None: nan}))


def _looked_up(given: Sequence[object], numbers: Mapping[Any, float]) -> Floats | None:
    try:
        return np.array(list(map(numbers.__getitem__, given)), dtype=np.float64)
    except (KeyError, TypeError):  # TypeError: an array or an object is no key
        return None


AnyFeature = Number | Choice | YesNo
