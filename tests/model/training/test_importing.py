"""A classifier that was trained elsewhere, as a notebook would, becomes an artifact; or is refused."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost

from model.artifact import ArtifactError, read_artifact, write_artifact
from model.predictor import Predictor
from model.problem.description import Problem
from model.problem.features import Choice
from model.training.dataset import Dataset, read_dataset
from model.training.gate import refusals
from model.training.importing import import_model
from model.training.simulation import HOMES_FILE
from tests.model.tables import dataset

Save = Callable[..., Path]


def frame(data: Dataset) -> pd.DataFrame:
    """Return the features as a notebook has them: choices as categories in alphabetical order."""
    columns = {}
    for feature, numbers in zip(data.problem.features, data.matrix.T, strict=True):
        if isinstance(feature, Choice):
            keys = np.array(list(feature.choices))
            texts = pd.Series(keys[np.nan_to_num(numbers).astype(int)]).where(~np.isnan(numbers))
            columns[feature.name] = pd.Categorical(texts, categories=sorted(keys))
        else:
            columns[feature.name] = numbers
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def penguins() -> Dataset:
    return dataset("penguins")


@pytest.fixture(scope="module")
def homes(problem: Problem) -> Dataset:
    return read_dataset(HOMES_FILE, problem)


@pytest.fixture
def save(penguins: Dataset, tmp_path: Path) -> Save:
    """A function that trains on the penguins as a notebook would, saves the model, and returns its path."""

    def save(
        table: pd.DataFrame | None = None,
        labels: Any = penguins.labels,
        name: str = "model.ubj",
        rounds: int = 12,
        **parameters: Any,
    ) -> Path:
        table = frame(penguins) if table is None else table
        rows = xgboost.DMatrix(table, label=labels, enable_categorical=True)
        parameters = {
            "objective": "multi:softprob",
            "num_class": 3,
            "max_depth": 3,
            "nthread": 1,
        } | parameters
        xgboost.train(parameters, rows, rounds).save_model(tmp_path / name)
        return tmp_path / name

    return save


@pytest.mark.parametrize("name", ["model.ubj", "model.json"])
def test_its_answers_are_the_notebooks_bit_for_bit(
    save: Save, penguins: Dataset, tmp_path: Path, name: str
) -> None:
    table = frame(penguins)[["sex", "body_mass", "bill_depth", "island", "bill_length", "flipper_length"]]
    path = save(table, name=name)
    trained = import_model(path, penguins, {})
    write_artifact(trained.artifact, tmp_path / "artifact")
    predictor = Predictor.load(tmp_path / "artifact")
    notebook = xgboost.Booster(model_file=path)
    expected = notebook.predict(xgboost.DMatrix(table, enable_categorical=True))
    assert np.array_equal(predictor.predict_many(penguins.matrix).probabilities, expected)
    assert refusals(trained, None) == []


def test_it_is_judged_by_all_rows_and_its_card_says_where_it_is_from(save: Save, penguins: Dataset) -> None:
    artifact = import_model(save(), penguins, {}).artifact
    manifest = artifact.manifest
    assert (manifest.data.fitted, manifest.data.held_out) == (0, len(penguins.labels))
    assert manifest.parameters == {"objective": "multi:softprob", "rounds": 12}
    assert manifest.imported is not None
    card = artifact.documents["MODEL_CARD.md"].decode()
    assert "It was trained elsewhere, and imported from `model.ubj` (sha256 `" in card
    assert "judged by all of these" in card
    assert "cross-validation" not in card


def test_a_model_of_one_number_is_matched_by_the_name_without_its_unit(
    homes: Dataset, tmp_path: Path
) -> None:
    table = pd.DataFrame({"Home size": homes.matrix[:, 0]})
    model = xgboost.XGBClassifier(n_estimators=40, max_depth=2, n_jobs=1).fit(table, homes.labels)
    model.save_model(tmp_path / "homes.json")
    artifact = import_model(tmp_path / "homes.json", homes, {}).artifact
    assert len(artifact.manifest.decision_boundaries) >= 1
    assert "declared increasing, which does not count of a model that was trained elsewhere" in (
        artifact.documents["MODEL_CARD.md"].decode()
    )


def test_a_model_whose_names_were_set_afterwards_is_matched_by_them(homes: Dataset, tmp_path: Path) -> None:
    model = xgboost.XGBClassifier(n_estimators=40, max_depth=2, n_jobs=1).fit(homes.matrix, homes.labels)
    booster = model.get_booster()
    booster.feature_names = ["home_size"]
    booster.save_model(tmp_path / "homes.json")
    trained = import_model(tmp_path / "homes.json", homes, {})
    assert np.array_equal(trained.held_probabilities, model.predict_proba(homes.matrix))


def test_trees_after_the_best_iteration_are_left_out(homes: Dataset, tmp_path: Path) -> None:
    table = pd.DataFrame({"home_size": homes.matrix[:, 0]})
    model = xgboost.XGBClassifier(n_estimators=300, learning_rate=0.5, early_stopping_rounds=5, n_jobs=1)
    model.fit(
        table[:4_000], homes.labels[:4_000], eval_set=[(table[4_000:], homes.labels[4_000:])], verbose=False
    )
    model.save_model(tmp_path / "model.ubj")
    trained = import_model(tmp_path / "model.ubj", homes, {})
    assert trained.artifact.manifest.parameters["rounds"] == model.best_iteration + 1
    assert np.array_equal(trained.held_probabilities, model.predict_proba(table))


def refusal(path: Path, data: Dataset) -> str:
    with pytest.raises(ArtifactError) as error:
        import_model(path, data, {})
    return str(error.value)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"booster": "dart"}, "it is a dart, and only gbtree is served; train it with booster=gbtree"),
        (
            {"objective": "multi:softmax"},
            "its objective is multi:softmax, and only binary:logistic and multi",
        ),
        ({"objective": "reg:squarederror", "num_class": 0}, "its objective is reg:squarederror, and only"),
        ({"num_class": 4}, "it has 4 classes, and the data have 3: Adelie, Chinstrap and Gentoo"),
    ],
)
def test_a_model_that_is_no_classifier_of_these_classes_is_refused(
    save: Save, penguins: Dataset, parameters: dict[str, Any], says: str
) -> None:
    path = save(**parameters)
    assert refusal(path, penguins).startswith(f"The model {path} can't be served: {says}")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (
            lambda table: table.drop(columns="sex"),
            "it was trained on island, bill_length, bill_depth, flipper_l",
        ),
        (
            lambda table: table.assign(year=2008),
            "flipper_length, body_mass, sex and year, and the problem has is",
        ),
        (
            lambda table: table.assign(sex=1.0),
            "its choices, of XGBoost's categorical type, are island, and the problem's island and sex",
        ),
        (
            lambda table: np.ones(table.shape),
            "it has no feature names; train it from a DataFrame, or set feature",
        ),
    ],
)
def test_a_model_of_other_features_is_refused(
    save: Save, penguins: Dataset, table: Callable[[pd.DataFrame], Any], says: str
) -> None:
    assert says in refusal(save(table(frame(penguins))), penguins)


def test_a_model_whose_classes_are_in_another_order_is_refused(save: Save, penguins: Dataset) -> None:
    assert "on these data its classes are Gentoo, Adelie and Chinstrap, in this order" in refusal(
        save(labels=(penguins.labels + 1) % 3), penguins
    )


def test_the_order_of_the_classes_of_a_model_that_knows_nothing_is_not_judged(
    save: Save, penguins: Dataset
) -> None:
    trained = import_model(save(learning_rate=1e-9), penguins, {})
    assert "The model is no better than" in refusals(trained, None)[0]


def test_an_unknown_choice_is_refused_by_its_name(save: Save, penguins: Dataset) -> None:
    table = frame(penguins)
    table["island"] = table["island"].cat.rename_categories({"Dream": "Nightmare"})
    assert "it knows the island Nightmare, which is no choice of the problem" in refusal(
        save(table), penguins
    )


def test_a_damaged_file_or_another_ones_is_refused(save: Save, penguins: Dataset, tmp_path: Path) -> None:
    whole = save().read_bytes()
    for number, content in enumerate(
        (whole[: len(whole) // 2], b"", b"{}", pickle.dumps([1, 2]), whole[100:])
    ):
        path = tmp_path / f"{number}.ubj"
        path.write_bytes(content)
        assert "XGBoost can't read it; write it with save_model" in refusal(path, penguins)
    assert refusal(tmp_path / "none", penguins).startswith("Cannot read ")


def test_the_artifact_is_read_back(save: Save, penguins: Dataset, tmp_path: Path) -> None:
    artifact = import_model(save(), penguins, {}).artifact
    write_artifact(artifact, tmp_path / "artifact")
    assert read_artifact(tmp_path / "artifact") == artifact
