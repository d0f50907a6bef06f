"""The plots of an artifact."""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np

from model.arrays import Floats, Labels, Matrix
from model.manifest import CalibrationBin, Manifest
from model.problem.features import AnyFeature, Choice, Number
from model.problem.scales import round_numbers
from model.step_function import StepFunction
from model.training.simulation import best_probabilities
from model.training.svg import WIDTH, Drawing, Point, Scale, colour, linear, logarithmic

PROBABILITY, CALIBRATION, IMPORTANCE = "probability.svg", "calibration.svg", "importance.svg"

LEFT, RIGHT = 64, WIDTH - 24
CHARACTER_WIDTH = 8
"""Of a label, on average, in units of the `viewBox`."""
MOST_COLUMNS = 48
"""The most columns of a histogram."""
MOST_BARS = 20
"""The most choices that have bars of their own; of more, the rarest are drawn as one."""


def feature_plot_name(feature: AnyFeature) -> str:
    """Return the file name of the plot of a feature."""
    return f"feature-{feature.name}.svg"


def draw(manifest: Manifest, steps: StepFunction | None, matrix: Matrix, labels: Labels) -> dict[str, bytes]:
    """Draw the plots of a model, which may be a step function, and of its fitted rows, by file name."""
    problem = manifest.problem
    drawn = {CALIBRATION: calibration_plot(manifest.metrics.calibration, len(problem.classes))}
    if steps:
        drawn[PROBABILITY] = probability_plot(manifest, steps, matrix[:, 0], labels)
    elif len(problem.features) > 1:
        drawn[IMPORTANCE] = importance_plot(manifest)
    for feature, values in zip(problem.features, matrix.T, strict=True):
        drawn[feature_plot_name(feature)] = (
            number_plot(manifest, feature, values, labels)
            if isinstance(feature, Number)
            else choice_plot(manifest, feature, values, labels)
        )
    return drawn


def probability_plot(manifest: Manifest, steps: StepFunction, values: Floats, labels: Labels) -> bytes:
    """Plot each class's probability against the only number, above the densities of the fitted rows."""
    problem, rows = manifest.problem, _rows(manifest)
    (number,) = problem.numbers
    names = [entry.name for entry in problem.classes]
    drawing = Drawing(
        f"How probable each {problem.target.words} is",
        f"The probability of {', '.join(names)} by the {number.short}; below, how common such {rows} are.",
    )
    top = _legend(drawing, names)
    bottom = top + 312
    edges = _edges(number, values)
    low, high = float(edges[0]), float(edges[-1])
    x, y = _scale(number, edges), linear(0, 1, bottom, top)
    _share_axis(drawing, y)
    _number_axis(drawing, number, edges, bottom)
    grid = _spaced(number, low, high, 160)
    to_even = np.log if number.scale == "log" else np.asarray
    densities = [
        _density(np.asarray(to_even(values[labels == k])), np.asarray(to_even(grid)))
        for k in range(len(names))
    ]
    tallest = max(float(density.max()) for density in densities)
    for k, density in enumerate(densities):
        shape = [(x(value), y(0.32 * height / tallest)) for value, height in zip(grid, density, strict=True)]
        drawing.area([(x(low), bottom), *shape, (x(high), bottom)], colour(k), 0.22)
    for k in range(len(names)):
        drawing.curve(
            [(x(value), y(share)) for value, share in _staircase(steps, k, low, high)], stroke=colour(k)
        )
    if manifest.data.simulated:
        best = best_probabilities(grid)[:, -1]
        drawing.curve([(x(value), y(share)) for value, share in zip(grid, best, strict=True)], kind="note")
        drawing.line((LEFT, bottom + 67), (LEFT + 34, bottom + 67), kind="note")
        drawing.text(LEFT + 42, bottom + 72, f"best possible for {names[-1]}; shaded: the {rows}")
    else:
        drawing.text(LEFT, bottom + 72, f"shaded: the {rows}")
    return drawing.encode(bottom + 88)


def calibration_plot(bins: Sequence[CalibrationBin], classes: int) -> bytes:
    """Plot the reliability curve: how often the answer is right, by its probability, with 95 % intervals."""
    drawing = Drawing(
        "When it says 80 %, is it right 80 % of the time?",
        "Dots on the dashed line mean yes. "
        + " ".join(f"Said {each.mean_predicted:.0%}, right {each.fraction_positive:.0%}." for each in bins),
    )
    top, bottom = 56, 396
    low = math.floor(10 / classes) / 10
    floor = min(low, math.floor(5 * min(each.low for each in bins)) / 5)
    x, y = linear(low, 1, LEFT, RIGHT), linear(floor, 1, bottom, top)
    _share_axis(drawing, y, floor)
    for tenth in range(round(low * 10), 11):
        drawing.text(x(tenth / 10), bottom + 24, f"{tenth * 10} %", anchor="middle")
    drawing.text((LEFT + RIGHT) / 2, bottom + 50, "probability of the answer", anchor="middle")
    drawing.text(RIGHT, bottom - 12, "vertical: how often it was right; bars: 95 % intervals", anchor="end")
    drawing.line((x(low), y(low)), (x(1), y(1)), kind="note")
    for each in bins:
        at = x(each.mean_predicted)
        drawing.line((at, y(each.low)), (at, y(each.high)), stroke=colour(1))
        drawing.dot(at, y(each.fraction_positive), colour(1))
    return drawing.encode(460)


