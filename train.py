"""The training command: ``python train.py``; see ``python train.py --help``."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.markdown import Markdown

from model.artifact import ARTIFACT_FOLDER, ArtifactError, read_artifact, write_artifact
from model.manifest import CARD_NAME
from model.predictor import Predictor
from model.problem.checks import ProblemError, warnings
from model.problem.loading import PROBLEM_FILE, load_problem
from model.training.dataset import MIN_ROWS, DatasetError, read_dataset
from model.training.gate import refusals
from model.training.pipeline import train
from model.training.simulation import HOMES_FILE
from model.training.terminal import result

DONE, REFUSED, BAD_INPUT = 0, 1, 2

DESCRIPTION = """\
Train the model that recommends a puppy for a home size.

Reads households from a CSV file and checks every line, fits an XGBoost classifier to four fifths of them,
judges it on the rest, and writes the model that the web app serves, with a card and plots that say how good
it is. The same data give the same model.
"""

EPILOG = f"""\
your own data:
  A household is a line with the size of the home and the breed that lives in it:

    home_size_sqft,breed
    1150,dachshund
    2700,german_shepherd

  The size may instead be in square metres, in a column home_size_m2. The file is CSV in UTF-8, plain or gzip,
  with commas, semicolons or tabs; other columns are passed over. There must be two breeds or more, and \
{MIN_ROWS}
  households of each. Every breed must be in the catalogue; for those that are not,

    python train.py --data households.csv --init-breeds >> model/breeds.toml

  appends what there is to fill in.

examples:
  python train.py                                       the simulated households that we ship
  python train.py --data households.csv --out my-model  your own
  python train.py --check my-model                      is it whole, and how good is it?
  MODEL_DIR=$PWD/my-model make run                      serve it

the gate:
  A model is not written if it is no better than always answering the breeds' shares, if its probabilities are
  not to be believed, or if it is worse, on the same held-out households, than the model that it would
  replace. Only differences beyond their 95 % bootstrap interval count. --force writes it all the same.

exit status: 0 done, 1 refused by the gate, 2 bad input; after 1 and 2 nothing was written
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train a model and write it, or check one.

    Args:
        arguments: The command line without the program's name; that of ``sys.argv`` by default.

    Returns:
        The exit status: 0 done, 1 refused by the gate, 2 bad input. After 1 and 2, standard error has the
        reasons.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.check:
            return _check(options)
        return _train(options)
    except (ProblemError, DatasetError, ArtifactError) as error:
        for sentence in str(error).splitlines():
            _say(sentence)
        if options.json:
            _print_json({"status": "bad input", "reasons": str(error).splitlines()})
        return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="train.py",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    files = parser.add_argument_group("files")
    files.add_argument(
        "--data", type=Path, default=HOMES_FILE, metavar="FILE", help="the CSV (model/homes.csv)"
    )
    files.add_argument(
        "--problem",
        type=Path,
        default=PROBLEM_FILE,
        metavar="FILE",
        help="what is asked (model/problem.toml)",
    )
    files.add_argument(
        "--out",
        type=Path,
        default=ARTIFACT_FOLDER,
        metavar="DIR",
        help="where the model goes (model/artifact)",
    )
    fitting = parser.add_argument_group("fitting")
    fitting.add_argument("--search", action="store_true", help="try more settings; slower")
    fitting.add_argument(
        "--threads",
        type=_positive,
        default=1,
        metavar="N",
        help="threads for the last fit (1; with more, the same data may give other bytes)",
    )
    fitting.add_argument("--force", action="store_true", help="write the model even if the gate refuses it")
    instead = parser.add_argument_group("instead of training").add_mutually_exclusive_group()
    instead.add_argument("--check", type=Path, metavar="DIR", help="verify a model and show its card")
    parser.add_argument("--json", action="store_true", help="print the result as JSON, for programs")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number of 1 or more")
    return int(text)


def _train(options: argparse.Namespace) -> int:
    with Console(stderr=True).status("Reading") as status:
        problem, pictures = load_problem(options.problem)
        data = read_dataset(options.data, problem)
        status.update("Training")
        trained = train(data, pictures, wide=options.search, threads=options.threads)
        reasons = refusals(trained, options.out)
    written = options.force or not reasons
    if written:
        write_artifact(trained.artifact, options.out)
    manifest = trained.artifact.manifest
    found = [*warnings(problem), *data.warnings]
    for sentence in found:
        _say(f"warning: {sentence}")
    for sentence in reasons:
        _say(sentence)
    if options.json:
        _print_json(
            {
                "status": "done" if written else "refused",
                "reasons": reasons,
                "warnings": found,
                "folder": str(options.out),
                "manifest": manifest,
            }
        )
    else:
        Console().print(result(manifest, options.out, written=written))
    return DONE if written else REFUSED


def _check(options: argparse.Namespace) -> int:
    artifact = read_artifact(options.check)
    manifest = artifact.manifest
    Predictor.load(options.check)
    if options.json:
        _print_json({"status": "done", "folder": str(options.check), "manifest": manifest})
    else:
        Console().print(Markdown(artifact.documents[CARD_NAME].decode()))
        Console().print(f"\n{options.check} is whole: model {manifest.model_version}.")
    return DONE


def _print_json(content: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(content, indent=2, default=msgspec.to_builtins) + "\n")


def _say(sentence: str) -> None:
    sys.stderr.write(f"train.py: {sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
