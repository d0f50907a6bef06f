"""The plots of an artifact."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import xgboost
from numpy.typing import NDArray

from model.manifest import CalibrationBin, Manifest
from model.problem.features import AnyFeature, Choice, Number
from model.problem.scales import round_numbers
from model.problem.wording import figure
from model.step_function import StepFunction, to_step_function
from model.training.simulation import best_probabilities
from model.training.svg import Drawing, Point, Scale, colour, linear, logarithmic

PROBABILITY, CALIBRATION, IMPORTANCE = "probability.svg", "calibration.svg", "importance.svg"

WIDTH, LEFT, RIGHT = 720, 64, 696

Floats = NDArray[np.float64]


def feature_plot_name(feature: AnyFeature) -> str:
    """Return the file name of the plot of a feature."""
    return f"feature-{feature.name}.svg"


def draw(
    manifest: Manifest, booster: xgboost.Booster, matrix: Floats, labels: NDArray[np.int64]
) -> dict[str, bytes]:
    """Draw the plots of a model, by file name.

    Args:
        manifest: Describes the model.
        booster: The model.
        matrix: The features of the fitted rows, shape ``(n, features)``.
        labels: Their class indices, shape ``(n,)``.
    """
    problem = manifest.problem
    drawn = {CALIBRATION: calibration_plot(manifest.metrics.calibration, len(problem.classes))}
    if number := problem.only_number:
        steps = to_step_function(booster, extra_edges=(number.min, number.max))
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


def probability_plot(
    manifest: Manifest, steps: StepFunction, values: Floats, labels: NDArray[np.int64]
) -> bytes:
    """Plot each class's probability against the only number, above the densities of the fitted rows.

    Args:
        manifest: Describes the model.
        steps: The model.
        values: The fitted numbers, in the first unit, shape ``(n,)``.
        labels: Class indices, shape ``(n,)``.
    """
    problem, simulated = manifest.problem, manifest.data.simulated
    (number,) = problem.numbers
    names = [entry.name for entry in problem.classes]
    rows = f"{'simulated' if simulated else 'training'} {problem.row.plural}"
    keys = _legend(names)
    top = 60 + keys[-1][1]
    bottom = top + 312
    drawing = Drawing(
        WIDTH,
        bottom + 64,
        f"How probable each {problem.target.name} is",
        f"The probability of {', '.join(names)} by the {number.short}; below, how common such {rows} are.",
    )
    low, high = _ends(number, values)
    x, y = _scale(number, low, high), linear(0, 1, bottom, top)
    for k, (name, (at, row)) in enumerate(zip(names, keys, strict=True)):
        drawing.line((at, row + 28), (at + 22, row + 28), stroke=colour(k))
        drawing.text(at + 28, row + 33, name)
    _share_axis(drawing, y, LEFT)
    _number_axis(drawing, number, values, bottom)
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
    if simulated:
        best = best_probabilities(grid)[:, -1]
        drawing.curve([(x(value), y(share)) for value, share in zip(grid, best, strict=True)], kind="note")
        drawing.line((LEFT, bottom + 43), (LEFT + 34, bottom + 43), kind="note")
        drawing.text(LEFT + 42, bottom + 48, f"best possible for {names[-1]}; shaded: the {rows}")
    else:
        drawing.text(LEFT, bottom + 48, f"shaded: the {rows}")
    return drawing.encode()


def calibration_plot(bins: Sequence[CalibrationBin], classes: int) -> bytes:
    """Plot the reliability curve: how often the answer is right, by its probability, with 95 % intervals."""
    drawing = Drawing(
        WIDTH,
        460,
        "When it says 80 %, is it right 80 % of the time?",
        "Dots on the dashed line mean yes. "
        + " ".join(f"Said {each.mean_predicted:.0%}, right {each.fraction_positive:.0%}." for each in bins),
    )
    top, bottom = 56, 396
    low = math.floor(10 / classes) / 10
    floor = min(low, math.floor(5 * min(each.low for each in bins)) / 5)
    x, y = linear(low, 1, LEFT, RIGHT), linear(floor, 1, bottom, top)
    _share_axis(drawing, y, LEFT, floor)
    for tenth in range(round(low * 10), 11):
        drawing.text(x(tenth / 10), bottom + 24, f"{tenth * 10} %", anchor="middle")
    drawing.text((LEFT + RIGHT) / 2, bottom + 50, "probability of the answer", anchor="middle")
    drawing.text(RIGHT, bottom - 12, "vertical: how often it was right; bars: 95 % intervals", anchor="end")
    drawing.line((x(low), y(low)), (x(1), y(1)), kind="note")
    for each in bins:
        at = x(each.mean_predicted)
        drawing.line((at, y(each.low)), (at, y(each.high)), stroke=colour(1))
        drawing.dot(at, y(each.fraction_positive), colour(1))
    return drawing.encode()


def importance_plot(manifest: Manifest) -> bytes:
    """Plot the mean absolute SHAP value of each feature, the largest first."""
    weights = {
        feature.axis: stats.importance or 0.0
        for feature, stats in zip(manifest.problem.features, manifest.features, strict=True)
    }
    ordered = sorted(weights.items(), key=lambda item: -item[1])
    drawing = Drawing(
        WIDTH,
        76 + 34 * len(ordered),
        "What the answers depend on",
        "Mean absolute SHAP value, in log-odds: "
        + ", ".join(f"{name} {weight:.2f}" for name, weight in ordered),
    )
    start = LEFT + 8 * max(len(name) for name in weights)
    x = linear(0, max(*weights.values(), 1e-9), start, RIGHT - 60)
    for row, (name, weight) in enumerate(ordered):
        ground = 56 + 34 * row
        drawing.text(start - 12, ground + 17, name, anchor="end")
        drawing.area(
            [(start, ground), (x(weight), ground), (x(weight), ground + 22), (start, ground + 22)],
            colour(1),
            0.85,
        )
        drawing.text(x(weight) + 8, ground + 17, f"{weight:.2f}")
    return drawing.encode()


def number_plot(manifest: Manifest, number: Number, values: Floats, labels: NDArray[np.int64]) -> bytes:
    """Plot a histogram of a number of the fitted rows for each class, without the blanks."""
    names = [entry.name for entry in manifest.problem.classes]
    height = 116
    bottom = 30 + height * len(names)
    drawing = _feature_drawing(manifest, number, bottom + 64, f"Histograms for {', '.join(names)}.")
    low, high = _ends(number, values)
    x = _scale(number, low, high)
    edges = _spaced(number, low, high, 49)
    of_class = [values[(labels == k) & ~np.isnan(values)] for k in range(len(names))]
    counts = [np.histogram(known, edges)[0] for known in of_class]
    tallest = max(1, *(int(count.max()) for count in counts))
    for k, (name, known, count) in enumerate(zip(names, of_class, counts, strict=True)):
        ground = 30 + height * (k + 1)
        y = linear(0, tallest, ground, ground - height + 30)
        for (start, end), rows in zip(pairwise(edges), count, strict=True):
            if rows:
                box = [(x(start) + 0.5, ground), (x(start) + 0.5, y(rows))]
                box += [(x(end) - 0.5, y(rows)), (x(end) - 0.5, ground)]
                drawing.area(box, colour(k), 0.85)
        said = f"{len(known):,} {manifest.problem.row.plural}"
        at, anchor = LEFT, "start"
        if len(known):
            median = float(np.median(known))
            drawing.line((x(median), ground), (x(median), ground - height + 26), kind="note")
            said += f", median {figure(float(f'{median:.4g}'))}"
            # The label goes on the side away from the median, where there are few rows.
            at, anchor = (RIGHT, "end") if x(median) < (LEFT + RIGHT) / 2 else (LEFT, "start")
        drawing.text(at, ground - height + 40, name, anchor=anchor)
        drawing.text(at, ground - height + 59, said, anchor=anchor)
        drawing.line((LEFT, ground), (RIGHT, ground), kind="axis")
    _number_axis(drawing, number, values, bottom)
    return drawing.encode()


def choice_plot(manifest: Manifest, feature: AnyFeature, values: Floats, labels: NDArray[np.int64]) -> bytes:
    """Plot how the fitted rows of each choice, and those without one, are divided among the classes."""
    options = list(feature.choices.values()) if isinstance(feature, Choice) else ["No", "Yes"]
    groups = [(name, labels[values == code]) for code, name in enumerate(options)]
    if np.isnan(values).any():
        groups.append(("not given", labels[np.isnan(values)]))
    names = [entry.name for entry in manifest.problem.classes]
    keys = _legend(names)
    top = 56 + keys[-1][1]
    drawing = _feature_drawing(
        manifest, feature, top + 34 * len(groups) + 24, f"Shares of {', '.join(names)} for each answer."
    )
    for k, (name, (at, row)) in enumerate(zip(names, keys, strict=True)):
        drawing.line((at, row + 28), (at + 22, row + 28), stroke=colour(k))
        drawing.text(at + 28, row + 33, name)
    start = LEFT + 8 * min(24, max(len(name) for name, _ in groups))
    x = linear(0, 1, start, RIGHT - 60)
    for row, (name, found) in enumerate(groups):
        ground, done = top + 34 * row, 0.0
        drawing.text(start - 12, ground + 17, name if len(name) <= 24 else f"{name[:23]}…", anchor="end")
        for k, count in enumerate(np.bincount(found, minlength=len(names)).tolist()):
            share = count / max(len(found), 1)
            box = [(x(done), ground), (x(done + share), ground)]
            box += [(x(done + share), ground + 22), (x(done), ground + 22)]
            drawing.area(box, colour(k), 0.85)
            done += share
        drawing.text(RIGHT - 52, ground + 17, f"{len(found):,}")
    return drawing.encode()


def _feature_drawing(manifest: Manifest, feature: AnyFeature, height: int, description: str) -> Drawing:
    rows = f"{'simulated' if manifest.data.simulated else 'training'} {manifest.problem.row.plural}"
    return Drawing(
        WIDTH, height, f"The {rows}, by {manifest.problem.target.name}: {feature.short}", description
    )


def _legend(names: Sequence[str]) -> list[tuple[int, int]]:
    """Return the x and y of each name in pixels; names that do not fit go to the next row."""
    places = []
    at, row = LEFT, 24
    for name in names:
        width = 28 + 8 * len(name)
        if at + width > RIGHT:
            at, row = LEFT, row + 22
        places.append((at, row))
        at += width + 24
    return places


def _share_axis(drawing: Drawing, y: Scale, left: float, low: float = 0.0) -> None:
    for tenth in range(10, round(low * 10) - 1, -2):
        height = y(tenth / 10)
        drawing.line((left, height), (RIGHT, height), kind="grid")
        drawing.text(left - 8, height + 5, f"{tenth * 10} %", anchor="end")


def _number_axis(drawing: Drawing, number: Number, values: Floats, bottom: float) -> None:
    low, high = _ends(number, values)
    x = _scale(number, low, high)
    drawing.line((LEFT, bottom), (RIGHT, bottom), kind="axis")
    for value in round_numbers(low, high, number.scale):
        drawing.line((x(value), bottom), (x(value), bottom + 6), kind="axis")
        drawing.text(x(value), bottom + 24, figure(value), anchor="middle")
    unit = f",{number.label(number.unit)}" if number.unit else ""
    drawing.text(RIGHT, bottom + 48, f"{number.short}{unit}", anchor="end")


def _ends(number: Number, values: Floats) -> tuple[float, float]:
    """Return the ends of an axis, a little beyond the values."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if number.scale == "log":
        return low / 1.05, high * 1.05
    margin = (high - low) * 0.05
    return low - margin, high + margin


def _scale(number: Number, low: float, high: float) -> Scale:
    return (logarithmic if number.scale == "log" else linear)(low, high, LEFT, RIGHT)


def _spaced(number: Number, low: float, high: float, points: int) -> Floats:
    return np.asarray((np.geomspace if number.scale == "log" else np.linspace)(low, high, points))


def _staircase(steps: StepFunction, k: int, low: float, high: float) -> list[Point]:
    """Return the corners of the probability of class ``k`` from ``low`` to ``high``."""
    starts = [low, *(edge for edge in steps.edges if low < edge < high), high]
    values = steps.at(np.array(starts[:-1]))[:, k].tolist()
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
