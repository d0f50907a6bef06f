"""How far what is asked is from what the model was fitted to, as a worker's metrics and log say it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from structlog.testing import capture_logs

from model.artifact import ARTIFACT_FOLDER
from model.predictor import Predictor
from model.problem.rows import Row
from tests.model.tables import columns
from tests.serving import ROOT
from webapp.http.drift import ROWS, Drift, distance


@pytest.fixture(params=["puppy", "yard", "penguins"])
def asked(
    request: pytest.FixtureRequest, model_of: Callable[[str], Path]
) -> tuple[Predictor, NDArray[np.float64]]:
    """A predictor, and as many rows like its training data as a window has."""
    name = request.param
    predictor = Predictor.load(ARTIFACT_FOLDER if name == "puppy" else model_of(name))
    rows = (
        np.loadtxt(ROOT / "model" / "homes.csv", delimiter=",", skiprows=1, usecols=[0], ndmin=2)
        if name == "puppy"
        else columns(name)[0]
    )
    return predictor, np.random.default_rng(7).choice(rows, ROWS)


def said(predictor: Predictor, matrix: NDArray[np.float64]) -> dict[str, float]:
    """Return the distances that are logged for a batch."""
    with capture_logs() as lines:
        Drift(predictor).count_batch(matrix, predictor.predict_many(matrix))
    [line] = lines
    assert (line["event"], line["rows"]) == ("drift", len(matrix))
    assert line["most"] == max(line["of"].values())
    found: dict[str, float] = line["of"]
    return found


def test_rows_like_the_fitted_ones_are_near(asked: tuple[Predictor, NDArray[np.float64]]) -> None:
    predictor, rows = asked
    found = said(predictor, rows)
    assert set(found) == {
        *(feature.name for feature in predictor.problem.features),
        predictor.problem.target.name,
    }
    assert max(found.values()) < 0.1


def test_other_rows_are_far_in_what_differs(asked: tuple[Predictor, NDArray[np.float64]]) -> None:
    predictor, rows = asked
    before = said(predictor, rows)
    number = predictor.problem.numbers[0]
    column = [feature.name for feature in predictor.problem.features].index(number.name)
    rows[:, column] *= 1.5
    after = said(predictor, rows)
    assert after[number.name] > 0.25
    others = {*(feature.name for feature in predictor.problem.features)} - {number.name}
    assert {name: after[name] for name in others} == {name: before[name] for name in others}


def test_blanks_where_there_were_few_are_drift(model_of: Callable[[str], Path]) -> None:
    rows = np.random.default_rng(7).choice(columns("penguins")[0], ROWS)
    rows[:, -1] = np.nan
    assert said(Predictor.load(model_of("penguins")), rows)["sex"] > 0.25


def test_rows_one_by_one_are_counted_as_a_batch_is(asked: tuple[Predictor, NDArray[np.float64]]) -> None:
    predictor, rows = asked
    drift = Drift(predictor)
    with capture_logs() as lines:
        for numbers in rows.tolist():
            assert lines == []
            row = Row((), tuple(numbers))
            drift.count(row, predictor.predict(row))
    assert [line["of"] for line in lines] == [said(predictor, rows)]


def test_each_window_begins_anew(asked: tuple[Predictor, NDArray[np.float64]]) -> None:
    predictor, rows = asked
    drift, answers = Drift(predictor), predictor.predict_many(rows)
    with capture_logs() as lines:
        drift.count_batch(rows, answers)
        drift.count_batch(rows[:-1], predictor.predict_many(rows[:-1]))
        drift.count_batch(rows, answers)
    assert [line["rows"] for line in lines] == [ROWS, 2 * ROWS - 1]


def test_a_metric_that_fails_leaves_no_part_of_a_window_behind(
    asked: tuple[Predictor, NDArray[np.float64]], monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor, rows = asked
    drift, answers = Drift(predictor), predictor.predict_many(rows)
    with monkeypatch.context() as patched:
        patched.delattr(drift, "_rows")  # which fails after the gauge of each feature has been set
        with pytest.raises(AttributeError):
            drift.count_batch(rows, answers)
    with capture_logs() as lines:
        drift.count_batch(rows[:10], predictor.predict_many(rows[:10]))
        assert lines == []
        drift.count_batch(rows, answers)
    assert max(lines[0]["of"].values()) < 0.1


def test_the_distance_is_the_population_stability_index() -> None:
    assert distance(np.array([10.0, 20.0]), np.array([10.0, 20.0])) == 0
    before, now = np.array([50.5, 50.5]) / 101, np.array([30.5, 70.5]) / 101
    expected = ((now - before) * np.log(now / before)).sum()
    assert distance(np.array([50.0, 50.0]), np.array([30.0, 70.0])) == pytest.approx(expected)
    assert distance(np.array([0.0, 9.0]), np.array([9.0, 0.0])) < np.inf


def test_without_drift_the_distance_is_as_small_as_the_docstring_says() -> None:
    random = np.random.default_rng(3)
    counts = random.multinomial(ROWS, [0.1] * 10, size=2_000)
    found = [distance(np.full(10, 480.0), each.astype(float)) for each in counts]
    assert np.quantile(found, 0.95) == pytest.approx(0.035, abs=0.005)
    assert max(found) < 0.1
