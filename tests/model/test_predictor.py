"""The predictor: it answers as XGBoost does, to the last bit, and refuses what it must not serve."""

import math
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import xgboost
from numpy.typing import NDArray

from model.artifact import ARTIFACT_FOLDER, Artifact, ArtifactError, identify, read_artifact, write_artifact
from model.booster import class_probabilities, load_booster
from model.manifest import KnownAnswer
from model.predictor import Predictor
from model.problem.description import Problem
from model.problem.features import Choice, Number
from model.problem.rows import Row
from model.step_function import first_double_at
from tests.model.sizes import answer, answers, around, sizes_around_thresholds

ROOT = Path(__file__).parents[2]


def random_sizes() -> NDArray[np.float64]:
    """A million float32 sizes, equally many for each doubling from 50 to 100,000 sq ft."""
    sizes = np.exp(np.random.default_rng(11).uniform(math.log(50), math.log(100_000), 1_000_000))
    return sizes.astype(np.float32).astype(np.float64)


@pytest.fixture(params=["two breeds", "five breeds"])
def predictor_and_model(
    request: pytest.FixtureRequest, shipped: Predictor, five: Predictor, five_artifact: Artifact
) -> tuple[Predictor, bytes]:
    """A predictor and the model file's bytes that it was made from."""
    if request.param == "two breeds":
        return shipped, read_artifact(ARTIFACT_FOLDER).model
    return five, five_artifact.model


# The same answers as XGBoost


@pytest.mark.parametrize("many", [True, False], ids=["predict_many", "predict"])
def test_its_answers_are_the_boosters_bit_for_bit(
    predictor_and_model: tuple[Predictor, bytes], many: bool
) -> None:
    predictor, model = predictor_and_model
    booster = load_booster(model, predictor.problem.features)
    sizes = np.concatenate([random_sizes(), sizes_around_thresholds(booster)])
    expected = class_probabilities(booster, sizes.reshape(-1, 1))
    if many:
        found = answers(predictor, sizes)
        assert found.probabilities.tobytes() == expected.tobytes()
        assert (found.class_index == expected.argmax(axis=1)).all()
    else:
        rows = [tuple(answer(predictor, size).probabilities.values()) for size in sizes.tolist()]
        assert np.array(rows, dtype=np.float32).tobytes() == expected.tobytes()
        names = [answer(predictor, size).key for size in sizes.tolist()]
        assert names == [predictor.classes[index].key for index in expected.argmax(axis=1)]


def test_its_answers_are_those_of_xgbclassifier_bit_for_bit(
    predictor_and_model: tuple[Predictor, bytes],
) -> None:
    predictor, model = predictor_and_model
    classifier = xgboost.XGBClassifier()
    classifier.load_model(bytearray(model))
    sizes = sizes_around_thresholds(load_booster(model, predictor.problem.features)).astype(np.float32)
    expected = classifier.predict_proba(sizes.reshape(-1, 1))
    assert answers(predictor, sizes.astype(np.float64)).probabilities.tobytes() == expected.tobytes()


@pytest.mark.parametrize("threshold", [np.float32(1766.5), np.float32(0.1), np.float32(2**24 + 2)])
@pytest.mark.parametrize("parity", ["even", "odd"])
def test_an_edge_is_the_first_double_that_rounds_to_its_threshold(threshold: np.float32, parity: str) -> None:
    if (threshold.view(np.uint32) % 2 == 0) != (parity == "even"):
        threshold = np.nextafter(threshold, np.float32(np.inf))
    edge = first_double_at(threshold)
    assert np.float32(edge) == threshold
    assert np.float32(math.nextafter(edge, -math.inf)) < threshold


def test_a_larger_home_never_makes_the_larger_dog_less_likely(shipped: Predictor) -> None:
    sizes = np.sort(np.concatenate([random_sizes(), np.arange(50, 100_001.0)]))
    larger = answers(shipped, sizes).probabilities[:, 1]
    assert (np.diff(larger) >= 0).all()


def test_probabilities_sum_to_one(predictor_and_model: tuple[Predictor, bytes]) -> None:
    predictor, _ = predictor_and_model
    assert answers(predictor, random_sizes()).probabilities.sum(axis=1) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("name", "steps"), [("yard", True), ("penguins", False)])
