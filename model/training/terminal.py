"""The result of a training, as tables for a terminal."""

from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from model.manifest import Manifest
from model.training.card import MEASURES, constraint, known_in_words, measure

_WIDTH = 20
_STYLES = ("dark_orange", "dodger_blue1", "green3", "medium_purple", "red", "yellow", "cyan", "magenta")
"""The styles of the classes in order, repeated if there are more classes; close to the plots' colours."""


def result(manifest: Manifest, folder: Path, *, written: bool) -> RenderableType:
    """Return the result of a training: the rows, the measures and the answers.

    Args:
        manifest: The manifest of the trained model.
        folder: The output folder.
        written: Whether the model was written there.
    """
    return Group(
        _rows(manifest),
        Text(),
        _quality(manifest),
        Text(),
        _answers(manifest),
        Text(),
        Text(f"Written to {folder}." if written else f"Not written to {folder}.", style="dim"),
    )


def _rows(manifest: Manifest) -> Table:
    data = manifest.data
    table = _borderless_table(f"Model {manifest.model_version}")
    rows = manifest.problem.row.plural
    kind = f"simulated {rows}" if data.simulated else rows
    table.add_row(f"{data.fitted + data.held_out:,}", kind, f"in {data.file}, {data.held_out:,} held out")
    most = max(data.rows.values())
    for entry in manifest.problem.classes:
        count = data.rows[entry.key]
        table.add_row(f"{count:,}", entry.name, _bar(count / most, _style(manifest, entry.key)))
    for feature in manifest.problem.features:
        if (found := constraint(manifest, feature)) != "none":
            table.add_row("", feature.axis, f"constrained: {found}", style="dim")
    return table


def _quality(manifest: Manifest) -> Table:
    metrics = manifest.metrics
    table = Table(
        title=f"On the {manifest.problem.row.plural} held out", title_justify="left", title_style="bold"
    )
    for name in ("", "Model", "95 % interval", "Baseline"):
        table.add_column(name, justify="right" if name else "left")
    for key, title, _ in MEASURES:
        low, high = metrics.intervals[key]
        table.add_row(
            title,
            Text(measure(key, getattr(metrics, key)), style="bold"),
            f"{measure(key, low)} to {measure(key, high)}",
            Text(measure(key, metrics.baseline[key]), style="dim"),
        )
    if metrics.best_log_loss is not None:
        table.add_row("Best possible log loss, nats", f"{metrics.best_log_loss:.4f}", "", "")
    return table


def _answers(manifest: Manifest) -> Table:
    problem = manifest.problem
    table = _borderless_table("What it answers")
    for known in manifest.known_answers:
        share = max(known.probabilities)
        best = problem.classes[known.probabilities.index(share)]
        bar = _bar(share, _style(manifest, best.key))
        asked = ", ".join(known_in_words(manifest, known))
        table.add_row(asked, best.name, bar.append(f" {share:4.0%}"))
    for boundary in manifest.decision_boundaries:
        change = f"{problem.by_key[boundary.below].name} to {problem.by_key[boundary.above].name}"
        number = problem.numbers[0]
        at = f"at {boundary.value:,.0f}{number.label(number.unit)}"
        table.add_row(at, change, "the answer changes", style="dim")
    weights = zip(problem.features, manifest.features, strict=True)
    for feature, stats in sorted(weights, key=lambda pair: -(pair[1].importance or 0)):
        if stats.importance is not None:
            table.add_row(feature.axis, f"{stats.importance:.3f}", "mean of |SHAP|", style="dim")
    return table


def _borderless_table(title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, show_header=False)
    table.add_column(justify="right")
    return table


def _style(manifest: Manifest, key: str) -> str:
    return _STYLES[manifest.classes.index(key) % len(_STYLES)]


def _bar(share: float, style: str) -> Text:
    full = max(1, round(_WIDTH * share))
    return Text("█" * full, style=style).append("░" * (_WIDTH - full), style="dim")
