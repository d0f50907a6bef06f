"""For any households, the predictor's answers are the booster's, bit for bit."""

import tempfile
from pathlib import Path

import msgspec
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.artifact import write_artifact
from model.booster import class_probabilities, load_booster
from model.predictor import Predictor
from model.problem.loading import load_problem
from model.training.dataset import MIN_ROWS, Dataset
from model.training.pipeline import train
from tests.model.sizes import answer, answers, sizes_around_thresholds

PROBLEM, _ = load_problem()
MIN_SQFT, MAX_SQFT = 50.0, 100_000.0

sizes_of_homes = st.one_of(
    st.floats(MIN_SQFT, MAX_SQFT),
    st.integers(50, 100_000).map(float),
    st.integers(10, 40).map(lambda hundreds: hundreds * 100.0),
)


@st.composite
def households(draw: st.DrawFn) -> Dataset:
    """Draw 30 to 45 homes for each of two to five breeds, with sizes from a list of 1 to 60."""
    classes = draw(st.integers(2, 5))
    counts = draw(st.lists(st.integers(MIN_ROWS, 45), min_size=classes, max_size=classes))
    palette = draw(st.lists(sizes_of_homes, min_size=1, max_size=60))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = np.repeat(np.arange(classes), counts)
    breeds = tuple(
        msgspec.structs.replace(PROBLEM.classes[0], key=f"breed_{k}", name=f"Breed {k}")
        for k in range(classes)
    )
    return Dataset(
        problem=msgspec.structs.replace(PROBLEM, classes=breeds),
        matrix=random.choice(palette, size=(len(labels), 1)),
        labels=labels,
        lines=np.arange(len(labels)) + 2,
        file="drawn.csv",
        sha256="0" * 64,
        simulated=False,
        warnings=(),
    )


@given(households())
@settings(max_examples=12, derandomize=True, suppress_health_check=list(HealthCheck))
def test_for_any_households_the_answers_are_the_boosters_bit_for_bit(homes: Dataset) -> None:
    trained = train(homes, {})
    booster = load_booster(trained.artifact.model, homes.problem.features)
    with tempfile.TemporaryDirectory() as folder:
        write_artifact(trained.artifact, Path(folder))
        predictor = Predictor.load(Path(folder))
    anywhere = np.exp(np.random.default_rng(1).uniform(np.log(MIN_SQFT), np.log(MAX_SQFT), 2_000))
    sizes = np.concatenate([homes.matrix[:, 0], anywhere, sizes_around_thresholds(booster)])
    expected = class_probabilities(booster, sizes.reshape(-1, 1))
    assert answers(predictor, sizes).probabilities.tobytes() == expected.tobytes()
    rows = [tuple(answer(predictor, size).probabilities.values()) for size in sizes.tolist()]
    assert np.array(rows, dtype=np.float32).tobytes() == expected.tobytes()
    if len(homes.problem.classes) == 2:
        heavier = answers(predictor, np.sort(sizes)).probabilities[:, 1]
        assert (np.diff(heavier) >= 0).all()
