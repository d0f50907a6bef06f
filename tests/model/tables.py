"""The rows of the tests' problems."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.problem.loading import load_problem
from model.training.dataset import Dataset, read_dataset

PROBLEMS = Path(__file__).parents[1] / "problems"


def dataset(name: str) -> Dataset:
    """Return the rows of a problem in tests/problems."""
    [data] = (PROBLEMS / name).glob("*.csv")
    return read_dataset(data, load_problem(PROBLEMS / name / "problem.toml")[0])


def columns(name: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the features and the classes of a problem's rows."""
    found = dataset(name)
    return found.matrix, found.labels
