"""The training command: ``python train.py``; see ``python train.py --help``."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown

from model.artifact import ARTIFACT_FOLDER, ArtifactError, history, read_artifact, read_whole, write_artifact
from model.manifest import CARD_NAME, JUDGED_NAME, MANIFEST_NAME
from model.predictor import Predictor
from model.problem.checks import ProblemError, warnings
from model.problem.loading import PROBLEM_FILE, load_problem
from model.training.comparison import Comparison, compare, read_judged_model
from model.training.dataset import MIN_ROWS, DatasetError, read_dataset
from model.training.draft import draft
from model.training.gate import comparison_with, refusals
from model.training.importing import import_model
from model.training.oddities import oddities
from model.training.pipeline import Trained, force, train
from model.training.simulation import HOMES_FILE
from model.training.terminal import compared, kept, result

DONE, REFUSED, BAD_INPUT, STOPPED = 0, 1, 2, 130

DESCRIPTION = """\
Train a model from a table and a file that says what is asked and answered.

Reads rows from a CSV file and checks every line, fits an XGBoost classifier to four fifths of them, judges it
on the rest, and writes the model that the web app serves, with a card and plots that say how good it is. The
same data give the same model. Without options it is the model that we ship: which puppy suits a home.
"""

EPILOG = f"""\
your own table:
  The data is CSV in UTF-8, plain or gzip, with commas, semicolons or tabs. Each feature of the problem has a
  column of its name (a number also of name and unit, as home_size_m2), and so has the target; other columns
  are passed over. There must be two classes or more, and {MIN_ROWS} rows of each. --draft prints a first
  problem file for a table; model/README.md describes what can stand in it. Training warns of rows that are
  allowed but probably wrong, such as those in another unit.

    python train.py --draft data.csv --target species > problem.toml
    python train.py --problem problem.toml --data data.csv --out my-model
    python train.py --check my-model
    MODEL_DIR=my-model make run

a model of your own:
  An XGBoost classifier that was trained elsewhere, saved by save_model, is judged on the data and written
  like one that was trained here. Its features are matched to the problem's by name.

    python train.py --import model.ubj --problem problem.toml --data data.csv --out my-model

the gate:
  A model is not written if it is no better than always answering the classes' shares, if its probabilities
  are not to be believed, or if it is worse than the model in place, on the rows held out now or on those that
  the model in place was judged by. Only differences beyond their 95 % bootstrap interval count. Nor is it
  written if it is from less than a quarter of the rows, or if the model in place is damaged. --force writes
  it all the same, and the card says so.

going back:
  The model that is replaced is kept, with the last four before it.

    python train.py --list
    python train.py --compare 25f1f87a5e3d 0c1b2a3d4e5f
    python train.py --rollback 25f1f87a5e3d

exit status: 0 done, 1 refused by the gate, 2 bad input; after 1 and 2 nothing was written
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train a model and write it, check one, or draft a problem; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.problem and not (options.data and options.out):
        parser.error(
            "--problem needs --data FILE and --out DIR too (with make: DATA= and ARTIFACT=), so that no "
            "other model is replaced."
        )
    commands = (
        (options.check, _check),
        (options.draft, _draft),
        (options.list, _list),
        (options.compare, _compare),
        (options.rollback, _roll_back),
    )
    try:
        # An empty VERSION is one, too: it must not train.
        return next((command for given, command in commands if given or given == ""), _train)(options)
    except (ProblemError, DatasetError, ArtifactError) as error:
        sentences = str(error).splitlines()
    except PermissionError as error:
        sentences = [f"Cannot read {error.filename}: {error.strerror}."]
    except KeyboardInterrupt:
        _say("stopped")
        return STOPPED
    for sentence in sentences:
        _say(sentence)
    if options.json:
        _print_json({"status": "bad input", "reasons": sentences})
    return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="train.py",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    files = parser.add_argument_group("files")
    files.add_argument("--problem", type=Path, metavar="FILE", help="what is asked (model/problem.toml)")
    files.add_argument("--data", type=Path, metavar="FILE", help="the CSV (model/homes.csv)")
    files.add_argument("--out", type=_folder, metavar="DIR", help="where the model goes (model/artifact)")
    fitting = parser.add_argument_group("fitting")
    fitting.add_argument("--search", action="store_true", help="try more settings; slower")
    fitting.add_argument(
        "--threads",
        type=_positive,
        default=1,
        metavar="N",
        help="threads for the last fit (1; with more, the same data may give other bytes)",
    )
    fitting.add_argument(
        "--import", dest="model", type=Path, metavar="FILE", help="take this model; fit none"
    )
    fitting.add_argument("--force", action="store_true", help="write the model even if the gate refuses it")
    instead = parser.add_argument_group("instead of training").add_mutually_exclusive_group()
    instead.add_argument("--check", type=Path, metavar="DIR", help="verify a model and show its card")
    instead.add_argument(
        "--list", action="store_true", help="list the model and the former ones that are kept"
    )
    instead.add_argument("--compare", nargs=2, metavar="VERSION", help="show two of these side by side")
    instead.add_argument("--rollback", metavar="VERSION", help="put a former one in place again")
    instead.add_argument("--draft", type=_file, metavar="FILE", help="print a first problem.toml for a CSV")
    parser.add_argument("--target", default="", metavar="COLUMN", help="the column to answer, with --draft")
    parser.add_argument("--json", action="store_true", help="print the result as JSON, for programs")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number of 1 or more")
    return int(text)


def _file(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("must name a CSV (with make: DATA=); it is empty")
    return Path(text)


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("must name a folder; it is empty")
    if Path(text).exists() and not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"must name a folder; {text} is a file")
    return Path(text)


