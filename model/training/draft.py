"""A first ``problem.toml`` for a CSV, to be corrected by a person but good enough to train with as it is."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from unicodedata import combining, normalize

import numpy as np
import pandas as pd

from model.arrays import Floats
from model.problem.checks import MAX_CLASSES, MAX_FEATURES, name_fault
from model.problem.features import BLANKS, NO, NUMBER, YES, with_point
from model.problem.table import plain_name
from model.problem.wording import figure, plural, shown
from model.training.dataset import MIN_ROWS, DatasetError, read_table

MOST_CHOICES = 20
"""A column with more different texts is taken for names or notes, which a model can't learn from."""

FEW_NUMBERS = 6
"""So few different whole numbers may be codes of choices, and beside words they are taken for choices."""

MOST = 1e37
"""Larger numbers are not taken for numbers; XGBoost holds up to 3e38, and limits are wider."""

UNITS = frozenset({
    "mm", "cm", "km", "g", "mg", "kg", "lb", "oz", "ml", "ft", "sqft", "m2", "mph", "usd", "eur",
})  # fmt: skip
"""The units that are recognised at the end of a column's name; others are words too often."""

_FIGURES = re.compile(r"([0-9]+)")
_SIGNS = "$€£¥% "
_SURELY_DECIMAL = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+,\d+|\d+,(?:\d{1,2}|\d{4,}))")
"""A decimal comma that can't stand between thousands."""
_LEADING_ZERO = re.compile(r"0\d\d")
"""How a code begins; the hour 05 is a number."""
_NEXT_WORD = re.compile(r"(?<=[a-z]{2})(?=[A-Z])|(?<=[A-Za-z0-9])(?=[A-Z][a-z])")
"""Where a word begins in a name such as BodyMassKg or BMIValue, but not in pH."""

Texts = Mapping[str, int]
"""How many rows have each text of a column."""


def draft(path: Path, target: str) -> tuple[str, list[str]]:
    """Describe the problem of predicting a column of a CSV from the others.

    Returns:
        The text of a problem file, and the columns that are left out; comments in the text say why.

    Raises:
        DatasetError: The file cannot be read; it does not have the column once; the column has too few or
            too many different values; no other column can be a feature.
    """
    table, decimal_comma = _read(path)
    columns = [plain_name(column) for column in table.columns]
    at = _place(path, list(table.columns), target)
    name, answers = _name(target), Counter(table.iloc[:, at])
    for sentence in _name_fault(target, name, ""):
        raise DatasetError(f"The column {target!r} of {path} can't be answered: {sentence}")
    classes = _labels(answers)
    is_yes_no = len(classes) == 2 and _is_yes_no(answers)
    if is_yes_no:
        classes = {key: "Yes" if key.casefold() in YES else "No" for key in classes}
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise DatasetError(
            f"The column {target!r} of {path} has {len(classes)} different values, and can be answered with "
            f"2 to {MAX_CLASSES}; name a column with a few classes."
        )
    words = name.replace("_", " ")
    lines = [
        f"# A first description of {shown(path.name)}. Correct the words, above all the questions;",
        "# model/README.md describes each member. What it was unsure of is said in comments.",
        "",
        f"title = {_text(words.removeprefix('is ').removeprefix('has ').capitalize())}",
        f"question = {_text(_question(target, _yes_no_question(words) if is_yes_no else f'Which {words}?'))}",
        'row = { name = "row", plural = "rows" }  # what a row is: a word that stands in many sentences',
        *(["decimal_comma = true"] if decimal_comma else []),
        *(['answer = { name = "answer", plural = "answers" }'] if is_yes_no else []),
        "",
        "[target]",
        f"name = {_text(name)}",
        f"plural = {_text('answers' if is_yes_no else plural(words))}",
        *_class_comments(answers),
        *(f"\n[target.classes.{_text(key)}]\nname = {_text(label)}" for key, label in classes.items()),
    ]
    features, left_out = 0, list[str]()
    for column, (_, texts) in zip(table.columns, table.items(), strict=True):
        if plain_name(column) == plain_name(target):
            continue
        counts = Counter(texts)
        pointed = Counter(with_point(text) or text for text in texts) if decimal_comma else counts
        counts = pointed if all(map(_is_number, _known(pointed))) else counts
        unusable = _unusable(_name(column), pointed, decimal_comma=decimal_comma)
        sentences = [*unusable, *_name_fault(column, _name(column), name)]
        if columns.count(plain_name(column)) > 1:
            sentences.append("the file has several columns of this name; keep one.")
        if not sentences and features == MAX_FEATURES:
            sentences.append(f"at most {MAX_FEATURES} features can be served.")
        if sentences:
            left_out.append(shown(column) or "one without a name")
            lines += ["", f"# The column {left_out[-1]} is left out: {' And '.join(sentences)}"]
        else:
            features += 1
            lines += ["", *_feature(column, counts, columns)]
    if not features:  # the last line is about the last column
        reason = lines[-1].removeprefix("# ") if len(columns) > 1 else f"It has no other than {target!r}."
        raise DatasetError(f"No column of {path} can be asked for. {reason}")
    return "\n".join(lines) + "\n", left_out


