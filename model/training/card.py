"""The model card: what the model is for, its data, its answers, how good it is and its limits.

After Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
"""

from collections.abc import Iterable

from model.manifest import FeatureStats, KnownAnswer, Manifest, Metrics
from model.problem.features import AnyFeature, Choice, Number
from model.problem.rows import RowReader
from model.problem.wording import figure, listed
from model.training import plots
from model.training.simulation import LOG_SPREAD, MEDIAN_SQFT

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
    asked = listed([f"the {feature.short}" for feature in problem.features])
    over = "that one feature" if len(problem.features) == 1 else f"these {len(problem.features)} features"
    purpose = (
        f"Given {asked}, the model says how probable each {problem.target.name} is for a "
        f"{problem.row.name}: {listed(names)}. It is gradient-boosted trees (XGBoost "
        f"{manifest.xgboost_version}) over {over}."
    )
    sections = [
        f"# Model card: {problem.title}, model {manifest.model_version}",
        purpose,
        _use(manifest),
        _data(manifest, names),
        _answers(manifest),
        _quality(manifest, names),
        _limits(manifest),
        _fit(manifest),
    ]
    return ("\n\n".join(sections) + "\n").encode()


def _use(manifest: Manifest) -> str:
    rows = manifest.problem.row.plural
    data = (
        f"The data are simulated, so its answers say nothing about real {rows}."
        if manifest.data.simulated
        else f"It is for you to judge whether its answers hold for other {rows} than those of the data."
    )
    not_for = manifest.problem.not_for
    warning = f"\n\n**Who should not use it:** {not_for}" if not_for else ""
    return f"""\
## What it is for

To answer the question "{manifest.problem.question}", and to show how sure a model can be of it.
{data}{warning}"""


def _data(manifest: Manifest, names: list[str]) -> str:
    data, problem = manifest.data, manifest.problem
    origin = f"`{data.file}` (sha256 `{data.sha256[:12]}…`)"
    if data.simulated:
        medians = listed([f"{MEDIAN_SQFT[each.key]:,.0f} sq ft ({each.name})" for each in problem.classes])
        origin += (
            f". **The households are simulated, not a survey.** Each keeps one of the breeds with equal "
            f"chance, and the logarithm of its home's size is normal, with a median of {medians} and a "
            f"standard deviation of {LOG_SPREAD}. The figures were chosen so that the sizes overlap; "
            f"`model/training/simulation.py` draws them"
        )
    classes = zip(names, data.rows.values(), strict=True)
    features = [
        (f"{feature.axis} (`{feature.name}`)", _seen(feature, stats), f"{stats.blanks:,}")
        for feature, stats in zip(problem.features, manifest.features, strict=True)
    ]
    drawn = "\n\n".join(
        f"![The {feature.short} of the training {problem.row.plural}]({plots.feature_plot_name(feature)})"
        for feature in problem.features
    )
    return f"""\
## The data

{origin}.

{
        _table(
            (problem.target.name.capitalize(), problem.row.plural.capitalize()),
            ((n, f"{r:,}") for n, r in classes),
        )
    }

The model was fitted to {data.fitted:,} {problem.row.plural}; {data.held_out:,} others, a fifth of each \
{problem.target.name}, were held out. The fitted ones have:

{_table(("Feature", "Values", "Blanks"), features)}

{drawn}"""


def _seen(feature: AnyFeature, stats: FeatureStats) -> str:
    if isinstance(feature, Number):
        ends = f"{figure(float(f'{stats.min:.5g}'))} to {figure(float(f'{stats.max:.5g}'))}"
        return f"{ends}{feature.label(feature.unit)}"
    labels = feature.choices if isinstance(feature, Choice) else {"no": "No", "yes": "Yes"}
    return ", ".join(f"{labels[key]} {count:,}" for key, count in stats.counts.items())