def _train(options: argparse.Namespace) -> int:
    out = options.out or ARTIFACT_FOLDER
    with Console(stderr=True).status("Reading") as status:
        problem, pictures = load_problem(options.problem or PROBLEM_FILE)
        data = read_dataset(options.data or HOMES_FILE, problem)
        status.update("Judging" if options.model else "Training")
        trained = (
            import_model(options.model, data, pictures)
            if options.model
            else train(data, pictures, wide=options.search, threads=options.threads)
        )
        last = read_whole(out)
        comparison, incomparable, reasons = _judged(trained, out)
        odd = oddities(data, trained, last.manifest if last else None)
    artifact, written = trained.artifact, options.force or not reasons
    # A model that is in place by --force stays marked when it is trained again.
    same = last and last.manifest.model_version == artifact.manifest.model_version
    if forced := [*(last.manifest.forced if last and same else ()), *(reasons if options.force else ())]:
        artifact = force(artifact, list(dict.fromkeys(forced)))
    new, left = write_artifact(artifact, out, last) if written else (False, [])
    found = [*warnings(data.problem), *data.warnings, *odd, *incomparable, *left]
    for sentence in found:
        _say(f"warning: {sentence}")
    outcome = ("done" if new else "nothing new") if written else "refused"
    said = {
        "done": f"Written to {out}. A server that runs takes it at SIGHUP, or when it is started again.",
        "nothing new": f"Nothing new: it is the model in {out}.",
        "refused": f"Not written to {out}.",
    }
    _show(
        options,
        result(artifact.manifest, comparison, said[outcome]),
        status=outcome,
        reasons=reasons,
        warnings=found,
        folder=str(out),
        comparison=comparison,
        manifest=artifact.manifest,
    )
    for sentence in reasons:  # last, for whoever reads the end of a long output
        _say(f"written by --force all the same: {sentence}" if written else sentence)
    return DONE if written else REFUSED


def _judged(trained: Trained, out: Path) -> tuple[Comparison | None, list[str], list[str]]:
    """Return the comparison with the model in place, warnings, and the reasons not to write the new one."""
    try:
        comparison, incomparable = comparison_with(trained, out)
    except ArtifactError as error:
        why = f"The model in place can't be compared: {error} With --force the new one is written instead."
        return None, [], [*refusals(trained, None), why]
    return comparison, incomparable, refusals(trained, comparison)


def _models(options: argparse.Namespace) -> dict[str, Path]:
    """Return the folders of the model in place, unless it is damaged, and of the former ones, by version."""
    out = options.out or ARTIFACT_FOLDER
    former = history(out)
    try:
        version = read_artifact(out).manifest.model_version
    except ArtifactError as error:
        if not former:
            raise
        _say(f"warning: the model in place is damaged: {error}")
        return former
    return {version: out} | {other: folder for other, folder in former.items() if other != version}


def _named(options: argparse.Namespace, version: str) -> Path:
    models = _models(options)
    if version not in models:
        raise ArtifactError(f"There is no model {version}; there are {', '.join(models)}.")
    return models[version]


def _list(options: argparse.Namespace) -> int:
    found = []
    for version, folder in _models(options).items():
        replaced = datetime.fromtimestamp((folder / MANIFEST_NAME).stat().st_mtime)
        state = f"{replaced:%Y-%m-%d %H:%M}" if folder.name == version else "in place"
        try:
            found.append((state, read_artifact(folder).manifest))
        except ArtifactError as error:
            _say(f"warning: a former model is damaged: {error}")
    models = [{"replaced": state, "manifest": each} for state, each in found]
    _show(options, kept(found), status="done", models=models)
    return DONE


def _compare(options: argparse.Namespace) -> int:
    new, old = (read_judged_model(_named(options, version)) for version in options.compare)
    comparison = compare(new, old)
    if comparison is None:
        raise ArtifactError("These models have other features or classes than each other.")
    if not comparison.sets:
        raise ArtifactError(f"Neither of these models has its {JUDGED_NAME}, with rows to compare them on.")
    _show(options, compared(comparison), status="done", comparison=comparison)
    return DONE


def _roll_back(options: argparse.Namespace) -> int:
    out = options.out or ARTIFACT_FOLDER
    folder = _named(options, options.rollback)
    Predictor.load(folder)
    new, left = write_artifact(read_artifact(folder), out)
    for sentence in left:
        _say(f"warning: {sentence}")
    said = f"Model {options.rollback} is {'in place again' if new else 'the one in place'}, in {out}."
    _show(options, said, status="done" if new else "nothing new", warnings=left, folder=str(out))
    return DONE


def _draft(options: argparse.Namespace) -> int:
    text, left_out = draft(options.draft, options.target)
    sys.stdout.write(text)
    if left_out:
        _say(f"left out, for the reasons in the comments: {', '.join(left_out)}")
    return DONE


def _check(options: argparse.Namespace) -> int:
    artifact = read_artifact(options.check)
    manifest = artifact.manifest
    Predictor.load(options.check)
    card = Markdown(artifact.documents[CARD_NAME].decode())
    said = Group(card, f"\n{options.check} is whole: model {manifest.model_version}.")
    _show(options, said, status="done", folder=str(options.check), manifest=manifest)
    return DONE


def _show(options: argparse.Namespace, for_people: RenderableType, **for_programs: object) -> None:
    """Print a result for people, or with --json for programs."""
    try:
        if options.json:
            _print_json(for_programs)
        else:
            Console().print(for_people)
        sys.stdout.flush()
    except (
        OSError,
        UnicodeError,
    ) as error:  # the model may be in place all the same, and the exit status says so
        _say(f"warning: the result can't be printed: {error}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the exit


def _print_json(content: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(content, indent=2, default=msgspec.to_builtins) + "\n")


def _say(sentence: str) -> None:
    sys.stderr.write(f"train.py: {sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