def _read(path: Path) -> tuple[pd.DataFrame, bool]:
    """Return the texts of a table, and whether its numbers have decimal commas."""
    table, separator = read_table(path)
    table = table.apply(lambda texts: texts.str.strip())
    return table, separator == ";" and any(map(_SURELY_DECIMAL.fullmatch, table.to_numpy().flat))


def _place(path: Path, columns: Sequence[str], target: str) -> int:
    """Return the position of the column to answer, or raise `DatasetError` if it is not there once."""
    plain = [plain_name(column) for column in columns]
    if times := plain.count(plain_name(target)):
        if times > 1:
            raise DatasetError(f"{path} has {times} columns {shown(target)}; keep one.")
        return plain.index(plain_name(target))
    more = [f"and {len(columns) - 20} more"] if len(columns) > 20 else []
    there = f"The columns of {path} are {', '.join([*map(shown, columns[:20]), *more])}."
    if not target:
        raise DatasetError(f"Name the column to answer, as --target COLUMN. {there}")
    near = get_close_matches(plain_name(target), plain, n=1)
    hint = f" Did you mean {shown(columns[plain.index(near[0])])}?" if near else ""
    raise DatasetError(f"There is no column {shown(target)}.{hint} {there}")


def _class_comments(answers: Texts) -> Iterator[str]:
    if {text for text in answers if text} == {"0", "1"}:
        yield "# 0 and 1 are taken for no and yes."
    if blanks := answers.get("", 0):
        rows = "row has" if blanks == 1 else "rows have"
        yield f"# {blanks:,} {rows} no answer; take them out of the file, for they can't be trained on."
    spelled = Counter[str]()
    for text, count in answers.items():
        spelled[text.casefold()] += count
    if rare := [shown(text) for text in _labels(answers) if spelled[text.casefold()] < MIN_ROWS]:
        few = ", ".join(rare[:5])
        yield f"# Each class needs {MIN_ROWS} rows; too few have {few}. Take them out, or merge them."


def _name_fault(column: str, name: str, target: str) -> Iterator[str]:
    if plain_name(name) != plain_name(column):
        yield "its name can't be written in letters of English and digits; rename it in the file."
    elif name in {target, "rows"} or name_fault(name):
        yield f"{name_fault(name) or 'its name is taken.'} Rename it in the file."


def _question(column: str, guess: str) -> str:
    """Return a column's name if it is a question, as in a survey's table, or else a guess."""
    return column.strip() if column.strip().endswith("?") else guess


def _yes_no_question(words: str) -> str:
    """Return a question for a name such as "is open", "has yard" or "churned"."""
    first, _, rest = words.partition(" ")
    begin = {"is": "Is it", "has": "Does it have"}.get(first)
    return f"{begin} {rest}?" if begin and rest else f"{words.capitalize()}?"


