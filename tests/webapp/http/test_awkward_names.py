"""A problem whose columns have the names of what a log line, or the metrics of another column, have."""

import csv
from pathlib import Path

import httpx

from tests.problems import train
from tests.serving import running

PROBLEM = """
[target]
name = "status"
plural = "route"
[target.classes]
paid = { name = "Paid" }
late = { name = "Late" }
"""
NUMBER = """
[[features]]
name = "%s"
kind = "number"
min = 0
max = 100
required = false
"""
NUMBERS = ("room", "room_count", "event", "level", "bytes")
CHOICE = """
[[features]]
name = "room_total"
kind = "choice"
choices = { "a, b" = "Both", "=1" = "A formula" }
"""


def test_columns_may_have_the_names_of_log_members_and_of_each_others_metrics(tmp_path: Path) -> None:
    problem, data = tmp_path / "problem.toml", tmp_path / "data.csv"
    problem.write_text(PROBLEM + "".join(NUMBER % name for name in NUMBERS) + CHOICE)
    rows = [
        [k, k % 7, k % 5, k % 3, 100 - k, ("a, b", "=1")[k % 2], "late" if k > 50 else "paid"]
        for k in range(100)
    ]
    with data.open("w", newline="") as file:
        csv.writer(file).writerows([[*NUMBERS, "room_total", "status"], *rows])
    model = train(problem, data, tmp_path / "artifact")
    with running(tmp_path / "log", MODEL_DIR=model) as server:
        batch = httpx.post(
            f"{server.url}/api/predict/batch", content=data.read_text(), headers={"Content-Type": "text/csv"}
        )
        assert batch.text.count("paid") == 51
        row = {"room": 90, "room_count": 2, "event": 3, "level": 4, "bytes": 5, "room_total": "=1"}
        one = httpx.post(f"{server.url}/api/predict", json=row)
        assert one.json()["status"] == "late"
        line = server.wait_for_event(one.headers["X-Request-ID"])
        assert (line["event"], line["level"], line["status"]) == ("request", "info", 200)
        assert line["bytes"] == len(one.content)
        assert (line["room"], line["room_total"]) == (90, "=1")
        assert server.wait_for_event(batch.headers["X-Request-ID"])["route"] == "/api/predict/batch"
        for name in NUMBERS:
            assert server.metric(f'prediction_{name}_bucket{{le="\\+Inf",.*}}') == 101
