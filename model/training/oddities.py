"""What is odd about rows that pass every check, and what it probably is: a sentence for each."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from model.arrays import Floats, Integers, Mask, Matrix
from model.manifest import Manifest
from model.problem.features import Number
from model.problem.wording import figure
from model.training.dataset import Dataset
from model.training.pipeline import Trained

FEWEST = 10
"""Fewer odd rows are not worth a warning."""

SIGNIFICANT = 4.0
"""So many standard errors are not taken for chance: one in 16,000 samples is beyond."""

STEPS = 20
"""The steps in which a histogram goes from a number to the same number in another unit."""


def oddities(data: Dataset, trained: Trained, last: Manifest | None) -> list[str]:
    """Return what is odd about the rows of a model, one sentence each; ``last`` is the model in place."""
    found = [*_copies(data, trained), *(_shares(data, last) if last else ())]
    for number, column in zip(data.problem.features, data.matrix.T, strict=True):
        if isinstance(number, Number):
            found += [*_placeholders(data, number, column), *_other_units(data, number, column)]
            found += [*_thousands(data, number, column), *_against_monotone(data, number, column)]
            found += _moved(number, column, last) if last else ()
    return [f"In {data.file}, {sentence}" for sentence in found]


def _rows(data: Dataset, odd: Mask) -> str:
    """Return how many rows are odd, and the lines of the first three."""
    lines = data.lines[odd]
    return f"{len(lines):,} rows (lines {', '.join(map(str, lines[:3]))}, ...)"


def _placeholders(data: Dataset, number: Number, column: Floats) -> Iterator[str]:
    """Yield the values that probably stand for "unknown", such as 99999 or -1.

    Such a value is the greatest or the least. Either it is farther from nearly all others than these are from
    each other, or it occurs three times as often as any other, with a gap beside it. Beside a round number
    and a small whole one, such as hours, there is no gap.
    """
    distinct, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    if len(distinct) < FEWEST + 2:
        return
    low, high = np.quantile(column[(column > distinct[0]) & (column < distinct[-1])], (0.01, 0.99))
    often = 3 * counts[1:-1].max()
    for (value, *beside), count in (
        (distinct[: FEWEST + 1], counts[0]),
        (distinct[: -FEWEST - 2 : -1], counts[-1]),
    ):
        far = max(low - value, value - high) > high - low
        step = max(5 * np.median(np.abs(np.diff(beside))), (high - low) / 50)
        gap = abs(value - beside[0]) > step or value < 0 <= beside[0]
        if count >= FEWEST and (far or (gap and count >= often)):
            blanks = ", and allow blanks: required = false" if number.required else ""
            yield (
                f"{_rows(data, column == value)} have the {number.name} {number.figure(value)}; does it "
                f'stand for "unknown"? Then leave the cells empty{blanks}.'
            )


def _mistaken(number: Number) -> Iterator[tuple[str, str, float]]:
    """Yield each unit with one that it can be taken for, and how many times greater the number then is."""
    for key in list(number.units)[1:]:
        own, other = number.units[number.unit], number.units[key]
        yield other.label, own.label, 1 / other.factor
        yield own.label, other.label, other.factor


def _other_units(data: Dataset, number: Number, column: Floats) -> Iterator[str]:
    """Yield the rows that are probably in another unit than most, such as m² among square feet.

    They are a second hump. Factors below 5 are passed over, and numbers so wide that humps would overlap.
    """
    logs = np.log(column, out=np.full(len(column), np.nan), where=column > 0)
    for unit, rest, factor in _mistaken(number):
        apart = float(np.log(factor))
        if abs(apart) < np.log(5) or np.isnan(logs).all():
            continue
        odd = _second_hump(logs, apart)
        if not max(FEWEST, len(column) / 100) <= odd.sum() <= len(column) / 2:
            continue
        wide = 2 * np.ptp(np.nanquantile(logs[~odd], (0.25, 0.75))) > abs(apart)
        if not wide and pd.Series(column[odd]).value_counts().iloc[0] <= odd.sum() / 4:
            times = f"{figure(round(np.exp(abs(apart))))} times {'greater' if apart > 0 else 'smaller'}"
            yield (
                f"{_rows(data, odd)} have a {number.name} about {times} than the others; are they in {unit}, "
                f"and the others in {rest}?"
            )


def _second_hump(logs: Floats, apart: float) -> Mask:
    """Return which values are in a hump of the histogram, about so far from the highest, behind a valley.

    The valley must be lower than the hump by a quarter, and by two and a half standard errors.
    """
    steps = (logs - np.nanmin(logs)) / abs(apart) * STEPS + 2 * STEPS
    counts = np.bincount(steps[~np.isnan(steps)].astype(np.int64))
    density = np.convolve(np.pad(counts, (0, 2 * STEPS)), np.ones(STEPS // 4), "same")
    sign, top = int(np.sign(apart)), int(density.argmax())
    path = density[top + sign * np.arange(STEPS + STEPS // 5)]
    hump = int(path[STEPS - STEPS // 5 :].argmax()) + STEPS - STEPS // 5
    valley = int(path[:hump].argmin())
    depth = path[hump] - path[valley]
    behind = valley if depth > max(path[hump] / 4, 2.5 * (path[hump] + path[valley]) ** 0.5) else np.inf
    return np.asarray(sign * (steps - 0.5 - top) > behind)


def _thousands(data: Dataset, number: Number, column: Floats) -> Iterator[str]:
    """Yield the numbers such as 1.824, if their points probably divide thousands, as in German.

    They have three decimals or, after a last digit of 0, fewer. The others are whole numbers below 1,000,
    of which there are more than the one in a thousand that three decimals would give by chance.
    """
    known = column[~np.isnan(column)]
    pointed = np.abs(known[known % 1 != 0])
    whole = len(known) - len(pointed)
    thousandths = np.round(pointed * 1000)
    if (
        len(pointed) >= FEWEST
        and whole >= max(FEWEST, len(known) / 100)
        and np.abs(known).max() < 1000
        and pointed.min() >= 1
        and np.allclose(pointed * 1000, thousandths, rtol=0, atol=1e-6)
        and (thousandths % 10 != 0).mean() > 1 / 2
    ):
        yield (
            f"{_rows(data, np.isin(np.abs(column), pointed))} have a {number.name} such as {pointed[0]:.3f}, "
            "beside whole numbers; do the points divide thousands? Then take them out of the file."
        )


def _against_monotone(data: Dataset, number: Number, column: Floats) -> Iterator[str]:
    """Yield that the rank correlation of a number with the later of two classes is what monotone denies."""
    if not number.monotone or len(data.problem.classes) > 2:
        return
    table = pd.DataFrame({"number": column, "later": data.labels}).dropna()
    correlation = float(table.rank().corr().to_numpy()[0, 1])
    wrong = -correlation if number.monotone == "increasing" else correlation
    if wrong * len(table) ** 0.5 > SIGNIFICANT:
        yield (
            f"as {number.name} rises, {data.problem.row.plural} are {data.problem.classes[1].key} "
            f"{'more' if correlation > 0 else 'less'} often (rank correlation {correlation:.2f} in "
            f'{len(table):,} rows), but monotone = "{number.monotone}" is declared; are labels swapped?'
        )


def _moved(number: Number, column: Floats, last: Manifest) -> Iterator[str]:
    """Yield that the median is not in the middle half of the deciles of what the last model was fitted to."""
    pairs = zip(last.problem.features, last.features, strict=True)
    former = {feature.column_name: stats for feature, stats in pairs}.get(number.column_name)
    median = float(np.nanmedian(column))
    if former is None or not former.quantiles:
        return
    # The quantiles that are equal are given once: the rows up to each say how many they are.
    shares = np.cumsum(former.part_rows[:-1]) / sum(former.part_rows)
    low, middle, high = np.interp((0.25, 0.5, 0.75), shares, former.quantiles).tolist()
    if low <= median <= high:
        return
    hint = "is it in another unit, or is this another population?"
    for unit, header, factor in _mistaken(number):
        if abs(median / factor - middle) < abs(middle) / 4:
            hint = f"is it in {unit}, under a header of {header}?"
    yield (
        f"the median of {number.name} is {number.rounded(median)} ({len(column):,} rows), and was "
        f"{number.rounded(middle)} for the model in place; {hint}"
    )


def _shares(data: Dataset, last: Manifest) -> Iterator[str]:
    """Yield the classes whose share is greater than for the model in place by a tenth, and beyond chance."""
    rows, before = len(data.labels), sum(last.data.rows.values())
    for key, count in zip(data.problem.by_key, np.bincount(data.labels).tolist(), strict=True):
        share, former = count / rows, last.data.rows.get(key, 0) / before
        error = (former * (1 - former) * (1 / rows + 1 / before)) ** 0.5
        if former and share - former > max(0.1, SIGNIFICANT * error):
            yield (
                f"{share:.0%} of the {rows:,} rows are {key}, and {former:.0%} were for the model in place; "
                "are labels swapped, or is this another population?"
            )


def _copies(data: Dataset, trained: Trained) -> Iterator[str]:
    """Yield the copies that contradict each other, and those of held-out rows among the fitted ones."""
    chance = _equal_by_chance(data.matrix)
    if chance > len(data.matrix) / 5:
        return
    features, rows = _hashes(data.matrix), _hashes(data.matrix, data.labels)
    if features.nunique() < len(features) / 2:
        return
    once = features[~rows.duplicated()]
    odd = features.isin(once[once.duplicated()]).to_numpy()
    if odd.sum() > max(FEWEST, 5 * chance):
        yield (
            f"{_rows(data, odd)} have the same features as another row, "
            f"and another {data.problem.target.words}; which is right?"
        )
    held = _hashes(trained.held_matrix, trained.held_labels)
    both = held[held.map(held.value_counts()) < held.map(rows.value_counts())]
    if len(both) > max(FEWEST, 2 * chance):
        yield (
            f"{len(both):,} of the {len(held):,} rows held out are copies of fitted ones, among "
            f"{_rows(data, rows.isin(both).to_numpy())}; the model is worse than measured."
        )


def _equal_by_chance(matrix: Matrix) -> float:
    """Estimate how many pairs of rows are equal by chance, as if the features were independent."""
    sample = matrix[:: 1 + len(matrix) // 20_000]
    pairs = len(matrix) ** 2 / 2
    for column in sample.T:
        counts = pd.Series(column).value_counts(dropna=False).to_numpy()
        pairs *= ((counts * (counts - 1)).sum() + 1) / (len(sample) * (len(sample) - 1))
    return float(pairs)


def _hashes(*columns: Floats | Integers) -> "pd.Series[int]":
    return pd.util.hash_pandas_object(pd.DataFrame(np.column_stack(columns)), index=False)