def _unusable(name: str, texts: Texts, *, decimal_comma: bool) -> Iterator[str]:
    """Yield why a column's values can't be learned from, in sentences; nothing where they can."""
    known = _known(texts)
    numbers = {text: count for text, count in known.items() if _is_number(text)}
    if len(numbers) == len(known):
        distinct = np.unique(_numbers(known))
        different, steps = len(distinct), np.diff(distinct)
        numbered = (steps == 1).all() or ((steps % 1 == 0).all() and f"_{name}".endswith("_id"))
        if different == sum(known.values()) > MOST_CHOICES and numbered:
            yield "it numbers the rows."
    else:
        different, rows = len(_labels(known)), sum(known.values())
        commas = [text for text in known if _SURELY_DECIMAL.fullmatch(text.strip(_SIGNS))]
        signs = [
            text
            for text in known
            if (bare := text.strip(_SIGNS)) != text and (_is_number(bare) or _SURELY_DECIMAL.fullmatch(bare))
        ]
        figures = {*numbers, *commas, *signs}
        words = [text for text in known if text not in figures]
        right = rows - sum(known[text] for text in words)
        codes = any(map(_LEADING_ZERO.match, words))
        if right > rows / 2 and len(known) - len(words) > FEW_NUMBERS and not codes:
            if commas and not decimal_comma:
                yield f"numbers have a point, not a comma as {shown(commas[0])!r} has; write them so."
            if signs:
                yield f"numbers stand without a sign as {shown(signs[0])!r} has; take it out of the file."
            if words:
                found = ", ".join(f"{shown(text)!r} ({known[text]:,})" for text in words[:3])
                yield f"it has {right:,} numbers, but also {found}; leave these cells empty."
        elif different > MOST_CHOICES or not all(map(str.isprintable, known)):
            odd = next(text for text in known if not _is_number(text))
            yield f"it has {different} different texts, such as {shown(odd)!r}."
    if different <= 1:
        yield "it has the same value in every row."


def _feature(header: str, texts: Texts, columns: Sequence[str]) -> Iterator[str]:
    """Yield the lines that describe a feature; `columns` are the plain names of all columns."""
    known, column = _known(texts), _name(header).replace("_sq_ft", "_sqft")
    name, _, unit = column.rpartition("_")
    if (
        unit not in UNITS
        or name.endswith(("_sq", "_cu", "_square", "_cubic", "_per"))
        or name_fault(name)
        or plain_name(name) in columns
        or not all(map(_is_number, known))
    ):
        name, unit = column, ""
    words = name.replace("_", " ")
    yield "[[features]]"
    yield f"name = {_text(name)}" + (f"  # the column {shown(header)}, without its unit" if unit else "")
    if _is_yes_no(known):
        yield 'kind = "yes_no"' + ("  # 0 and 1 are taken for no and yes" if {"0", "1"} == set(known) else "")
        yield f"question = {_text(_question(header, _yes_no_question(words)))}"
    elif all(map(_is_number, known)):
        numbers = _numbers(known)
        yield 'kind = "number"'
        if len(numbers) <= FEW_NUMBERS and (numbers % 1 == 0).all():
            yield '# If these are codes: kind = "choice", and instead of min, max, example and hint:'
            yield f"# {_choices(known)}"
        yield f"question = {_text(_question(header, f'What is the {words}?'))}"
        if unit:
            yield f"units = {{ {unit} = {{ label = {_text(unit)} }} }}"
        yield from _limits(np.repeat(numbers, list(known.values())), unit)
    else:
        yield 'kind = "choice"'
        yield f"question = {_text(_question(header, f'Which {words}?'))}"
        yield _choices(known)
    if blanks := sum(texts.values()) - sum(known.values()):
        yield f"required = false  # {blanks:,} rows are blank"


