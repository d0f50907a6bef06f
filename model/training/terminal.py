"""The result of a training, as tables for a terminal."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from model.manifest import Manifest
from model.training.card import (
    MEASURES,
    best,
    changes_in_words,
    constraints_in_words,
    known_in_words,
    measure,
    weightiest,
)
from model.training.comparison import Comparison
from model.training.plots import importances

_WIDTH = 20
_STYLES = ("dark_orange", "dodger_blue1", "green3", "medium_purple", "red", "yellow", "cyan", "magenta")
"""The styles of the classes in order, repeated if there are more classes; close to the plots' colours."""


def result(manifest: Manifest, comparison: Comparison | None, said: str) -> RenderableType:
    """Return the result of a training, its comparison with the model in place, and what became of it."""
    parts = [_rows(manifest), _quality(manifest), _answers(manifest)]
    if comparison:
        parts.insert(2, compared(comparison))
    if len(manifest.problem.features) > 1:
        parts.append(_importances(manifest))
    notes = [*changes_in_words(manifest), *constraints_in_words(manifest), said]
    return Group(*(line for part in parts for line in (part, Text())), Text("\n".join(notes), style="dim"))


def _rows(manifest: Manifest) -> Table:
    data = manifest.data
    table = _borderless_table(f"Model {manifest.model_version}")
    rows = manifest.problem.row.plural
    kind = f"simulated {rows}" if data.simulated else rows
    table.add_column(justify="right")
    held = "all judged by" if manifest.imported else f"{data.held_out:,} held out"
    table.add_row(f"{data.fitted + data.held_out:,}", kind, f"in {data.file}, {held}")
    most = max(data.rows.values())
    for entry in manifest.problem.classes:
        count = data.rows[entry.key]
        table.add_row(f"{count:,}", entry.name, _bar(count / most, _style(manifest, entry.key)))
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


def compared(comparison: Comparison) -> Table:
    """Return two models side by side."""
    new, old = f"Model {comparison.new_version}", f"Model {comparison.old_version}"
    table = Table(title=f"{new} beside {old}: log loss, nats", title_justify="left", title_style="bold")
    for name in ("On the rows of", new, old, "Difference"):
        table.add_column(name, justify="right" if table.columns else "left")
    for part in comparison.sets:
        losses = (part.new, part.old, part.difference)
        cells = [f"{loss.mean:.4f}\n({loss.low:.4f} to {loss.high:.4f})" for loss in losses]
        style = "red" if part.difference.low > 0 else ""
        table.add_row(f"model {part.judged}\n({part.rows:,})", *cells, style=style)
    return table


def kept(models: Iterable[tuple[str, Manifest]]) -> Table:
    """Return the models of a folder as a table, each with what became of it."""
    table = _borderless_table("", header=True)
    for name in ("Model", "Replaced", "Rows", "Log loss, 95 % interval", "Data"):
        table.add_column(name, justify="right" if name == "Rows" else "left", no_wrap=name != "Data")
    for state, manifest in models:
        metrics, data = manifest.metrics, manifest.data
        low, high = metrics.intervals["log_loss"]
        rows = f"{sum(data.rows.values()):,}"
        loss = f"{metrics.log_loss:.4f} ({low:.4f} to {high:.4f})"
        table.add_row(
            manifest.model_version, state, rows, loss, data.file + " (forced)" * bool(manifest.forced)
        )
    return table


def _answers(manifest: Manifest) -> Table:
    shown = weightiest(manifest)
    table = _borderless_table("What it answers", header=len(shown) > 1)
    for feature in shown:
        table.add_column(feature.axis, justify="right")
    for known in manifest.known_answers:
        entry, share = best(manifest, known)
        bar = _bar(share, _style(manifest, entry.key)) if len(shown) == 1 else Text()
        table.add_row(*known_in_words(manifest, known), entry.name, bar.append(f" {share:4.0%}"))
    return table


def _importances(manifest: Manifest) -> Table:
    table = _borderless_table("What the answers depend on (mean |SHAP|)")
    weights = importances(manifest)
    table.add_column(justify="right")
    for feature, weight in weights:
        bar = _bar(weight / (weights[0][1] or 1), _STYLES[1])
        table.add_row(feature.axis, bar.append(f" {weight:.3f}"))
    return table


def _borderless_table(title: str, *, header: bool = False) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=None, show_header=header)


def _style(manifest: Manifest, key: str) -> str:
    return _STYLES[manifest.classes.index(key) % len(_STYLES)]


def _bar(share: float, style: str) -> Text:
    full = round(_WIDTH * share)
    return Text("█" * full, style=style).append("░" * (_WIDTH - full), style="dim")
