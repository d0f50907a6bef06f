"""Reading ``problem.toml`` with its catalogue of classes and its pictures, and checking both."""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from typing import Any

import msgspec

from model.problem.checks import ProblemError, faults, kind_fault
from model.problem.description import Class, Problem
from model.problem.features import AnyFeature
from model.problem.wording import plural

PROBLEM_FILE = Path(__file__).parent.with_name("problem.toml")

PICTURE_TYPES = {".svg", ".png", ".jpg", ".jpeg", ".webp"}
MAX_PICTURE_BYTES = 1024 * 1024
MAY_BE_EMPTY = "Leave it empty if you don’t know."  # noqa: RUF001 - as in print


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
    tables, pictures = _read(path), _Pictures(path)
    if not tables:
        raise ProblemError(f"{path} is empty; `python train.py --draft` prints what stands in such a file.")
    catalogue, folder = _catalogue(path, tables)
    if sentence := kind_fault(tables.get("features")):
        raise ProblemError(f"{path}: {sentence}")
    tables["features"] = [_with_defaults(feature) for feature in tables["features"]]
    for name in ("icon", "preview"):
        tables[name] = pictures.add(path.parent, tables.get(name))
    tables["classes"] = [entry | {"key": key} for key, entry in catalogue.items()]
    for entry in tables["classes"]:
        for name in ("picture", "preview"):
            entry[name] = pictures.add(folder, entry.get(name))
    # The features and classes first, because a fault of theirs is then found by name.
    parts: list[tuple[str, Any, Any]] = [
        *((f"the feature {each.get('name')!r}", each, AnyFeature) for each in tables["features"]),
        *((f"the class {each['key']!r}", each, Class) for each in tables["classes"]),
    ]
    found = list(_invalid(parts)) or list(_invalid([("the file", _with_words(tables), Problem)]))
    if not found:
        problem = msgspec.convert(tables, Problem)
        found = faults(problem)
    if found:
        raise ProblemError("\n".join(f"{path}: {sentence}" for sentence in found))
    return problem, pictures.found


def _catalogue(path: Path, tables: dict[str, Any]) -> tuple[dict[str, Any], Path]:
    """Return the tables of the classes by their keys, and the folder that their pictures are relative to."""
    target = tables.get("target")
    classes = target.pop("classes", None) if isinstance(target, dict) else None
    folder = path.parent
    if isinstance(classes, str):
        file = folder / classes
        classes, folder = _read(file), file.parent
    if not isinstance(classes, dict) or len(classes) < 2 or {dict} != set(map(type, classes.values())):
        raise ProblemError(
            f"{path}: target.classes must be the name of a catalogue, or tables [target.classes.KEY] with a "
            "name each; there must be two classes or more."
        )
    return classes, folder


def _invalid(parts: Iterable[tuple[str, Any, Any]]) -> Iterator[str]:
    """Yield a sentence for each table that is not of its type; each has the words for it."""
    for what, table, kind in parts:
        try:
            msgspec.convert(table, kind)
        except msgspec.ValidationError as error:
            yield f"{what} is not valid: {error}. model/README.md describes what there can be."


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
    short = str(feature.get("short") or feature.get("name", "")).replace("_", " ")
    if feature["kind"] == "number" and (example := _example(feature)) is not None:
        feature = {"example": example} | feature
    if feature["kind"] == "number" and feature.get("required") is False:  # a choice has "I don't know"
        feature = feature | {"hint": f"{feature.get('hint', '')} {MAY_BE_EMPTY}".lstrip()}
    return {
        "question": f"{short[:1].upper()}{short[1:]}",
        "short": short,
        "yours": short,
        "axis": f"{short[:1].upper()}{short[1:]}",
    } | feature


def _example(number: dict[str, Any]) -> Any:
    """Return the first typical value of a number, or the middle of its limits; None if neither is there."""
    typical, units = number.get("typical"), number.get("units") or {}
    low, high = number.get("min"), number.get("max")
    if isinstance(typical, list) and isinstance(units, dict):
        unit = next(iter(units), "value")
        for each in typical:
            if isinstance(each, dict) and unit in each:
                return each[unit]
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return None
    middle = sqrt(low * high) if number.get("scale") == "log" and low > 0 and high > 0 else (low + high) / 2
    rounded = float(f"{middle:.3g}")
    example = rounded if low <= rounded <= high else middle
    return int(example) if example.is_integer() else example


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
