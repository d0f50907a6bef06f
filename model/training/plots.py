"""The three plots of an artifact."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import xgboost
from numpy.typing import NDArray

from model.manifest import CalibrationBin, Manifest
from model.problem.description import Class as Breed
from model.problem.scales import round_numbers as round_sizes
from model.step_function import StepFunction, to_step_function
from model.training.simulation import best_probabilities
from model.training.svg import Drawing, Point, Scale, colour, linear, logarithmic

PROBABILITY, CALIBRATION, HOMES = "probability.svg", "calibration.svg", "homes.svg"

WIDTH, LEFT, RIGHT = 720, 64, 696

Floats = NDArray[np.float64]


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
    classes, simulated = manifest.problem.classes, manifest.data.simulated
    drawn = {CALIBRATION: calibration_plot(manifest.metrics.calibration, len(classes))}
    if number := manifest.problem.only_number:
        steps = to_step_function(booster, extra_edges=(number.min, number.max))
        sizes = matrix[:, 0]
        drawn[PROBABILITY] = probability_plot(steps, sizes, labels, classes, simulated=simulated)
        drawn[HOMES] = homes_plot(sizes, labels, classes, simulated=simulated)
    return drawn


def probability_plot(
    steps: StepFunction, sizes: Floats, labels: NDArray[np.int64], breeds: Sequence[Breed], *, simulated: bool
) -> bytes:
    """Plot each breed's probability against home size, above the densities of the fitted homes.

    Args:
        steps: The model.
        sizes: The fitted homes in square feet, shape ``(n,)``.
        labels: Class indices, shape ``(n,)``.
        breeds: The classes, in order.
        simulated: Whether the homes are simulated, so that the best possible probability is known.
    """
    names = [breed.name for breed in breeds]
    homes = "simulated homes" if simulated else "training homes"
    keys = _legend(names)
    top = 60 + keys[-1][1]
    bottom = top + 312
    drawing = Drawing(
        WIDTH,
        bottom + 64,
        "How probable each breed is",
        f"The probability of {', '.join(names)} by home size; below, how common such {homes} are.",
    )
    low, high = float(sizes.min()) / 1.05, float(sizes.max()) * 1.05
    x = logarithmic(low, high, LEFT, RIGHT)
    y = linear(0, 1, bottom, top)
    for k, (name, (at, row)) in enumerate(zip(names, keys, strict=True)):
        drawing.line((at, row + 28), (at + 22, row + 28), stroke=colour(k))
        drawing.text(at + 28, row + 33, name)
    _share_axis(drawing, y, LEFT)
    _size_axis(drawing, x, low, high, bottom)
    grid = np.geomspace(low, high, 160)
    densities = [_density(np.log(sizes[labels == k]), np.log(grid)) for k in range(len(breeds))]
    tallest = max(float(density.max()) for density in densities)
    for k, density in enumerate(densities):
        shape = [(x(size), y(0.32 * value / tallest)) for size, value in zip(grid, density, strict=True)]
        drawing.area([(x(low), bottom), *shape, (x(high), bottom)], colour(k), 0.22)
    for k in range(len(breeds)):
        drawing.curve(
            [(x(size), y(value)) for size, value in _staircase(steps, k, low, high)], stroke=colour(k)
        )
    if simulated:
        best = best_probabilities(grid)[:, -1]
        drawing.curve([(x(size), y(value)) for size, value in zip(grid, best, strict=True)], kind="note")
        drawing.line((LEFT, bottom + 43), (LEFT + 34, bottom + 43), kind="note")
        drawing.text(LEFT + 42, bottom + 48, f"best possible for {names[-1]}; shaded: the simulated homes")
    else:
        drawing.text(LEFT, bottom + 48, "shaded: the training homes")
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


def homes_plot(
    sizes: Floats, labels: NDArray[np.int64], breeds: Sequence[Breed], *, simulated: bool
) -> bytes:
    """Plot a histogram of the fitted homes for each breed, with the arguments of ``probability_plot``."""
    row = 116
    bottom = 30 + row * len(breeds)
    names = ", ".join(breed.name for breed in breeds)
    drawing = Drawing(
        WIDTH,
        bottom + 64,
        "The simulated homes, by breed" if simulated else "The training homes, by breed",
        f"Histograms of home sizes for {names}.",
    )
    low, high = float(sizes.min()) / 1.05, float(sizes.max()) * 1.05
    x = logarithmic(low, high, LEFT, RIGHT)
    edges = np.geomspace(low, high, 49)
    counts = [np.histogram(sizes[labels == k], edges)[0] for k in range(len(breeds))]
    tallest = max(int(count.max()) for count in counts)
    for k, (breed, count) in enumerate(zip(breeds, counts, strict=True)):
        ground = 30 + row * (k + 1)
        y = linear(0, tallest, ground, ground - row + 30)
        for (start, end), households in zip(pairwise(edges), count, strict=True):
            if households:
                box = [(x(start) + 0.5, ground), (x(start) + 0.5, y(households))]
                box += [(x(end) - 0.5, y(households)), (x(end) - 0.5, ground)]
                drawing.area(box, colour(k), 0.85)
        median = float(np.median(sizes[labels == k]))
        drawing.line((x(median), ground), (x(median), ground - row + 26), kind="note")
        # The label goes on the side away from the median, where there are few homes.
        at, anchor = (RIGHT, "end") if x(median) < (LEFT + RIGHT) / 2 else (LEFT, "start")
        drawing.text(at, ground - row + 40, breed.name, anchor=anchor)
        drawing.text(at, ground - row + 59, f"{count.sum():,} homes, median {median:,.0f}", anchor=anchor)
        drawing.line((LEFT, ground), (RIGHT, ground), kind="axis")
    _size_axis(drawing, x, low, high, bottom)
    return drawing.encode()


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


def _size_axis(drawing: Drawing, x: Scale, low: float, high: float, bottom: float) -> None:
    drawing.line((LEFT, bottom), (RIGHT, bottom), kind="axis")
    for size in round_sizes(low, high):
        drawing.line((x(size), bottom), (x(size), bottom + 6), kind="axis")
        drawing.text(x(size), bottom + 24, f"{size:,.0f}", anchor="middle")
    drawing.text(RIGHT, bottom + 48, "home size, sq ft", anchor="end")


def _staircase(steps: StepFunction, k: int, low: float, high: float) -> list[Point]:
    """Return the corners of the probability of class ``k`` from ``low`` to ``high`` square feet."""
    starts = [low, *(edge for edge in steps.edges if low < edge < high), high]
    values = steps.at(np.array(starts[:-1]))[:, k].tolist()
    return [(size, value) for value, ends in zip(values, pairwise(starts), strict=True) for size in ends]


def _density(logarithms: Floats, grid: Floats) -> Floats:
    """Compute a Gaussian kernel density, times the number of homes, at each point of an even grid.

    The homes are first counted in the grid's cells, so that the time hardly depends on their number.
    Bandwidth: Silverman, "Density Estimation for Statistics and Data Analysis", 1986, equation 3.31.
    """
    step = grid[1] - grid[0]
    spread = min(logarithms.std(), (np.subtract(*np.percentile(logarithms, [75, 25]))) / 1.34)
    width = max(0.9 * spread * len(logarithms) ** -0.2, step)
    counts, _ = np.histogram(logarithms, np.append(grid - step / 2, grid[-1] + step / 2))
    kernel = np.exp(-(((grid[:, np.newaxis] - grid) / width) ** 2) / 2) / width
    return np.asarray(kernel @ counts)
