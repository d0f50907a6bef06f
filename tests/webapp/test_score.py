"""`python -m webapp.score` answers a CSV as the API does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ecs.network import CA, balancing, proxying
from tests.serving import ROOT
from webapp import create_app, score

TEXT = 'home_size,unit\n900,sqft\n"4,000",sqft\n-1,sqft\n\n100,m2\n'


def told(text: str = TEXT) -> str:
    return (
        create_app()
        .test_client()
        .post("/api/predict/batch?errors=report", data=text, content_type="text/csv")
        .get_data(as_text=True)
    )


def run(source: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "webapp.score", source],
        cwd=ROOT, env=os.environ | environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_the_answers_to_a_file_are_the_apis(tmp_path: Path) -> None:
    file = tmp_path / "homes.csv"
    file.write_text(TEXT, encoding="utf-8-sig")
    result = run(str(file))
    assert (result.returncode, result.stdout.splitlines()) == (0, told().splitlines()), result.stderr
    assert result.stderr == ""


def test_a_file_may_have_more_rows_than_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "homes.csv"
    file.write_text(TEXT)
    expected = told().splitlines()
    capsys.readouterr()
    for rows in (1, 2, 5):
        monkeypatch.setattr(score, "MAX_ROWS", rows)
        assert score.main([str(file)]) == 0
        assert capsys.readouterr().out.splitlines() == expected


def test_the_file_may_be_at_an_https_address() -> None:
    with balancing(0) as server, proxying({"puppy.test": server.port}) as proxy:
        server.itself = 200, {}, TEXT.encode()
        result = run(
            "https://puppy.test/homes.csv", HTTPS_PROXY=proxy.url, SSL_CERT_FILE=str(CA), NO_PROXY=""
        )
        assert (result.returncode, result.stdout.splitlines()) == (0, told().splitlines()), result.stderr
        server.itself = 404, {}, b""
        gone = run("https://puppy.test/homes.csv", HTTPS_PROXY=proxy.url, SSL_CERT_FILE=str(CA), NO_PROXY="")
    assert (gone.returncode, gone.stdout) == (66, "")
    assert gone.stderr.startswith("https://puppy.test/homes.csv can't be read: HTTP Error 404")


def test_help_says_what_it_does() -> None:
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "``python -m webapp.score FILE``" in done.stdout


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (None, 66, "can't be read: [Errno 2]"),
        (b"\xff\xfe", 66, "can't be read: 'utf-8' codec"),
        (b"", 65, ""),
        (b"cats,dogs\n1,2\n", 65, "home_size"),
        (b"home_size\n" + b"1" * 200_000, 65, "field larger than field limit"),
    ],
)
def test_what_is_no_such_table_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, code: int, words: str
) -> None:
    file = tmp_path / "homes.csv"
    if content is not None:
        file.write_bytes(content)
    assert score.main([str(file)]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert words in said.err
    assert "None" not in said.err
