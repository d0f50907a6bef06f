"""``python train.py``, as a person runs it."""

import gzip
import json
import os
import platform
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xgboost

import train
from model.artifact import ARTIFACT_FOLDER, read_artifact
from model.manifest import CARD_NAME
from model.predictor import Predictor
from tests.model.sizes import answer, answers
from tests.model.tables import PROBLEMS

ROOT = Path(__file__).parents[2]
HEADER = "home_size_sqft,breed\n"
ROWS = "".join(f"{700 + 20 * row},dachshund\n{1_300 + 20 * row},german_shepherd\n" for row in range(60))


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-W", "error", "train.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A small table that can be trained on."""
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + ROWS, encoding="utf-8")
    return path


# Done


def test_training_again_gives_the_committed_artifact(tmp_path: Path) -> None:
    done = run("--out", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    if (sys.platform, platform.machine()) == ("linux", "x86_64"):
        assert contents(tmp_path) == contents(ARTIFACT_FOLDER)
    else:
        sizes = np.geomspace(50, 100_000, 1_000)
        again, committed_answers = (
            answers(Predictor.load(folder), sizes) for folder in (tmp_path, ARTIFACT_FOLDER)
        )
        assert again.probabilities == pytest.approx(committed_answers.probabilities, abs=1e-3)
    manifest = read_artifact(tmp_path).manifest
    assert manifest.metrics.best_log_loss is not None
    for words in (
        manifest.model_version,
        "simulated homes",
        f"{manifest.metrics.accuracy:.1%}",
        f"{manifest.metrics.log_loss:.4f}",
        f"{manifest.metrics.best_log_loss:.4f}",
        f"At {manifest.decision_boundaries[0].value:,.0f} sq ft the answer changes from Dachshund to German",
        "As Size rises, German Shepherd never gets less probable",
    ):
        assert words in done.stdout


def test_it_trains_on_a_file_of_the_users_own(tmp_path: Path) -> None:
    data = tmp_path / "mine.csv.gz"
    text = "kennel;breed;home_size_m2\n" + "x;dachshund;80\ny;german_shepherd;300\n" * 40
    data.write_bytes(gzip.compress(text.encode("utf-8-sig")))
    done = run("--data", data, "--out", tmp_path / "model")
    assert done.returncode == 0
    assert "one row occurs 40 times" in done.stderr
    assert "simulated" not in done.stdout
    predictor = Predictor.load(tmp_path / "model")
    assert [answer(predictor, size).key for size in (800, 3_300)] == ["dachshund", "german_shepherd"]


def test_of_several_features_it_shows_what_matters_and_warns_of_a_constraint_without_effect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = Path(shutil.copytree(PROBLEMS / "penguins", tmp_path / "penguins")) / "problem.toml"
    text = problem.read_text(encoding="utf-8")
    problem.write_text(text.replace("min = 25", 'min = 25\nmonotone = "increasing"'), encoding="utf-8")
    data = str(PROBLEMS / "penguins" / "penguins.csv")
    assert train.main(["--problem", str(problem), "--data", data, "--out", str(tmp_path / "model")]) == 0
    printed = capsys.readouterr()
    assert printed.err == (
        "train.py: warning: monotone of bill_length does not count, because there are more than two "
        "species.\n"
    )
    for words in (
        r"344 +penguins",
        r"Island +Bill length +Bill depth",
        r"Torgersen +39\.5 mm",
        r"Bill length +█{20} \d\.\d{3}",
        r"Bill length is declared increasing, which does not count with over two",
    ):
        assert re.search(words, printed.out), words


def test_json_has_the_status_and_the_manifest(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(["--data", str(data), "--out", str(tmp_path / "model"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["status"], found["reasons"], found["warnings"]) == ("done", [], [])
    assert found["manifest"] == json.loads((tmp_path / "model" / "manifest.json").read_bytes())


def test_search_tries_more_settings(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--data", str(data), "--out", str(tmp_path / "model"), "--json", "--search"]) == 0
    assert json.loads(capsys.readouterr().out)["manifest"]["search"]["candidates"] > 12


def test_one_thread_is_used_unless_more_are_asked_for(data: Path, tmp_path: Path) -> None:
    assert train.main(["--data", str(data), "--out", str(tmp_path / "model"), "--threads", "2"]) == 0
    assert read_artifact(tmp_path / "model").manifest.parameters["nthread"] == 2
    assert read_artifact(ARTIFACT_FOLDER).manifest.parameters["nthread"] == 1


def test_in_a_terminal_it_shows_what_it_is_doing(data: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "train.py", "--data", str(data), "--out", str(tmp_path / "model")]
    with subprocess.Popen(command, cwd=ROOT, stderr=theirs, stdout=subprocess.DEVNULL) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65_536):
                shown += chunk
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    assert process.returncode == 0
    assert b"Training" in shown


# Bad input


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty or begins with an empty line; it must begin with a header."),
        ("breed\n" + ROWS, "The column home_size (or home_size_sqft or home_size_m2) is missing."),
        (HEADER.replace("breed", "breed,breed") + ROWS, "The column breed is there 2 times; give it once."),
        (HEADER + ",dachshund\n" + ROWS, "line 2: home_size is missing. Give"),
        (HEADER + ROWS + "large,dachshund\n", "line 122 has 'large': home_size must be a number in plain"),
        (
            HEADER + "-5,dachshund\n0,dachshund\n",
            "line 2 has '-5', line 3 has '0': home_size must be between 50",
        ),
        (HEADER + "49,dachshund\n" + ROWS, "line 2 has '49': home_size must be between 50 and 100,000 sq"),
        (HEADER + "900,wolf\n" + ROWS, "line 2 has 'wolf': breed must be \"dachshund\" or"),
        (HEADER + "900,\n" + ROWS, "line 2: breed is missing."),
        (
            HEADER + "".join(ROWS.splitlines(keepends=True)[:50]),
            "rows of german_shepherd (line 3, 5, 7, ...): each class needs 30",
        ),
        (
            HEADER + "900,dachshund\n" * 60,
            "there is only dachshund, from line 2 on: a model needs rows",
        ),
        (HEADER + "1,5,dachshund\n" + ROWS, "line 2 has 3 cells: the header has 2 columns."),
        (b"\xff\xfeh\0o\0m\0e\0", "is not UTF-8 text; save it as CSV in UTF-8."),
        (HEADER + ROWS + '900,"dachshund\n', "is not a table from line 122 on: unexpected end of data."),
    ],
)
def test_a_broken_file_is_refused_in_a_sentence_and_the_artifact_untouched(
    artifact_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str | bytes,
    says: str,
) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = contents(artifact_folder)
    assert train.main(["--data", str(path), "--out", str(artifact_folder)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert says in printed.err
    assert contents(artifact_folder) == before


@pytest.mark.parametrize("others", [[], ["--data", "data.csv"], ["--out", "model"]])
def test_a_problem_without_its_data_and_folder_is_refused_so_that_no_other_model_is_replaced(
    others: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        train.main(["--problem", "problem.toml", *others])
    assert stop.value.code == 2
    assert "error: --problem needs --data FILE and --out DIR too" in capsys.readouterr().err


def test_the_exit_status_of_the_process_is_2_and_its_output_one_sentence(tmp_path: Path) -> None:
    data = tmp_path / "bad.csv"
    data.write_text("home_size_sqft,breed\n-5,dachshund\n", encoding="utf-8")
    done = run("--data", data, "--out", tmp_path / "model")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == f"train.py: In {data}, line 2 has '-5': home_size must be between 50 and 100,000 sq ft.\n"
    )
    assert not (tmp_path / "model").exists()


def test_bad_input_is_reported_in_json_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--data", str(tmp_path / "none.csv"), "--json"]) == 2
    printed = capsys.readouterr()
    assert json.loads(printed.out)["status"] == "bad input"
    assert json.loads(printed.out)["reasons"] == [printed.err.removeprefix("train.py: ").strip()]


def test_an_output_folder_that_cannot_be_made_is_refused_in_a_sentence(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert train.main(["--data", str(data), "--out", str(tmp_path / "file" / "model")]) == 2
    assert capsys.readouterr().err.startswith("train.py: Cannot write the model to ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rollback", ""], "There is no model ; there are "),
        (["--out", ""], "argument --out: must name a folder; it is empty"),
        (["--out", "README.md"], "argument --out: must name a folder; README.md is a file"),
    ],
)
def test_an_empty_version_or_folder_trains_nothing(
    data: Path, artifact_folder: Path, arguments: list[str], words: str
) -> None:
    before = contents(artifact_folder)
    out = [] if "--out" in arguments else ["--out", str(artifact_folder)]
    done = run("--data", data, *out, *arguments)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert contents(artifact_folder) == before


def test_after_a_write_that_fails_nothing_is_left_of_it(data: Path, artifact_folder: Path) -> None:
    before = contents(artifact_folder)
    script = 'ulimit -f 40; exec "$0" "$@"'
    command = ["bash", "-c", script, sys.executable, "train.py", "--data", str(data), "--force"]
    done = subprocess.run(
        [*command, "--out", str(artifact_folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Cannot write the model to " in done.stderr) == (2, True), done.stderr
    assert contents(artifact_folder) == before
    assert list((artifact_folder / "history").iterdir()) == []


def test_output_that_cannot_be_printed_is_a_warning_because_the_model_is_in_place(
    data: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "train.py", "--data", str(data), "--out", str(tmp_path / "model")],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert "warning: the result can't be printed: " in done.stderr
    assert Predictor.load(tmp_path / "model").check()


# The gate


def test_a_model_that_the_gate_refuses_is_not_written_unless_forced(
    artifact_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nonsense = tmp_path / "nonsense.csv"
    breeds = np.random.default_rng(1).choice(["dachshund", "german_shepherd"], 400)
    rows = "".join(f"{800 + 7 * row},{breed}\n" for row, breed in enumerate(breeds))
    nonsense.write_text(HEADER + rows, encoding="utf-8")
    before = contents(artifact_folder)
    command = ["--data", str(nonsense), "--out", str(artifact_folder)]
    assert train.main(command) == 1
    printed = capsys.readouterr()
    assert "The model is no better than always answering the classes' shares" in printed.err
    assert "Not written to" in printed.out
    assert contents(artifact_folder) == before

    assert train.main([*command, "--json", "--force"]) == 0
    printed = capsys.readouterr()
    reasons = json.loads(printed.out)["reasons"]
    assert f"written by --force all the same: {reasons[0]}\n" in printed.err
    forced = read_artifact(artifact_folder)
    assert forced.manifest.data.file == "nonsense.csv"
    assert list(forced.manifest.forced) == reasons != []
    card = forced.documents[CARD_NAME].decode()
    assert f"- **It was written by `--force`, though the gate refused it:** {reasons[0]}\n" in card


def test_a_model_written_by_force_stays_marked_when_it_is_trained_again(
    data: Path, artifact_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--data", str(data), "--out", str(artifact_folder)]
    assert train.main(command) == 1
    assert train.main([*command, "--force"]) == 0
    marked = read_artifact(artifact_folder)
    assert "is from 120 rows only" in marked.manifest.forced[-1]
    capsys.readouterr()
    assert train.main(command) == 0
    assert "Nothing new: it is the model in " in capsys.readouterr().out
    assert read_artifact(artifact_folder) == marked


def test_a_model_is_not_written_over_one_that_cannot_be_compared(
    data: Path, artifact_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (artifact_folder / CARD_NAME).open("a", encoding="utf-8") as card:
        card.write("Approved by Ann.")
    before = contents(artifact_folder)
    command = ["--data", str(data), "--out", str(artifact_folder)]
    assert train.main(command) == 1
    assert "The model in place can't be compared: " in capsys.readouterr().err
    assert contents(artifact_folder) == before
    assert train.main([*command, "--force"]) == 0
    assert read_artifact(artifact_folder).manifest.data.file == "mine.csv"


# Beside the model in place, and back to it


def test_both_models_are_shown_on_both_sets_of_rows(
    data: Path, artifact_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (ROOT / "model" / "homes.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    data.write_text("".join(lines[:3_001]), encoding="utf-8")
    command = ["--data", str(data), "--out", str(artifact_folder)]
    assert train.main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    comparison = found["comparison"]
    assert [part["rows"] for part in comparison["sets"]] == [600, 1_200]
    assert (comparison["new_rows"], comparison["old_rows"]) == (3_000, 6_000)
    for part in comparison["sets"]:
        new, old, difference = part["new"], part["old"], part["difference"]
        assert difference["mean"] == pytest.approx(new["mean"] - old["mean"])
        for each in (new, old, difference):
            assert each["low"] < each["mean"] < each["high"]
    assert "comparison" not in found["manifest"]

    assert train.main(command) == 0
    printed = capsys.readouterr().out
    assert "Nothing new: it is the model in " in printed


def test_a_model_is_listed_compared_and_taken_back(
    data: Path, artifact_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def ran(*arguments: str) -> str:
        code = train.main([*arguments, "--out", str(artifact_folder)])
        printed = capsys.readouterr()
        assert (code, printed.err) == (0, "")
        return printed.out.replace("\n", " ")

    shipped = contents(artifact_folder)
    first = Predictor.load(artifact_folder).model_version
    train.main(["--data", str(data), "--out", str(artifact_folder), "--force"])
    capsys.readouterr()
    second = Predictor.load(artifact_folder).model_version

    listed = ran("--list")
    assert re.search(rf"{second} +in place +120 +0\.\d{{4}} \(.*\) +mine\.csv", listed)
    assert re.search(rf"{first} +20\d\d-\d\d-\d\d \d\d:\d\d +6,000 .* homes\.csv", listed)
    models = json.loads(ran("--list", "--json"))["models"]
    assert [each["manifest"]["model_version"] for each in models] == [second, first]

    assert f"Model {second} beside Model {first}: log loss, nats" in ran("--compare", second, first)
    compared = json.loads(ran("--compare", second, first, "--json"))["comparison"]
    assert [part["judged"] for part in compared["sets"]] == [second, first]

    assert f"Model {first} is in place again, in " in ran("--rollback", first)
    now = contents(artifact_folder)
    assert now == shipped
    assert [path.name for path in (artifact_folder / "history").iterdir()] == [second]
    assert f"Model {first} is the one in place, in " in ran("--rollback", first)

    (artifact_folder / "manifest.json").write_text("{}", encoding="utf-8")
    assert train.main(["--rollback", second, "--out", str(artifact_folder)]) == 0
    printed = capsys.readouterr()
    assert f"Model {second} is in place again, in " in printed.out.replace("\n", " ")
    assert "warning: the model in place is damaged: " in printed.err
    damaged = artifact_folder / "history" / ("f" * 12)
    damaged.mkdir()
    (damaged / "manifest.json").write_text("{}", encoding="utf-8")
    assert train.main(["--list", "--out", str(artifact_folder)]) == 0
    printed = capsys.readouterr()
    assert (second in printed.out, "warning: a former model is damaged: " in printed.err) == (True, True)
    shutil.rmtree(damaged)
    assert train.main(["--rollback", "0" * 12, "--out", str(artifact_folder)]) == 2
    assert capsys.readouterr().err == f"train.py: There is no model {'0' * 12}; there are {second}.\n"


def test_a_model_that_was_trained_elsewhere_is_imported(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.read_csv(data)
    labels = table["breed"] == "german_shepherd"
    model = xgboost.XGBClassifier(n_estimators=9, n_jobs=1).fit(table[["home_size_sqft"]], labels)
    model.save_model(tmp_path / "notebook.json")
    out = tmp_path / "mine"
    command = ["--import", str(tmp_path / "notebook.json"), "--data", str(data), "--out", str(out)]
    assert train.main(command) == 0
    assert "all judged by" in capsys.readouterr().out
    asked = Predictor.load(out)
    answered = model.predict_proba(table[["home_size_sqft"]])
    assert np.array_equal(answers(asked, table["home_size_sqft"].to_numpy(float)).probabilities, answered)

    (tmp_path / "notebook.json").write_text("{", encoding="utf-8")
    assert train.main(command) == 2
    assert "can't be served: XGBoost can't read it; write it with save_model" in capsys.readouterr().err


# Checking an artifact


def test_check_verifies_and_shows_the_card(capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--check", str(ARTIFACT_FOLDER)]) == 0
    printed = capsys.readouterr().out
    for words in ("Model card", "Who should not use it", "simulated", "is whole"):
        assert words in printed


@pytest.mark.parametrize("name", ["MODEL_CARD.md", "probability.svg", "model-*.ubj"])
def test_check_refuses_an_artifact_with_a_changed_file(
    artifact_folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (path,) = artifact_folder.glob(name)
    path.write_bytes(path.read_bytes().replace(b"e", b"a", 1))
    assert train.main(["--check", str(artifact_folder)]) == 2
    assert f"{path} is not the " in capsys.readouterr().err


def test_check_prints_the_manifest_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main(["--check", str(ARTIFACT_FOLDER), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["manifest"]["model_file"].startswith("model-")


def test_help_explains_the_columns_the_gate_and_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        train.main(["--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    for words in (
        "--problem",
        "model/problem.toml",
        "the gate:",
        "exit status: 0 done, 1 refused by the gate, 2 bad input",
    ):
        assert words in printed
