"""The model card: what the model is for, its data, its answers, how good it is and its limits."""

from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from model.manifest import FeatureStats, KnownAnswer, Manifest, Metrics
from model.problem.description import Class
from model.problem.features import AnyFeature, Choice, Number
from model.problem.rows import RowReader
from model.problem.wording import listed
from model.training import plots, simulation
from model.training.fitting import monotone_constraints

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701  # it is Markdown; the page that shows it escapes HTML
    keep_trailing_newline=True,
)

MOST_FEATURES = 5
"""The most features that are shown of a known answer."""
MOST_COLUMNS = 8
"""The most classes that get a column of their own in a table, and the most confusions that are listed."""

_count = "{:,}".format
"""Writes a number of rows with thousands marks."""
MEASURES = (
    ("accuracy", "Accuracy", "higher is better"),
    ("log_loss", "Log loss, nats", "lower is better"),
    ("brier_score", "Brier score", "lower is better"),
    ("calibration_error", "Expected calibration error", "lower is better"),
    ("roc_auc", "ROC AUC", "higher is better"),
)
"""The measures in order: key in the manifest, title, and whether higher or lower is better."""


def write_card(manifest: Manifest) -> bytes:
    """Write the card of a model in Markdown, from its manifest alone."""
    metrics, problem = manifest.metrics, manifest.problem
    names = [entry.name for entry in problem.classes]
    card = _TEMPLATES.get_template("card.md.jinja").render(
        manifest=manifest,
        names=names,
        asked=[f"the {feature.short}" for feature in problem.features],
        classes=[(name, _count(rows)) for name, rows in zip(names, manifest.data.rows.values(), strict=True)],
        features=[
            (f"{feature.axis} (`{feature.name}`)", _seen(feature, stats), _count(stats.blanks))
            for feature, stats in zip(problem.features, manifest.features, strict=True)
        ],
        shown=weightiest(manifest),
        answers=[_answer(manifest, known) for known in manifest.known_answers],
        changes=changes_in_words(manifest),
        importances=[(feature.axis, f"{weight:.3f}") for feature, weight in plots.importances(manifest)],
        measures=[
            (f"{title} ({way})", _score(metrics, key), measure(key, metrics.baseline[key]))
            for key, title, way in MEASURES
        ],
        most_columns=MOST_COLUMNS,
        confusion=[
            [name, *map(_count, row.values())]
            for name, row in zip(names, metrics.confusion.values(), strict=True)
        ],
        confused=_confused(manifest),
        unseen=list(_unseen(manifest)),
        constraints=constraints_in_words(manifest),
        parameters=[(key, f"`{value}`") for key, value in manifest.parameters.items()],
        listed=listed,
        count=_count,
        plots=plots,
        simulation=simulation,
    )
    return card.encode()


def _seen(feature: AnyFeature, stats: FeatureStats) -> str:
    if isinstance(feature, Number):
        ends = f"{feature.rounded(stats.min or 0)} to {feature.rounded(stats.max or 0)}"
        return f"{ends}{feature.label(feature.unit)}"
    return ", ".join(f"{name} {rows:,}" for name, rows in _counts(feature, stats).items())


def _counts(feature: AnyFeature, stats: FeatureStats) -> dict[str, int]:
    """Return the fitted rows of each choice, or of yes and no, by its name for people."""
    names = feature.choices if isinstance(feature, Choice) else {"no": "No", "yes": "Yes"}
    return {names[key]: rows for key, rows in stats.counts.items()}


def weightiest(manifest: Manifest) -> list[AnyFeature]:
    """Return the features that are shown of a known answer: the weightiest, in the order of the problem."""
    most = [feature for feature, _ in plots.importances(manifest)[:MOST_FEATURES]]
    return [feature for feature in manifest.problem.features if feature in most or not most]