def importance_plot(manifest: Manifest) -> bytes:
    """Plot the mean absolute SHAP value of each feature, the largest first."""
    weights = importances(manifest)
    drawing = Drawing(
        "What the answers depend on",
        "Mean absolute SHAP value, in log-odds: "
        + ", ".join(f"{feature.axis} {weight:.2f}" for feature, weight in weights),
    )
    most = max(weights[0][1], 1e-9)
    bars = [(feature.axis, [(weight / most, colour(1))], f"{weight:.2f}") for feature, weight in weights]
    return drawing.encode(_bars(drawing, 56, bars) + 20)


def importances(manifest: Manifest) -> list[tuple[AnyFeature, float]]:
    """Return the features with their mean absolute SHAP values, the largest first; none if there is one."""
    weights = [
        (feature, stats.importance)
        for feature, stats in zip(manifest.problem.features, manifest.features, strict=True)
        if stats.importance is not None
    ]
    return sorted(weights, key=lambda pair: -pair[1])


def number_plot(manifest: Manifest, number: Number, values: Floats, labels: Labels) -> bytes:
    """Plot a histogram of a number of the fitted rows for each class, each as high as the others."""
    names = [entry.name for entry in manifest.problem.classes]
    height = 132
    drawing = _feature_drawing(manifest, number, f"Histograms for {', '.join(names)}.")
    edges = _edges(number, values)
    x = _scale(number, edges)
    of_class = [values[labels == k] for k in range(len(names))]
    counts = [np.histogram(found[~np.isnan(found)], edges)[0] for found in of_class]
    for k, (name, found, count) in enumerate(zip(names, of_class, counts, strict=True)):
        ground = 30 + height * (k + 1)
        y = linear(0, max(int(count.max()), 1), ground, ground - height + 70)
        for (start, end), rows in zip(pairwise(edges), count, strict=True):
            if rows:
                drawing.bar((x(start) + 0.5, y(rows)), (x(end) - 0.5, ground), colour(k))
        words = f"{len(found):,} {manifest.problem.row.plural}"
        at, anchor = LEFT, "start"
        if count.any():
            median = float(np.nanmedian(found))
            drawing.line((x(median), ground), (x(median), ground - height + 26), kind="note")
            words += f", median {number.figure(float(f'{median:.4g}'))}"
            # The label goes on the side away from the median, where there are few rows.
            at, anchor = (RIGHT, "end") if x(median) < (LEFT + RIGHT) / 2 else (LEFT, "start")
        if blanks := int(np.isnan(found).sum()):
            words += f", {blanks:,} not given"
        for row, line in enumerate((_cut(name, 60), words)):
            drawing.text(at, ground - height + 40 + 19 * row, line, anchor=anchor)
        drawing.line((LEFT, ground), (RIGHT, ground), kind="axis")
    bottom = 30 + height * len(names)
    _number_axis(drawing, number, edges, bottom)
    return drawing.encode(bottom + 64)


def choice_plot(manifest: Manifest, feature: AnyFeature, values: Floats, labels: Labels) -> bytes:
    """Plot how the fitted rows of each choice, and those without one, are divided among the classes."""
    names = [entry.name for entry in manifest.problem.classes]
    options = list(feature.choices.values()) if isinstance(feature, Choice) else ["No", "Yes"]
    codes = np.where(np.isnan(values), len(options), values).astype(np.int64)
    counts = np.bincount(codes * len(names) + labels, minlength=(len(options) + 1) * len(names))
    *groups, blank = zip([*options, "not given"], counts.reshape(-1, len(names)), strict=True)
    if len(groups) > MOST_BARS:
        groups.sort(key=lambda group: -int(group[1].sum()))
        rest = groups[MOST_BARS:]
        groups = [*groups[:MOST_BARS], (f"{len(rest)} others", np.sum([count for _, count in rest], axis=0))]
    drawing = _feature_drawing(manifest, feature, f"Shares of {', '.join(names)} for each answer.")
    bars = [
        (name, [(rows / max(count.sum(), 1), colour(k)) for k, rows in enumerate(count)], f"{count.sum():,}")
        for name, count in (*groups, *([blank] if blank[1].any() else []))
    ]
    return drawing.encode(_bars(drawing, _legend(drawing, names), bars) + 20)


def _rows(manifest: Manifest) -> str:
    return f"{'simulated' if manifest.data.simulated else 'training'} {manifest.problem.row.plural}"


def _feature_drawing(manifest: Manifest, feature: AnyFeature, description: str) -> Drawing:
    title = f"The {_rows(manifest)}, by {manifest.problem.target.words}: {feature.short}"
    return Drawing(_cut(title, 72), description)