def _limits(numbers: Floats, unit: str) -> Iterator[str]:
    """Yield limits, rounded outwards beyond the numbers that occur, an example, and the range as a hint."""
    low, high, median = float(numbers.min()), float(numbers.max()), float(np.median(numbers))
    near, far = np.quantile(numbers, (0.01, 0.99)).tolist()
    # Where nearly all numbers are alike, their distance is no measure of the others.
    spread = far - near if far - near > (high - low) / 1e6 else high - low
    step = 10.0 ** math.floor(math.log10(spread))
    if low > 0 and high / low > 100 and median - near < (far - near) / 4:
        yield f"min = {10.0 ** math.floor(math.log10(low)):.15g}"
        yield f"max = {10.0 ** math.ceil(math.log10(high)):.15g}"
        yield f"example = {min(max(float(f'{median:.2g}'), low), high):.15g}"
        yield 'scale = "log"'
    else:
        margin = (high - low) / 4
        least = math.floor((low - margin) / step) * step
        yield f"min = {max(least, 0.0) if low >= 0 else least:.15g}"
        yield f"max = {math.ceil((high + margin) / step) * step:.15g}"
        yield f"example = {round(median / step * 10) * step / 10:.15g}"
    for name, value, limit, which in (("least", low, near, "from"), ("greatest", high, far, "up to")):
        if abs(value - limit) > 10 * (far - near) > 0:
            yield f"# 99 % of the rows are {which} {_figure(limit)}; is the {name}, {_figure(value)}, right?"
    seen = f"From {_figure(low)} to {_figure(high)}"
    if max(-low, high) < 10_000:
        seen = seen.replace(",", "")  # perhaps years
    yield f"hint = {_text(f'{seen} {unit}'.rstrip() + ' in the data.')}"


def _figure(number: float) -> str:
    return figure(float(f"{number:.5g}"))


def _choices(known: Texts) -> str:
    pairs = (f"{_text(key)} = {_text(label)}" for key, label in _labels(known).items())
    return f"choices = {{ {', '.join(pairs)} }}"


def _known(texts: Texts) -> dict[str, int]:
    """Return the texts that are not blank, the most frequent first."""
    found = sorted(texts.items(), key=lambda item: (-item[1], item[0]))
    return {text: count for text, count in found if text.lower() not in BLANKS}


def _is_yes_no(texts: Texts) -> bool:
    folded = {text.casefold() for text in texts if text}
    return folded <= YES | NO and bool(folded & YES and folded & NO)


def _is_number(text: str) -> bool:
    """Return whether a text is a number, and not a code such as 02139, which would lose its zero."""
    plain = text.replace(",", "")
    return bool(NUMBER.fullmatch(text)) and not _LEADING_ZERO.match(plain) and abs(float(plain)) < MOST


def _numbers(texts: Texts) -> Floats:
    return np.array([float(text.replace(",", "")) for text in texts])


def _labels(texts: Texts) -> dict[str, str]:
    """Return the name of each text for people, in order; of texts that differ in case the first stands."""
    found: dict[str, str] = {}
    for text in filter(None, texts):
        found.setdefault(text.casefold(), text)
    ordered = sorted(found.values(), key=_by_figures)
    words = {text: text.replace("_", " ").strip() or text for text in ordered}
    names = {text: f"{word[:1].upper()}{word[1:]}" for text, word in words.items()}
    times = Counter(name.casefold() for name in names.values())
    return {text: name if times[name.casefold()] == 1 else text for text, name in names.items()}


def _by_figures(text: str) -> list[tuple[int, str]]:
    """Return a key that sorts "2 years" before "10 years": figures by their length first, of any length."""
    parts = enumerate(_FIGURES.split(text))
    return [(len(part.lstrip("0")), part.lstrip("0")) if at % 2 else (0, part) for at, part in parts]


def _name(column: str) -> str:
    """Return a column's name as a member of JSON, without its accents."""
    letters = "".join(c for c in normalize("NFKD", column) if not combining(c))
    return re.sub(r"[^a-z0-9]+", "_", _NEXT_WORD.sub("_", letters).casefold()).strip("_")


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
