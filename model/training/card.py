"""The model card: what the model is for, its data, its answers, how good it is and its limits.

After Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
"""

from collections.abc import Iterable, Iterator

from model.manifest import FeatureStats, KnownAnswer, Manifest, Metrics
from model.problem.features import AnyFeature, Choice, Number
from model.problem.rows import RowReader
from model.problem.wording import listed, rounded
from model.training import plots
from model.training.fitting import monotone_constraints
from model.training.simulation import ABOUT

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
    problem = manifest.problem
    names = [entry.name for entry in problem.classes]
    asked = listed(f"the {feature.short}" for feature in problem.features)
    over = "that one feature" if len(problem.features) == 1 else f"these {len(problem.features)} features"
    purpose = (
        f"Given {asked}, the model says how probable each {problem.target.words} is: {listed(names, 'or')}. "
        f"It is gradient-boosted trees (XGBoost {manifest.xgboost_version}) over {over}."
    )
    sections = [
        f"# Model card: {problem.title}, model {manifest.model_version}",
        purpose,
        _use(manifest),
        _data(manifest, names),
        _answers(manifest, names),
        _quality(manifest, names),
        "## Its limits\n\n" + "\n".join(f"- {limit}" for limit in _limits(manifest)),
        _fit(manifest),
    ]
    return ("\n\n".join(sections) + "\n").encode()


def _use(manifest: Manifest) -> str:
    problem, rows = manifest.problem, manifest.problem.row.plural
    purpose = (
        "To show how a model is trained, judged and served, and as a start for a model of your own. The data "
        f"are simulated, so its answers say nothing about real {rows}."
        if manifest.data.simulated
        else f'To answer the question "{problem.question}", and to show how sure a model can be of it. It is '
        f"for you to judge whether its answers hold for other {rows} than those of the data."
    )
    warning = f"\n\n**Who should not use it:** {problem.not_for}" if problem.not_for else ""
    return f"""\
## What it is for

{purpose}{warning}"""


def _data(manifest: Manifest, names: list[str]) -> str:
    data, problem = manifest.data, manifest.problem
    rows, target = problem.row.plural, problem.target.words
    split = (
        f"The model was trained elsewhere, on {rows} that are not known here, and judged by all of these, "
        "some of which it may have been fitted to. They have:"
        if manifest.imported
        else f"The model was fitted to {data.fitted:,} {rows}; {data.held_out:,} others, a fifth of each "
        f"{target}, were held out. The fitted {rows} have:"
    )
    about = f" {ABOUT}" if data.simulated else ""
    classes = ((name, f"{count:,}") for name, count in zip(names, data.rows.values(), strict=True))
    features = (
        (f"{feature.axis} (`{feature.name}`)", _seen(feature, stats), f"{stats.blanks:,}")
        for feature, stats in zip(problem.features, manifest.features, strict=True)
    )
    drawn = "\n\n".join(
        f"![The {feature.short} of the training {rows}, by {target}]({plots.feature_plot_name(feature)})"
        for feature in problem.features
    )
    return f"""\
## The data

`{data.file}` (sha256 `{data.sha256[:12]}…`).{about}

{_table((target.capitalize(), rows.capitalize()), classes)}

{split}

{_table(("Feature", "Values", "Blanks"), features)}

{drawn}"""


def _seen(feature: AnyFeature, stats: FeatureStats) -> str:
    if isinstance(feature, Number):
        ends = f"{rounded(stats.min or 0)} to {rounded(stats.max or 0)}"
        return f"{ends}{feature.label(feature.unit)}"
    return ", ".join(f"{name} {count:,}" for name, count in _counts(feature, stats).items())


def _counts(feature: AnyFeature, stats: FeatureStats) -> dict[str, int]:
    """Return the fitted rows of each choice, or of yes and no, by its name for people."""
    names = feature.choices if isinstance(feature, Choice) else {"no": "No", "yes": "Yes"}
    return {names[key]: count for key, count in stats.counts.items()}


def _answers(manifest: Manifest, names: list[str]) -> str:
    problem = manifest.problem
    header = (*(feature.axis for feature in problem.features), *names)
    rows = (
        (*known_in_words(manifest, known), *(f"{value:.1%}" for value in known.probabilities))
        for known in manifest.known_answers
    )
    parts = ["## What it answers", _table(header, rows)]
    if number := problem.only_number:
        changes = "\n".join(f"- {change}" for change in changes_in_words(manifest))
        parts.append(changes or f"The answer is the same for every {problem.row.name}.")
        title = f"The probability of each {problem.target.words} by the {number.short}"
        parts.append(f"![{title}]({plots.PROBABILITY})")
    if weights := plots.importances(manifest):
        parts.append("How much each feature moves the answers, on average over the rows held out:")
        values = ((feature.axis, f"{weight:.3f}") for feature, weight in weights)
        parts.append(_table(("Feature", "Mean absolute SHAP value, log-odds"), values))
        parts.append(f"![What the answers depend on]({plots.IMPORTANCE})")
    return "\n\n".join(parts)