def test_several_features_are_answered_as_by_the_booster_bit_for_bit(
    model_of: Callable[[str], Path], name: str, steps: bool
) -> None:
    predictor = Predictor.load(model_of(name))
    assert bool(predictor._steps) == steps
    random = np.random.default_rng(3)
    columns = []
    for feature, edges in zip(predictor.problem.features, predictor.thresholds, strict=True):
        if isinstance(feature, Number):
            near = [value for edge in edges for value in around(edge) if feature.min <= value <= feature.max]
            values = np.concatenate([random.uniform(feature.min, feature.max, len(near)), near])
        else:
            values = np.arange(len(feature.choices) if isinstance(feature, Choice) else 2, dtype=float)
        columns.append(random.choice(values if feature.required else [*values, *[math.nan] * 30], 1000))
    matrix = np.column_stack(columns)
    expected = class_probabilities(
        load_booster(read_artifact(model_of(name)).model, predictor.problem.features), matrix
    )
    together = predictor.predict_many(matrix)
    assert together.probabilities.tobytes() == expected.tobytes()
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(lambda numbers: predictor.predict(Row((), tuple(numbers))), matrix.tolist()))
    found = np.array([tuple(each.probabilities.values()) for each in alone], dtype=np.float32)
    assert found.tobytes() == expected.tobytes()
    outside = [bool(predictor.outside(Row((), tuple(numbers)))) for numbers in matrix.tolist()]
    assert [each.outside_training_range for each in alone] == outside
    assert together.outside_training_range.tolist() == outside
    assert len(np.unique(together.class_index)) == len(predictor.classes)
    assert len(set(outside)) == 2


# The content of an answer


@pytest.mark.parametrize(
    ("home_size_sqft", "breed", "name"),
    [
        (900, "dachshund", "Dachshund"),
        (1_076.391041671, "dachshund", "Dachshund"),
        (4_000, "german_shepherd", "German Shepherd"),
    ],
)
def test_small_homes_get_a_dachshund_and_large_homes_a_german_shepherd(
    shipped: Predictor, home_size_sqft: float, breed: str, name: str
) -> None:
    found = answer(shipped, home_size_sqft)
    assert (found.key, found.name) == (breed, name)
    assert found.probability == found.probabilities[breed] == max(found.probabilities.values())
    assert list(found.probabilities) == ["dachshund", "german_shepherd"]
    assert found.model_version == shipped.model_version == shipped.manifest.model_version


def test_an_answer_cannot_be_changed(shipped: Predictor) -> None:
    found = answer(shipped, 900)
    with pytest.raises(AttributeError, match="immutable"):
        found.key = "cat"  # type: ignore[misc]
    with pytest.raises(TypeError, match="does not support item assignment"):
        found.probabilities["dachshund"] = 0.0  # type: ignore[index]


def test_sizes_beyond_the_fitted_homes_are_outside_the_training_range(
    predictor_and_model: tuple[Predictor, bytes],
) -> None:
    predictor, _ = predictor_and_model
    (stats,) = predictor.manifest.features
    smallest, largest = stats.min or 0, stats.max or 0
    sizes = [50.0, math.nextafter(smallest, 0), smallest, largest, math.nextafter(largest, math.inf), 1e5]
    outside = [True, True, False, False, True, True]
    assert [answer(predictor, size).outside_training_range for size in sizes] == outside
    assert answers(predictor, np.array(sizes)).outside_training_range.tolist() == outside


def test_of_equally_probable_classes_the_first_of_the_catalogue_is_answered(
    problem: Problem, tmp_path: Path
) -> None:
    table = xgboost.DMatrix(
        np.array([[900.0], [900.0]] * 30), label=[0, 1] * 30, feature_names=["home_size_sqft"]
    )
    model = bytes(xgboost.train({"objective": "binary:logistic", "nthread": 1}, table, 1).save_raw("ubj"))
    install(tmp_path, model, known_answers=(KnownAnswer({"home_size": 900}, (0.5, 0.5)),))
    found = answer(Predictor.load(tmp_path), 900)
    assert dict(found.probabilities) == dict.fromkeys(problem.by_key, 0.5)
    assert found.key == "dachshund"


def test_no_homes_get_no_answers(shipped: Predictor) -> None:
    found = answers(shipped, np.array([]))
    assert found.class_index.shape == found.outside_training_range.shape == (0,)
    assert found.probabilities.shape == (0, 2)


def test_five_breeds_are_all_recommended_somewhere(five: Predictor) -> None:
    index = answers(five, random_sizes()).class_index
    assert {five.classes[i].name for i in np.unique(index)} == {
        "Beagle",
        "Dachshund",
        "Labrador",
        "German Shepherd",
        "Great Dane",
    }


# The self-test