def known_in_words(manifest: Manifest, known: KnownAnswer) -> list[str]:
    """Return the values of a known answer's row for people: those of the weightiest features."""
    readings = RowReader(manifest.problem).from_json(known.row).readings
    values = zip(manifest.problem.features, readings, strict=True)
    shown = weightiest(manifest)
    return [feature.in_words(reading) for feature, reading in values if feature in shown]


def best(manifest: Manifest, known: KnownAnswer) -> tuple[Class, float]:
    """Return the class of a known answer, and its probability."""
    share = max(known.probabilities)
    return manifest.problem.classes[known.probabilities.index(share)], share


def _answer(manifest: Manifest, known: KnownAnswer) -> list[str]:
    """Return a row of the table of known answers, with every probability or, of many, the greatest."""
    shares = [f"{value:.1%}" for value in known.probabilities]
    if len(shares) > MOST_COLUMNS:
        entry, share = best(manifest, known)
        shares = [entry.name, f"{share:.1%}"]
    return [*known_in_words(manifest, known), *shares]


def _confused(manifest: Manifest) -> list[tuple[str, str, str]]:
    """Return the most frequent wrong answers: the class that rows have, the answered one, and the rows."""
    by_key, confusion = manifest.problem.by_key, manifest.metrics.confusion
    found = [
        (rows, by_key[key].name, by_key[answered].name)
        for key, row in confusion.items()
        for answered, rows in row.items()
        if rows and key != answered
    ]
    return [
        (has, answered, _count(rows)) for rows, has, answered in sorted(found, reverse=True)[:MOST_COLUMNS]
    ]


def changes_in_words(manifest: Manifest) -> list[str]:
    """Return where the answer of a model of one number changes, a sentence each."""
    by_key = manifest.problem.by_key
    return [
        f"At {number.rounded(boundary.value)}{number.label(number.unit)} the answer changes from "
        f"{by_key[boundary.below].name} to {by_key[boundary.above].name}."
        for number in manifest.problem.numbers
        for boundary in manifest.decision_boundaries
    ]


def constraints_in_words(manifest: Manifest) -> list[str]:
    """Return the monotone constraints that a problem declares, a sentence each, and whether they count."""
    problem = manifest.problem
    last, plural = problem.classes[-1].name, problem.target.plural
    why_not = "of a model that was trained elsewhere" if manifest.imported else f"with over two {plural}"
    return [
        f"As {feature.axis} rises, {last} never gets {'less' if direction > 0 else 'more'} probable; the fit "
        "is constrained so."
        if direction and not manifest.imported
        else f"{feature.axis} is declared {feature.monotone}, which does not count {why_not}."
        for feature, direction in zip(problem.features, monotone_constraints(problem), strict=True)
        if isinstance(feature, Number) and feature.monotone
    ]


def _unseen(manifest: Manifest) -> Iterator[str]:
    """Yield the values that no fitted row has: numbers beyond the range, choices, and blanks."""
    for feature, stats in zip(manifest.problem.features, manifest.features, strict=True):
        if isinstance(feature, Number):
            ends = []
            if stats.min is not None and stats.min > feature.min:
                ends.append(f"below {feature.rounded(stats.min)}")
            if stats.max is not None and stats.max < feature.max:
                ends.append(f"above {feature.rounded(stats.max)}")
            if ends:
                yield f"{feature.axis} {' or '.join(ends)}{feature.label(feature.unit)}"
        yield from (f"{feature.axis} {name}" for name, rows in _counts(feature, stats).items() if not rows)
        if not feature.required and not stats.blanks:
            yield f"{feature.axis} not given"


def _score(metrics: Metrics, key: str) -> str:
    low, high = metrics.intervals[key]
    return f"{measure(key, getattr(metrics, key))} ({measure(key, low)} to {measure(key, high)})"


def measure(key: str, value: float) -> str:
    """Format the value of a measure: accuracy in percent, any other with four decimals."""
    return f"{value:.1%}" if key == "accuracy" else f"{value:.4f}"
