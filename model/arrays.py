"""The types of the arrays that rows become; a function that takes one needs no more words for its shape."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Matrix = NDArray[np.float64]
"""The features of rows, shape ``(rows, features)``; NaN for a blank."""

Labels = NDArray[np.int64]
"""The index of each row's class among the problem's, shape ``(rows,)``."""

Mask = NDArray[np.bool_]
"""Which rows are meant, shape ``(rows,)``."""

Probabilities = NDArray[np.float32]
"""A model's answers: the probability of each class for each row, shape ``(rows, classes)``."""