def test_a_sound_predictor_passes_its_check(predictor_and_model: tuple[Predictor, bytes]) -> None:
    assert predictor_and_model[0].check()


def test_a_predictor_that_no_longer_gives_the_known_answers_fails_its_check() -> None:
    predictor = Predictor.load()
    assert predictor._steps
    predictor._steps._steps.probabilities[:] = predictor._steps._steps.probabilities[::-1].copy()
    assert not predictor.check()


# Refusals


def install(folder: Path, model: bytes, **changes: Any) -> None:
    """Write an artifact with this model; its manifest is the shipped one with the given changes."""
    version, file, sha256 = identify(model)
    shipped = read_artifact(ARTIFACT_FOLDER)
    manifest = msgspec.structs.replace(
        shipped.manifest,
        model_version=version,
        model_file=file,
        model_sha256=sha256,
        **changes,
    )
    write_artifact(Artifact(manifest, model, shipped.documents), folder)


def refusal(folder: Path) -> str:
    with pytest.raises(ArtifactError) as refused:
        Predictor.load(folder)
    sentence = str(refused.value)
    assert str(folder) in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def trained(features: list[str], **parameters: Any) -> bytes:
    """Train a small XGBoost model on these features; return the bytes of its file."""
    sizes = np.linspace(500, 5_000, 60).repeat(len(features)).reshape(-1, len(features))
    table = xgboost.DMatrix(sizes, label=[0] * 30 + [1] * 30, feature_names=features)
    parameters = {"objective": "binary:logistic", "nthread": 1} | parameters
    return bytes(xgboost.train(parameters, table, 3).save_raw("ubj"))


def test_it_refuses_a_damaged_artifact(artifact_folder: Path) -> None:
    (path,) = artifact_folder.glob("model-*.ubj")
    content = bytearray(path.read_bytes())
    content[1234] ^= 0x40
    path.write_bytes(content)
    assert "its checksum differs" in refusal(artifact_folder)


def test_it_refuses_features_that_were_not_fitted(
    artifact_folder: Path, edit_manifest: Callable[..., None]
) -> None:
    edit_manifest(features=[])
    assert "has other features in its problem than among those that were fitted" in refusal(artifact_folder)


@pytest.mark.parametrize("objective", [b"binary:nonsense", b"binary:\xff\xff\xff\xff\xff\xff\xff\xff"])
def test_it_refuses_a_model_that_xgboost_cannot_use(tmp_path: Path, objective: bytes) -> None:
    install(tmp_path, read_artifact(ARTIFACT_FOLDER).model.replace(b"binary:logistic", objective))
    assert "cannot be used: XGBoost cannot read it" in refusal(tmp_path)


@pytest.mark.parametrize("model", [b"not a model", b"{}"])
def test_it_refuses_a_file_that_is_not_a_model(tmp_path: Path, model: bytes) -> None:
    install(tmp_path, model)
    assert "cannot be used: XGBoost cannot read it" in refusal(tmp_path)


def test_it_refuses_a_model_whose_features_are_not_the_manifests(tmp_path: Path) -> None:
    install(tmp_path, trained(["home_size_sqft", "garden_size"]))
    assert "was trained on home_size_sqft and garden_size, and the problem has home_size_sqft;" in refusal(
        tmp_path
    )


def test_it_refuses_a_model_that_is_not_made_of_trees(tmp_path: Path) -> None:
    install(tmp_path, trained(["home_size_sqft"], booster="gblinear"))
    assert "not made of trees" in refusal(tmp_path)


def test_it_refuses_a_model_whose_classes_are_not_the_manifests(
    five_artifact: Artifact, tmp_path: Path
) -> None:
    install(tmp_path, five_artifact.model)
    assert "has 2 classes, and the model" in refusal(tmp_path)


def test_it_refuses_a_model_that_does_not_give_the_known_answers(tmp_path: Path) -> None:
    install(tmp_path, trained(["home_size_sqft"]))
    assert "does not give the known answers" in refusal(tmp_path)


# What it imports


def test_serving_imports_none_of_the_training_libraries() -> None:
    program = (
        "import sys\n"
        "from model.predictor import Predictor\n"
        "Predictor.load().check()\n"
        "heavy = {'pandas', 'sklearn', 'matplotlib', 'rich', 'boto3', 'flask'}\n"
        "sys.stdout.write(str(heavy & sys.modules.keys()))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == "set()"


def test_xgboost_is_loaded_with_one_openmp_thread() -> None:
    program = "import os, sys, model.predictor\nsys.stdout.write(os.environ['OMP_NUM_THREADS'])\n"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == "1"
