"""Options of Gunicorn that have no effect in this project are refused, and named."""

import sys
from pathlib import Path

import pytest

from tests.serving import refusal
from webapp.server.gunicorn_options import unused_option


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--certfile nowhere.pem", "--certfile"),
        ("--max-requests 100", "--max-requests"),
        ("--workers 3", "WEB_CONCURRENCY"),
        ("-b 127.0.0.1:1", "BIND_HOST and PORT"),
        ("--threads 4", "--threads"),
        ("--worker-class sync", "--worker-class"),
        ("--access-logfile -", "--access-logfile"),
        ("--daemon", "--daemon"),
        ("--reload", "SIGHUP"),
        ("--check-config", "--check-config"),
        ("another:app", "another:app"),
    ],
)
@pytest.mark.parametrize("place", ["GUNICORN_CMD_ARGS", "command line"])
def test_an_option_without_effect_is_named(
    monkeypatch: pytest.MonkeyPatch, place: str, options: str, words: str
) -> None:
    given = options.split() if place == "command line" else []
    monkeypatch.setattr(sys, "argv", ["gunicorn", *given])
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "" if given else options)
    assert words in unused_option()
    assert "\n" not in unused_option()


@pytest.mark.parametrize("options", ["--timeout 40", "--pid /tmp/pid -c gunicorn.conf.py", ""])
def test_an_option_with_effect_is_accepted(monkeypatch: pytest.MonkeyPatch, options: str) -> None:
    monkeypatch.setattr(sys, "argv", ["gunicorn", *options.split()])
    monkeypatch.delenv("GUNICORN_CMD_ARGS", raising=False)
    assert unused_option() == ""


@pytest.mark.parametrize("options", ["--check-config", "another:app"])
def test_a_start_with_an_option_without_effect_is_refused(tmp_path: Path, options: str) -> None:
    code, said = refusal(tmp_path / "log", GUNICORN_CMD_ARGS=options)
    assert code == 78
    assert options in said
    assert said.count("\n") == 1
