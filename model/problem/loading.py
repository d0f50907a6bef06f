"""Reading ``problem.toml`` with its catalogue of classes and its pictures, and checking both."""

import hashlib
import tomllib
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from typing import Any

import msgspec

from model.problem.checks import ProblemError, faults, kind_fault
from model.problem.description import Problem
from model.problem.wording import plural

PROBLEM_FILE = Path(__file__).parent.with_name("problem.toml")

PICTURE_TYPES = {".svg", ".png", ".jpg", ".jpeg", ".webp"}
MAX_PICTURE_BYTES = 1024 * 1024


@dataclass(slots=True)
class _Pictures:
    """The pictures that a file names, by the name that each has in the artifact."""

    path: Path
    found: dict[str, bytes] = field(default_factory=dict)

    def add(self, folder: Path, name: Any) -> str:
        """Read a picture, whose name is relative to a folder, and return its name in the artifact.

        The name holds a hash of the content, so that two pictures of one name stay apart, and browsers may
        keep them for ever.

        Raises:
            ProblemError: the picture cannot be read, is of no known type, or is too large.
        """
        if not isinstance(name, str) or not name:
            return ""
        file = folder / name
        if file.suffix not in PICTURE_TYPES:
            known = ", ".join(sorted(PICTURE_TYPES))
            raise ProblemError(f"{self.path} names the picture {name}, which is none of {known}.")
        try:
            content = file.read_bytes()
        except OSError as error:
            raise ProblemError(
                f"{self.path} names the picture {name}, and {file} cannot be read: {error.strerror}."
            ) from error
        if len(content) > MAX_PICTURE_BYTES:
            raise ProblemError(f"{self.path} names the picture {name}, which is larger than 1 MB; shrink it.")
        kept = f"picture-{hashlib.sha256(content).hexdigest()[:12]}{file.suffix}"
        self.found[kept] = content
        return kept


def load_problem(path: Path = PROBLEM_FILE) -> tuple[Problem, dict[str, bytes]]:
    """Read a problem.

    Args:
        path: A TOML file like ``model/problem.toml``. The files that it names are relative to its folder,
            those of its catalogue to the catalogue's.

    Returns:
        The problem, whose pictures have their names in the artifact, and the pictures by these names.

    Raises:
        ProblemError: A file cannot be read or is not TOML, or the problem is faulty; each line of the message
            is a sentence that says what to correct.
    """
    tables = _read(path)
    pictures = _Pictures(path)
    target = tables.get("target")
    target = target if isinstance(target, dict) else {}
    catalogue, folder = target.pop("classes", {}), path.parent
    if isinstance(catalogue, str):
        folder = (path.parent / catalogue).parent
        catalogue = _read(path.parent / catalogue)
    if not isinstance(catalogue, dict) or not all(isinstance(entry, dict) for entry in catalogue.values()):
        raise ProblemError(
            f"{path}: target.classes must be the name of a catalogue, or a table for each class: "
            "[target.classes.KEY] with a name."
        )
    for features in [tables.get("features")]:
        if sentence := kind_fault(features):
            raise ProblemError(f"{path}: {sentence}")
        tables["features"] = [_with_defaults(feature) for feature in features or ()]
    for name in ("icon", "preview"):
        tables[name] = pictures.add(path.parent, tables.get(name))
    tables["classes"] = [
        entry
        | {
            "key": key,
            "picture": pictures.add(folder, entry.get("picture")),
            "preview": pictures.add(folder, entry.get("preview")),
        }
        for key, entry in catalogue.items()
    ]
    try:
        problem = msgspec.convert(_with_words(tables), Problem)
    except msgspec.ValidationError as error:
        raise ProblemError(f"{path} is not valid: {error}.") from error
    if found := faults(problem):
        raise ProblemError("\n".join(f"{path}: {sentence}" for sentence in found))
    return problem, pictures.found


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ProblemError(f"Cannot read {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProblemError(f"{path} is not valid TOML: {error}.") from error


def _with_defaults(feature: dict[str, Any]) -> dict[str, Any]:
    """Return a feature's table with the words that its name gives where the file has none."""
    short = feature.get("short") or str(feature.get("name", "")).replace("_", " ")
    if feature["kind"] == "number" and (example := _example(feature)) is not None:
        feature = {"example": example} | feature
    return {
        "question": f"{short[:1].upper()}{short[1:]}",
        "short": short,
        "yours": short,
        "axis": f"{short[:1].upper()}{short[1:]}",
    } | feature


def _example(number: dict[str, Any]) -> Any:
    """Return a typical value of a number: the first that the file has, or the middle of its limits."""
    unit = next(iter(number.get("units") or {}), "value")
    for typical in number.get("typical", ()):
        return typical.get(unit)
    low, high = number.get("min"), number.get("max")
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return None
    middle = sqrt(low * high) if number.get("scale") == "log" and low > 0 and high > 0 else (low + high) / 2
    rounded = float(f"{middle:.3g}")
    return int(rounded) if rounded.is_integer() else rounded


def _with_words(tables: dict[str, Any]) -> dict[str, Any]:
    """Return the tables with the words that other words give where the file has none."""
    row = tables.setdefault("row", {"name": "row", "plural": "rows"})
    target = tables.get("target") or {}
    if isinstance(target, dict) and "name" in target:
        words = str(target["name"]).replace("_", " ")
        target.setdefault("plural", plural(words))
        tables.setdefault("answer", {"name": words, "plural": target["plural"]})
        tables.setdefault("title", words.capitalize())
    question = tables.setdefault("question", f"{tables.get('title')}?")
    tables.setdefault("description", question)
    sentences = tables.setdefault("sentences", {})
    if isinstance(sentences, dict) and isinstance(row, dict) and tables["features"]:
        rows = str(row.get("plural", "rows"))
        short = tables["features"][0]["short"]
        sentences.setdefault("rows", f"{rows[:1].upper()}{rows[1:]} with a {short} {{range}}")
    return tables
