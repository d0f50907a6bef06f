"""The reasons for an answer: how much each feature did, in numbers and in words, for pages and API alike."""

from bisect import bisect_right
from typing import Annotated

import msgspec
from msgspec import Meta

from model.predictor import Prediction, Predictor
from model.problem.features import AnyFeature, Reading
from model.problem.rows import Row
from model.problem.wording import figure
from webapp.words import about, class_in_words

NOTHING = 0.005
"""A SHAP value below this, in log-odds, moves a probability by less than about a thousandth."""


DECIMALS = 6
"""The decimals of a probability or a SHAP value; XGBoost computes in single precision."""


class Reason(msgspec.Struct, frozen=True):
    """What a feature did to the answer."""

    feature: Annotated[str, Meta(description="The feature's name.")]
    contribution: Annotated[
        float,
        Meta(description="Its SHAP value for the answered class, in log-odds; negative: against it."),
    ]
    text: Annotated[str, Meta(description="The same in words.")]


def reasons_for(predictor: Predictor, row: Row, answer: Prediction) -> tuple[Reason, ...]:
    """Return the reasons for an answer, the weightiest first."""
    problem, reasons = predictor.problem, []
    readings = dict(zip(problem.features_by_name, row.readings, strict=True))
    for feature, value in ((each.feature, each.value) for each in predictor.explain(row, answer.key)):
        if problem.only_number:
            words = ranges_in_words(predictor, row, answer)
        else:
            words = _in_words(feature, readings[feature.name], value, class_in_words(problem, answer.key))
        reasons.append(Reason(feature.name, round(value, DECIMALS), words))
    return tuple(reasons)


def ranges_in_words(predictor: Predictor, row: Row, answer: Prediction) -> str:
    """Return for which values of the only number the answer is the same, and the others if there are two.

    It is a sentence such as "Homes under about 1,760 sq ft lean to a Dachshund, larger ones to a Beagle."
    """
    problem = predictor.problem
    number, reading = problem.numbers[0], row.readings[0]
    unit, value = number.label(reading.unit), reading.number
    edges = [boundary.value for boundary in predictor.boundaries]
    shown = [f"{_rounded(edge / number.factor(reading.unit), reading)}{unit}" for edge in edges]
    boundaries_below = bisect_right(edges, value)
    if not edges:
        values = f"of every {number.axis.lower()}"
    elif boundaries_below == 0:
        values = f"under about {shown[0]}"
    elif boundaries_below == len(edges):
        values = f"over about {shown[-1]}"
    else:
        values = f"of about {shown[boundaries_below - 1]} to {shown[boundaries_below]}"
    others = ""
    if len(edges) == 1:
        [boundary] = predictor.boundaries
        size, key = ("smaller", boundary.below) if boundaries_below else ("larger", boundary.above)
        others = f", {size} ones to {class_in_words(problem, key)}"
    rows = problem.sentences.rows.replace("{range}", values)
    return f"{rows} lean to {class_in_words(problem, answer.key)}{others}."


def _in_words(feature: AnyFeature, reading: Reading, contribution: float, answer: str) -> str:
    """Return a sentence such as "Flipper length: 215 mm, which speaks for Gentoo."."""
    weight = (
        "makes hardly any difference"
        if abs(contribution) < NOTHING
        else f"speaks {'for' if contribution > 0 else 'against'} {answer}"
    )
    return f"{feature.axis}: {feature.in_words(reading)}, which {weight}."


def _rounded(edge: float, reading: Reading) -> str:
    """Round a boundary to three digits, or to tenths if the value would then be on the wrong side of it."""
    value = float(reading.value or 0)
    return about(edge) if (value < edge) == (value < float(f"{edge:.3g}")) else figure(round(edge, 1))
