"""What a prediction costs beside XGBoost's own ways, and what training on a million households takes.

``python -m tests.load.bench_model`` prints the measurements and their ratios; its exit status is 1 if one of
them misses its target.
"""

import math
import os
import pty
import select
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from pathlib import Path

import xgboost  # first: model.booster hides scikit-learn from it, and XGBClassifier needs it

# isort: split
import numpy as np
from rich.console import Console
from rich.table import Table

from model.artifact import ARTIFACT_FOLDER, read_artifact
from model.booster import load_booster
from model.predictor import Predictor
from model.training.simulation import LOG_SPREAD, MEDIAN_SQFT

ROOT = Path(__file__).parents[2]
MILLION = 1_000_000
ROW_RATIO, MANY_RATIO = 100, 10
MEMORY_LIMIT = 2e9
SILENCE_LIMIT = 3.0
"""Seconds for which the progress bar may show the same percentages."""


def cost(call: Callable[[], object], calls: int) -> float:
    """Seconds for one call: the best of five rounds of ``calls``."""
    return min(timeit.repeat(call, number=calls, repeat=5)) / calls


def predictions() -> tuple[Table, list[str]]:
    """Measure one row and a million; returns the table and what misses its target."""
    model = read_artifact(ARTIFACT_FOLDER).model
    predictor = Predictor.load()
    booster, asked = (
        load_booster(model, predictor.problem.features),
        predictor.reader.from_json({"home_size": 1200}),
    )
    classifier = xgboost.XGBClassifier()
    classifier.load_model(bytearray(model))
    classifier.set_params(n_jobs=1)
    row = np.array([[1_200.0]])
    sizes = np.exp(np.random.default_rng(1).uniform(math.log(50), math.log(100_000), MILLION))
    column = sizes.reshape(-1, 1)

    one = cost(lambda: predictor.predict(asked), 100_000)
    one_inplace = cost(lambda: booster.inplace_predict(row), 500)
    one_classifier = cost(lambda: classifier.predict_proba(row), 200)
    many = cost(lambda: predictor.predict_many(column), 3)
    many_inplace = cost(lambda: booster.inplace_predict(column), 1)

    table = Table(title="What a prediction costs, one thread", title_justify="left")
    for name in ("", "time", "times ours"):
        table.add_column(name, justify="right" if name else "left")
    table.add_row("one row: Predictor.predict", f"{one * 1e6:,.2f} µs", "1")
    table.add_row(
        "one row: Booster.inplace_predict", f"{one_inplace * 1e6:,.1f} µs", f"{one_inplace / one:,.0f}"
    )
    table.add_row(
        "one row: XGBClassifier.predict_proba",
        f"{one_classifier * 1e6:,.1f} µs",
        f"{one_classifier / one:,.0f}",
    )
    table.add_row("a million rows: Predictor.predict_many", f"{many * 1e3:,.1f} ms", "1")
    table.add_row(
        "a million rows: Booster.inplace_predict",
        f"{many_inplace * 1e3:,.1f} ms",
        f"{many_inplace / many:,.1f}",
    )
    missed = []
    if one_inplace / one < ROW_RATIO:
        missed.append(f"predict is not {ROW_RATIO} times cheaper than inplace_predict on one row")
    if many_inplace / many < MANY_RATIO:
        missed.append(f"predict_many is not {MANY_RATIO} times faster than inplace_predict on a million rows")
    return table, missed


def million_households(path: Path) -> None:
    """Write a CSV of a million simulated households."""
    random = np.random.default_rng(1)
    breeds = np.array(list(MEDIAN_SQFT))
    labels = random.integers(2, size=MILLION)
    medians = np.array(list(MEDIAN_SQFT.values()))
    sizes = medians[labels] * np.exp(LOG_SPREAD * random.standard_normal(MILLION))
    rows = [f"{size:.0f},{breed}\n" for size, breed in zip(sizes, breeds[labels], strict=True)]
    path.write_text("home_size_sqft,breed\n" + "".join(rows), encoding="utf-8")


def training() -> tuple[Table, list[str]]:
    """Train on a million households under a terminal; returns the table and what misses its target."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "million.csv")
        million_households(data)
        command = [sys.executable, "train.py", "--data", str(data), "--out", str(Path(folder, "model"))]
        ours, theirs = pty.openpty()
        start = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, stderr=theirs, stdout=subprocess.DEVNULL)
        os.close(theirs)
        silence = watch(ours, start)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - start
    memory = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    table = Table(title="Training on a CSV of a million simulated households", title_justify="left")
    for name in ("", "measured", "at most"):
        table.add_column(name, justify="right" if name else "left")
    table.add_row("memory", f"{memory / 1e6:,.0f} MB", f"{MEMORY_LIMIT / 1e6:,.0f} MB")
    table.add_row("time", f"{seconds:.1f} s", "")
    table.add_row("longest without a sign of life", f"{silence:.1f} s", f"{SILENCE_LIMIT:.1f} s")
    missed = []
    if process.returncode:
        missed.append(f"the training ended with exit status {process.returncode}")
    if memory > MEMORY_LIMIT:
        missed.append("the training took too much memory")
    if silence > SILENCE_LIMIT:
        missed.append("the terminal stood still")
    return table, missed


def watch(terminal: int, start: float) -> float:
    """Return the longest time in seconds in which a terminal shows nothing, until its other end closes."""
    silence, last = 0.0, start
    while True:
        select.select([terminal], [], [])
        try:
            chunk = os.read(terminal, 65_536)
        except OSError:  # the other end is closed
            chunk = b""
        now = time.monotonic()
        silence, last = max(silence, now - last), now
        if not chunk:
            os.close(terminal)
            return silence


def main() -> int:
    """Measure, print, and say what misses its target."""
    console = Console()
    missed = []
    for measure in (predictions, training):
        table, misses = measure()
        console.print(table)
        missed += misses
    for sentence in missed:
        console.print(f"Missed: {sentence}.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
