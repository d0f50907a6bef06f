"""The result of a training, as tables for a terminal."""

from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from model.manifest import Manifest
from model.training.card import MEASURES, figure

_WIDTH = 20
_STYLES = ("dark_orange", "dodger_blue1", "green3", "medium_purple", "red", "yellow", "cyan", "magenta")
"""The styles of the breeds in order, repeated if there are more breeds; close to the plots' colours."""


def result(manifest: Manifest, folder: Path, *, written: bool) -> RenderableType:
    """Return the result of a training: the households, the measures and the answers.

    Args:
        manifest: The manifest of the trained model.
        folder: The output folder.
        written: Whether the model was written there.
    """
    return Group(
        _households(manifest),
        Text(),
        _quality(manifest),
        Text(),
        _answers(manifest),
        Text(),
        Text(f"Written to {folder}." if written else f"Not written to {folder}.", style="dim"),
    )


def _households(manifest: Manifest) -> Table:
    data = manifest.data
    table = _borderless_table(f"Model {manifest.model_version}")
    kind = "simulated households" if data.simulated else "households"
    table.add_row(f"{data.fitted + data.held_out:,}", kind, f"in {data.file}, {data.held_out:,} held out")
    most = max(data.rows.values())
    for breed in manifest.problem.classes:
        households = data.rows[breed.key]
        table.add_row(f"{households:,}", breed.name, _bar(households / most, _style(manifest, breed.key)))
    return table


def _quality(manifest: Manifest) -> Table:
    metrics = manifest.metrics
    table = Table(title="On the households held out", title_justify="left", title_style="bold")
    for name in ("", "Model", "95 % interval", "Baseline"):
        table.add_column(name, justify="right" if name else "left")
    for key, title, _ in MEASURES:
        low, high = metrics.intervals[key]
        table.add_row(
            title,
            Text(figure(key, getattr(metrics, key)), style="bold"),
            f"{figure(key, low)} to {figure(key, high)}",
            Text(figure(key, metrics.baseline[key]), style="dim"),
        )
    if metrics.best_log_loss is not None:
        table.add_row("Best possible log loss, nats", f"{metrics.best_log_loss:.4f}", "", "")
    return table


def _answers(manifest: Manifest) -> Table:
    table = _borderless_table("What it answers")
    for known in manifest.known_answers:
        share = max(known.probabilities)
        best = manifest.problem.classes[known.probabilities.index(share)]
        bar = _bar(share, _style(manifest, best.key))
        table.add_row(f"{known.row}", best.name, bar.append(f" {share:4.0%}"))
    names = {breed.key: breed.name for breed in manifest.problem.classes}
    for boundary in manifest.decision_boundaries:
        change = f"{names[boundary.below]} to {names[boundary.above]}"
        table.add_row(f"at {boundary.value:,.0f} sq ft", change, "the answer changes", style="dim")
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