def _legend(drawing: Drawing, names: Sequence[str]) -> int:
    """Draw the classes' colours, in as many lines as they need; return the y below them."""
    at, line = LEFT, 52
    for k, name in enumerate(_cut(name, 60) for name in names):
        width = 28 + 8 * len(name)
        if at + width > RIGHT:
            at, line = LEFT, line + 22
        drawing.line((at, line), (at + 22, line), stroke=colour(k))
        drawing.text(at + 28, line + 5, name)
        at += width + 24
    return line + 32


def _bars(drawing: Drawing, top: int, bars: Sequence[tuple[str, list[tuple[float, str]], str]]) -> int:
    """Draw horizontal bars below a y; return the y below them.

    Each has a name, parts of a length from 0 to 1 and a colour, and a text at its end.
    """
    names = [_cut(name, 24) for name, _, _ in bars]
    x = linear(0, 1, LEFT + 8 * max(map(len, names)), RIGHT - 60)
    for row, (name, (_, parts, said)) in enumerate(zip(names, bars, strict=True)):
        y = top + 34 * row
        drawing.text(x(0) - 12, y + 17, name, anchor="end")
        ends = [0.0, *accumulate(length for length, _ in parts)]
        for (start, end), (_, fill) in zip(pairwise(ends), parts, strict=True):
            drawing.bar((x(start), y), (x(end), y + 22), fill)
        drawing.text(x(ends[-1]) + 8, y + 17, said)
    return top + 34 * len(bars)


def _share_axis(drawing: Drawing, y: Scale, low: float = 0.0) -> None:
    for tenth in range(10, round(low * 10) - 1, -2):
        height = y(tenth / 10)
        drawing.line((LEFT, height), (RIGHT, height), kind="grid")
        drawing.text(LEFT - 8, height + 5, f"{tenth * 10} %", anchor="end")


def _number_axis(drawing: Drawing, number: Number, edges: Floats, bottom: float) -> None:
    x = _scale(number, edges)
    drawing.line((LEFT, bottom), (RIGHT, bottom), kind="axis")
    end = -math.inf
    for value in round_numbers(float(edges[0]), float(edges[-1]), number.scale):
        drawing.line((x(value), bottom), (x(value), bottom + 6), kind="axis")
        words = number.figure(value)
        half = CHARACTER_WIDTH * (len(words) + 1) / 2
        if x(value) - half >= end:  # or the words would run into those before
            drawing.text(x(value), bottom + 24, words, anchor="middle")
            end = x(value) + half
    unit = f",{number.label(number.unit)}" if number.unit else ""
    drawing.text(RIGHT, bottom + 48, f"{_cut(number.short, 60)}{unit}", anchor="end")


def _edges(number: Number, values: Floats) -> Floats:
    """Return the edges of a histogram's columns: one for each value if they are few and evenly spaced."""
    distinct = np.unique(values[~np.isnan(values)])
    low, high = float(distinct[0]), float(distinct[-1])
    if number.scale == "log":
        return _spaced(number, low / 1.05, high * 1.05, MOST_COLUMNS + 1)
    step = float(np.diff(distinct).min()) if len(distinct) > 1 else abs(low) or 1.0
    if (high - low) / step < MOST_COLUMNS:
        return np.linspace(low - step / 2, high + step / 2, round((high - low) / step) + 2)
    margin = (high - low) * 0.05
    return _spaced(number, low - margin, high + margin, MOST_COLUMNS + 1)


def _scale(number: Number, edges: Floats) -> Scale:
    to = logarithmic if number.scale == "log" else linear
    return to(float(edges[0]), float(edges[-1]), LEFT, RIGHT)


def _spaced(number: Number, low: float, high: float, points: int) -> Floats:
    return np.asarray((np.geomspace if number.scale == "log" else np.linspace)(low, high, points))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _staircase(steps: StepFunction, k: int, low: float, high: float) -> list[Point]:
    """Return the corners of the probability of class ``k`` from ``low`` to ``high``."""
    starts = [low, *(edge for edge in steps.edges[0] if low < edge < high), high]
    values = steps.probabilities[steps.cells_of(np.array([starts[:-1]]).T), k].tolist()
    return [(at, value) for value, ends in zip(values, pairwise(starts), strict=True) for at in ends]


def _density(values: Floats, grid: Floats) -> Floats:
    """Compute a Gaussian kernel density, times the number of values, at each point of an even grid.

    The values are first counted in the grid's cells, so that the time hardly depends on their number.
    Bandwidth: Silverman, "Density Estimation for Statistics and Data Analysis", 1986, equation 3.31.
    """
    step = grid[1] - grid[0]
    spread = min(values.std(), (np.subtract(*np.percentile(values, [75, 25]))) / 1.34)
    width = max(0.9 * spread * len(values) ** -0.2, step)
    counts, _ = np.histogram(values, np.append(grid - step / 2, grid[-1] + step / 2))
    kernel = np.exp(-(((grid[:, np.newaxis] - grid) / width) ** 2) / 2) / width
    return np.asarray(kernel @ counts)