def _answers(manifest: Manifest) -> str:
    problem = manifest.problem
    name = {entry.key: entry.name for entry in problem.classes}
    header = (*(feature.axis for feature in problem.features), *name.values())
    rows = [
        (*known_in_words(manifest, known), *(f"{value:.1%}" for value in known.probabilities))
        for known in manifest.known_answers
    ]
    if number := problem.only_number:
        unit = number.label(number.unit)
        changes = (
            "\n".join(
                f"- At {boundary.value:,.0f}{unit} the answer changes from {name[boundary.below]} to "
                f"{name[boundary.above]}."
                for boundary in manifest.decision_boundaries
            )
            or f"The answer is the same for every {problem.row.name}."
        )
        drawn = f"![The probability of each {problem.target.name} by the {number.short}]({plots.PROBABILITY})"
    else:
        weights = [
            (feature.axis, f"{stats.importance:.3f}", constraint(manifest, feature))
            for feature, stats in zip(problem.features, manifest.features, strict=True)
            if stats.importance is not None
        ]
        changes = (
            "How much each feature moves the answers, as the mean absolute SHAP value on held-out rows, in "
            f"log-odds:\n\n{_table(('Feature', 'Mean of |SHAP|', 'Constraint'), weights)}"
        )
        drawn = f"![What the answers depend on]({plots.IMPORTANCE})" if weights else ""
    return f"""\
## What it answers

{_table(header, rows)}

{changes}

{drawn}"""


def known_in_words(manifest: Manifest, known: KnownAnswer) -> list[str]:
    """Return the values of a known answer's row for people, in the order of the features."""
    row = RowReader(manifest.problem).from_json(known.row)
    return [
        feature.in_words(reading)
        for feature, reading in zip(manifest.problem.features, row.readings, strict=True)
    ]


def constraint(manifest: Manifest, feature: AnyFeature) -> str:
    """Return the monotone constraint of a feature in words, and whether it counts."""
    if not isinstance(feature, Number) or not feature.monotone:
        return "none"
    if len(manifest.classes) > 2:
        return f"{feature.monotone}, which does not count with {len(manifest.classes)} classes"
    return f"{feature.monotone} towards {manifest.problem.classes[-1].name}"


def _quality(manifest: Manifest, names: list[str]) -> str:
    metrics, problem = manifest.metrics, manifest.problem
    baseline = metrics.baseline
    rows = [
        (f"{title} ({way})", _score(metrics, key), measure(key, baseline[key]))
        for key, title, way in MEASURES
    ]
    best = (
        f"\n\nThe best possible answers are known, because the densities of the simulated homes are; their "
        f"log loss on these households is {metrics.best_log_loss:.4f} nats."
        if metrics.best_log_loss is not None
        else ""
    )
    confusion = [
        (name, *(f"{count:,}" for count in row.values()))
        for name, row in zip(names, metrics.confusion.values(), strict=True)
    ]
    return f"""\
## How good it is

On the {manifest.data.held_out:,} {problem.row.plural} held out, with 95 % bootstrap intervals. The baseline \
always answers the {problem.target.plural}' shares of the fitted {problem.row.plural}.

{_table(("Measure", "Model", "Baseline"), rows)}{best}

By chance, even a perfectly calibrated model has a calibration error; in 95 of 100 samples of this size it \
is below {metrics.calibration_error_by_chance:.3f}. The interval of the calibration error is biased upwards, \
because resampling adds random variation to that of the sample.

![How often the answer was right, by the probability that it had]({plots.CALIBRATION})

{problem.row.plural.capitalize()} by the {problem.target.name} they have (rows) and the one that is answered \
(columns):

{_table(("Has", *names), confusion)}"""


def _limits(manifest: Manifest) -> str:
    problem = manifest.problem
    row, rows, target = problem.row.name, problem.row.plural, problem.target.name
    asked = listed([f"the {feature.short}" for feature in problem.features])
    constraints = "".join(
        f"\n- {number.axis}: the fit is constrained to be {constraint(manifest, number)}."
        for number in problem.numbers
        if number.monotone
    )
    return f"""\
## Its limits

- It knows {asked}, and nothing else.
- It knows these {problem.target.plural} and no other: every {row} is taken to have one of them.
- For values that no fitted {row} has, it repeats the answer for the nearest ones, and page and API say so.
- Its answers are steps: {rows} that are nearly alike may get answers that differ by a few percent.
- It learned how common each {target} is in its data; elsewhere its probabilities may be
wrong.{constraints}"""


def _fit(manifest: Manifest) -> str:
    search = manifest.search
    values = ((key, f"`{value}`") for key, value in manifest.parameters.items())
    return f"""\
## How it was fitted

{search.candidates} settings were compared by {search.folds}-fold cross-validation on \
{search.rows:,} of the fitted {manifest.problem.row.plural}; the best has a cross-validated log loss of \
{search.log_loss:.4f} nats, and trees were added until it stopped falling. The classes have no weights, \
and the probabilities are not recalibrated. The same data give the same bytes (Linux x86-64, one thread).

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