def known_in_words(manifest: Manifest, known: KnownAnswer) -> list[str]:
    """Return the values of a known answer's row for people, in the order of the features."""
    row = RowReader(manifest.problem).from_json(known.row)
    return [
        feature.in_words(reading)
        for feature, reading in zip(manifest.problem.features, row.readings, strict=True)
    ]


def changes_in_words(manifest: Manifest) -> list[str]:
    """Return where the answer of a model of one number changes, a sentence each."""
    by_key = manifest.problem.by_key
    return [
        f"At {rounded(boundary.value)}{number.label(number.unit)} the answer changes from "
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


def _quality(manifest: Manifest, names: list[str]) -> str:
    metrics, problem = manifest.metrics, manifest.problem
    rows, target = problem.row.plural, problem.target.words
    measures = (
        (f"{title} ({way})", _score(metrics, key), measure(key, metrics.baseline[key]))
        for key, title, way in MEASURES
    )
    best = (
        f"\n\nThe best possible answers are known, because the densities of the simulated {rows} are; their "
        f"log loss on these {rows} is {metrics.best_log_loss:.4f} nats."
        if metrics.best_log_loss is not None
        else ""
    )
    confusion = (
        (name, *(f"{count:,}" for count in row.values()))
        for name, row in zip(names, metrics.confusion.values(), strict=True)
    )
    return f"""\
## How good it is

On the {manifest.data.held_out:,} {rows} held out, with 95 % bootstrap intervals. The baseline always \
answers the shares that the {problem.target.plural} have of the fitted {rows}.

{_table(("Measure", "Model", "Baseline"), measures)}{best}

By chance, even a perfectly calibrated model has a calibration error; in 95 of 100 samples of this size it \
is below {metrics.calibration_error_by_chance:.3f}. The interval of the calibration error is biased upwards, \
because resampling adds random variation to that of the sample.

![How often the answer was right, by the probability that it had]({plots.CALIBRATION})

{rows.capitalize()} by the {target} they have (rows) and the one that is answered (columns):

{_table(("Has", *names), confusion)}"""


def _limits(manifest: Manifest) -> Iterator[str]:
    problem = manifest.problem
    row, rows, target = problem.row.name, problem.row.plural, problem.target.words
    several = len(problem.features) > 1
    known = f"these {len(problem.features)} features" if several else f"the {problem.features[0].short}"
    for reason in manifest.forced:
        yield f"**It was written by `--force`, though the gate refused it:** {reason}"
    yield f"It knows {known} and nothing else."
    yield f"It knows these {problem.target.plural} and no other: every {row} is taken to have one of them."
    if unseen := "; ".join(_unseen(manifest)):
        yield (
            f"No fitted {row} has the following, for which it repeats the answer for the nearest values, and "
            f"page and API say so: {unseen}."
        )
    yield f"Its answers are steps: {rows} that are nearly alike may get answers that differ by a few percent."
    yield from constraints_in_words(manifest)
    yield f"It learned how common each {target} is in its data; elsewhere its answers may be wrong."


def _unseen(manifest: Manifest) -> Iterator[str]:
    """Yield the values that no fitted row has: numbers beyond the range, choices, and blanks."""
    for feature, stats in zip(manifest.problem.features, manifest.features, strict=True):
        if isinstance(feature, Number):
            low = f"below {rounded(stats.min)}" if stats.min is not None and stats.min > feature.min else ""
            high = f"above {rounded(stats.max)}" if stats.max is not None and stats.max < feature.max else ""
            if ends := " or ".join(filter(None, (low, high))):
                yield f"{feature.axis} {ends}{feature.label(feature.unit)}"
        yield from (f"{feature.axis} {name}" for name, count in _counts(feature, stats).items() if not count)
        if not feature.required and not stats.blanks:
            yield f"{feature.axis} not given"


def _fit(manifest: Manifest) -> str:
    search, problem, imported = manifest.search, manifest.problem, manifest.imported
    values = ((key, f"`{value}`") for key, value in manifest.parameters.items())
    how = (
        f"It was trained elsewhere, and imported from `{imported.file}` (sha256 `{imported.sha256[:12]}…`)."
        if imported
        else ""
    )
    if search:
        how = (
            f"{search.candidates} settings were compared by {search.folds}-fold cross-validation on "
            f"{search.rows:,} of the fitted {problem.row.plural}; the best has a cross-validated log loss of "
            f"{search.log_loss:.4f} nats, and trees were added until it stopped falling. The "
            f"{problem.target.plural} have no weights, and the probabilities are not recalibrated. The same "
            "data give the same bytes (Linux x86-64, one thread)."
        )
    return f"""\
## How it was fitted

{how}

{_table(("Parameter", "Value"), values)}"""


def _score(metrics: Metrics, key: str) -> str:
    low, high = metrics.intervals[key]
    return f"{measure(key, getattr(metrics, key))} ({measure(key, low)} to {measure(key, high)})"


def measure(key: str, value: float) -> str:
    """Format the value of a measure: accuracy in percent, any other with four decimals."""
    return f"{value:.1%}" if key == "accuracy" else f"{value:.4f}"


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = list(header)
    lines = [cells, ["---", *["---:"] * (len(cells) - 1)], *map(list, rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
