"""The model card: what the model is for, its data, its answers, how good it is and its limits.

After Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
"""

from collections.abc import Iterable

from model.manifest import Manifest, Metrics
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
    names = [breed.name for breed in manifest.problem.classes]
    purpose = (
        f"Given the size of a home, the model says how probable it is that a household in such a home keeps "
        f"each of these breeds: {_list(names)}. It is gradient-boosted trees (XGBoost "
        f"{manifest.xgboost_version}) over that one number."
    )
    sections = [
        f"# Model card: which puppy suits a home, model {manifest.model_version}",
        purpose,
        _use(manifest),
        _data(manifest, names),
        *([_answers(manifest)] if manifest.problem.only_number else []),
        _quality(manifest, names),
        *([_limits(manifest)] if manifest.problem.only_number else []),
        _fit(manifest),
    ]
    return ("\n\n".join(sections) + "\n").encode()


def _use(manifest: Manifest) -> str:
    data = (
        "The data are simulated, so its answers say nothing about real dogs or real households."
        if manifest.data.simulated
        else "It is for you to judge whether its answers hold for other households than those of the data."
    )
    return f"""\
## What it is for

To show how a model is trained, judged and served, and as a start for a model of your own. {data}

**Who should not use it:** anyone who is about to get a dog, give one away, or decide who may have one. \
Time, exercise, allergies, children, rules of the house and the dog itself matter more than floor space, and \
the model knows none of them."""


def _data(manifest: Manifest, names: list[str]) -> str:
    data, feature = manifest.data, manifest.features[0]
    origin = f"`{data.file}` (sha256 `{data.sha256[:12]}…`)"
    if data.simulated:
        medians = _list(
            [f"{MEDIAN_SQFT[breed.key]:,.0f} sq ft ({breed.name})" for breed in manifest.problem.classes]
        )
        origin += (
            f". **The households are simulated, not a survey.** Each keeps one of the breeds with equal "
            f"chance, and the logarithm of its home's size is normal, with a median of {medians} and a "
            f"standard deviation of {LOG_SPREAD}. The figures were chosen so that the sizes overlap; "
            f"`model/training/simulation.py` draws them"
        )
    rows = zip(names, data.rows.values(), strict=True)
    return f"""\
## The data

{origin}.

{_table(("Breed", "Households"), ((name, f"{households:,}") for name, households in rows))}

The model was fitted to {data.fitted:,} households, with homes of {feature.min or 0:,.0f} to \
{feature.max or 0:,.0f} sq ft. {data.held_out:,} others, a fifth of each breed, were held out.

![The sizes of the training homes by breed]({plots.HOMES})"""


def _answers(manifest: Manifest) -> str:
    name = {breed.key: breed.name for breed in manifest.problem.classes}
    rows = [
        (f"{answer.row['home_size']:,.0f} sq ft", *(f"{value:.1%}" for value in answer.probabilities))
        for answer in manifest.known_answers
    ]
    changes = "\n".join(
        f"- At {boundary.value:,.0f} sq ft the answer changes from {name[boundary.below]} to "
        f"{name[boundary.above]}."
        for boundary in manifest.decision_boundaries
    )
    return f"""\
## What it answers

{_table(("Home", *name.values()), rows)}

{changes or "The answer is the same for every home."}

![The probability of each breed by home size]({plots.PROBABILITY})"""


def _quality(manifest: Manifest, names: list[str]) -> str:
    metrics = manifest.metrics
    baseline = metrics.baseline
    rows = [
        (f"{title} ({way})", _score(metrics, key), figure(key, baseline[key])) for key, title, way in MEASURES
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

On the {manifest.data.held_out:,} households held out, with 95 % bootstrap intervals. The baseline \
always answers the breeds' shares of the fitted households.

{_table(("Measure", "Model", "Baseline"), rows)}{best}

By chance, even a perfectly calibrated model has a calibration error; in 95 of 100 samples of this size it \
is below {metrics.calibration_error_by_chance:.3f}. The interval of the calibration error is biased upwards, \
because resampling adds random variation to that of the sample.

![How often the answer was right, by the probability that it had]({plots.CALIBRATION})

Households by the breed they have (rows) and the breed that is answered (columns):

{_table(("Has", *names), confusion)}"""


def _limits(manifest: Manifest) -> str:
    feature = manifest.features[0]
    order = (
        " A larger home never makes the heavier dog less likely; the fit is constrained so."
        if len(manifest.classes) == 2
        else ""
    )
    return f"""\
## Its limits

- It knows the size of the home and nothing else.
- It knows these breeds and no other: every household is taken to have one of them.
- Below {feature.min:,.0f} and above {feature.max:,.0f} sq ft there are no fitted homes: it repeats \
the answer for the nearest ones, and page and API say so.
- Its answers are steps: homes of nearly the same size may get answers that differ by a few percent.{order}
- It learned how common each breed is in its data; where the shares differ, its probabilities are wrong."""


def _fit(manifest: Manifest) -> str:
    search = manifest.search
    values = ((key, f"`{value}`") for key, value in manifest.parameters.items())
    return f"""\
## How it was fitted

{search.candidates} settings were compared by {search.folds}-fold cross-validation on \
{search.rows:,} of the fitted households; the best has a cross-validated log loss of \
{search.log_loss:.4f} nats, and trees were added until it stopped falling. The breeds have no weights, \
and the probabilities are not recalibrated. The same data give the same bytes (Linux x86-64, one thread).

{_table(("Parameter", "Value"), values)}"""


def _score(metrics: Metrics, key: str) -> str:
    low, high = metrics.intervals[key]
    return f"{figure(key, getattr(metrics, key))} ({figure(key, low)} to {figure(key, high)})"


def figure(key: str, value: float) -> str:
    """Format the value of a measure: accuracy in percent, any other with four decimals."""
    return f"{value:.1%}" if key == "accuracy" else f"{value:.4f}"


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = list(header)
    lines = [cells, ["---", *["---:"] * (len(cells) - 1)], *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _list(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"
