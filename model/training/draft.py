"""A first ``problem.toml`` for a CSV, to be corrected by a person but good enough to train with as it is."""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from model.problem.checks import MAX_CHOICES, MAX_CLASSES, RESERVED
from model.problem.features import BLANKS, NO, YES
from model.problem.wording import plural
from model.training.dataset import MIN_ROWS, DatasetError, read_table

MOST_CHOICES = 20
"""A column with more different texts is taken for names or notes, which a model can't learn from."""


def draft(path: Path, target: str) -> str:
    """Describe the problem of predicting a column of a CSV from the others.

    Raises:
        DatasetError: the file cannot be read or lacks the column, or the column has one value only or
            more than ``MAX_CLASSES``.
    """
    table = read_table(path)
    if target not in table.columns:
        raise DatasetError(f"{path} has no column {target!r}; it has {', '.join(table.columns)[:200]}.")
    table = table.map(lambda text: "" if text.strip().lower() in BLANKS else text.strip())
    classes = table[target][table[target] != ""].value_counts()
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise DatasetError(
            f"The column {target!r} of {path} has {len(classes)} different values, and can be answered with "
            f"2 to {MAX_CLASSES}; name a column with a few classes."
        )
    name = _name(target)
    lines = [
        f"# A first description of {path.name}. Correct the words, above all the questions; model/README.md",
        "# describes each member. What it was unsure of is said in comments.",
        "",
        f"title = {_text(_words(target).capitalize())}",
        f"question = {_text(f'Which {_words(target)}?')}",
        'row = { name = "row", plural = "rows" }',
        "",
        "[target]",
        f"name = {_text(name)}",
        f"plural = {_text(plural(_words(target)))}",
        *(f"\n[target.classes.{_key(key)}]\nname = {_text(_label(key))}" for key in sorted(classes.index)),
    ]
    if (table[target] == "").any():
        lines.append("\n# Rows without a target can't be trained on: take them out of the file.")
    if classes.min() < MIN_ROWS:
        lines.append(f"\n# Each class needs {MIN_ROWS} rows; {classes.index[-1]} has {classes.min()}.")
    for column in table.columns:
        if column != target:
            lines += ["", *_feature(column, table[column], name)]
    return "\n".join(lines) + "\n"


def _feature(column: str, texts: "pd.Series[str]", target: str) -> Iterator[str]:
    known = texts[texts != ""]
    distinct = known.unique()
    name = _name(column)
    why_not = _unusable(known, name, target)
    if why_not:
        yield f"# The column {column} is left out: {why_not}"
        return
    numbers = pd.to_numeric(known.str.replace(",", ""), errors="coerce")
    yield "[[features]]"
    yield f"name = {_text(name)}"
    lower = {text.lower() for text in distinct}
    if lower <= YES | NO and not lower <= {"0", "1"} - {"0"}:
        yield 'kind = "yes_no"' + ("  # 0 and 1 are taken for no and yes" if lower == {"0", "1"} else "")
        yield f"question = {_text(_words(column).capitalize() + '?')}"
    elif numbers.notna().all():
        few = len(distinct) <= 6 and (numbers % 1 == 0).all()
        yield 'kind = "number"' + (
            "  # few whole numbers: if they are codes, make it a choice" if few else ""
        )
        yield f"question = {_text(f'What is the {_words(column)}?')}"
        yield from _limits(numbers)
    else:
        yield 'kind = "choice"'
        yield f"question = {_text(f'Which {_words(column)}?')}"
        pairs = ", ".join(f"{_key(text)} = {_text(_label(text))}" for text in sorted(distinct))
        yield f"choices = {{ {pairs} }}"
    if len(known) < len(texts):
        yield f"required = false  # {len(texts) - len(known):,} rows are blank"


def _unusable(known: "pd.Series[str]", name: str, target: str) -> str:
    """Return why a column can't be a feature, in a sentence; an empty text where it can."""
    distinct = known.nunique()
    numeric = pd.to_numeric(known.str.replace(",", ""), errors="coerce").notna()
    if distinct < 2:
        return "it has the same value in every row."
    if name in RESERVED or name == target:
        return f"its name {name!r} is one of the API's own; rename it in the file."
    if numeric.all():
        return ""
    if distinct > min(MOST_CHOICES, MAX_CHOICES):
        example = known[~numeric].iloc[0]
        return f"it has {distinct} different texts, such as {example[:40]!r}."
    return ""


def _limits(numbers: "pd.Series[float]") -> Iterator[str]:
    """Yield limits, rounded outwards beyond the numbers that occur, and an example."""
    low, high = float(numbers.min()), float(numbers.max())
    margin = (high - low) / 4
    step = 10.0 ** math.floor(math.log10(high - low))
    least = math.floor((low - margin) / step) * step
    if low >= 0:
        least = max(least, 0.0)
    greatest = math.ceil((high + margin) / step) * step
    yield f"min = {least:.10g}"
    yield f"max = {greatest:.10g}"
    yield f"example = {float(f'{numbers.median():.3g}'):.10g}"
    if low > 0 and high / low > 50 and least > 0:
        yield 'scale = "log"'


def _name(column: str) -> str:
    """Return a column's name as a member of JSON."""
    name = re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")[:40]
    return name if name[:1].isalpha() else f"column_{name}"[:40]


def _words(column: str) -> str:
    return re.sub(r"[\s_-]+", " ", column).strip().lower()


def _label(text: str) -> str:
    words = text.replace("_", " ")
    return words[:1].upper() + words[1:]


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _text(text)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
