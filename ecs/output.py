"""The tool's output: lines for a person, or one JSON object for a program."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ecs.errors import DeployError, UsageError


class Output:
    """Prints lines to stdout; with `--json`, to stderr, and one object to stdout at the end."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.console = Console(stderr=as_json, highlight=False, soft_wrap=True, emoji=False)
        self._show_progress: Callable[[str], None] = lambda _line: None

    def say(self, text: str = "", style: str = "") -> None:
        """Print a line."""
        self.console.print(escape(text), style=style or None)

    def warn(self, *texts: str) -> None:
        """Print warnings."""
        for text in texts:
            self.console.print(f"[bold yellow]WARNING[/] {escape(text)}")

    def event(self, line: str) -> None:
        """Print a stack's event, or show it beside the step's spinner if its operation is in progress."""
        if "in progress" in line:
            self._show_progress(line)
        if not line.endswith("in progress"):
            self.say(f"  {line}")

    def done(self, text: str) -> None:
        """Print that a step is done."""
        self.console.print(f"[green]✓[/] {escape(text)}")

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show a spinner while the block runs, then print that it is done; in a log, only print its name."""
        if not self.console.is_terminal:
            self.say(f"… {text}")
            yield
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(escape(text))
            self._show_progress = lambda line: progress.update(task, description=escape(line))
            yield
        self.done(text)

    def live(self, *, screen: bool = False) -> AbstractContextManager[Live | None]:
        """Open a view that can be redrawn, with `screen` on the alternate screen; None without a terminal."""
        there = self.console.is_terminal
        return Live(console=self.console, screen=screen, refresh_per_second=4) if there else nullcontext()

    def refuse_json(self, option: str) -> None:
        """Raise `UsageError` if `--json` is given beside this option, which runs until Ctrl-C."""
        if self.as_json:
            raise UsageError(
                f"{option} goes on without end, and --json prints one object at the end.",
                hint="Leave one of them out.",
            )

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before something is changed; a no aborts the command. Raise `UsageError` without a terminal."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise UsageError("This changes things, and there is no terminal to ask on.", hint="Add --yes.")
        click.confirm(question, err=self.as_json, abort=True)

    def confirm_name(self, name: str) -> None:
        """Ask the operator to type a name; raise `UsageError` for another name or without a terminal."""
        if not sys.stdin.isatty():
            raise UsageError(
                "This removes everything, and there is no terminal to ask on.", hint=f"Add --yes {name}."
            )
        if click.prompt(f"Type {name} to go on", err=self.as_json) != name:
            raise UsageError("That is not its name. Nothing was changed.")

    def error(self, error: DeployError) -> None:
        """Print an error to stderr with its hint and the file of evidence, and the result for `--json`."""
        console = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
        console.print(f"[bold red]✗[/] {escape(str(error))}")
        if error.hint:
            console.print(f"  → {escape(error.hint)}")
        if error.evidence:
            console.print(f"  evidence: {escape(str(error.evidence))}")
        result = {"error": str(error), "hint": error.hint or None, "evidence": error.evidence}
        self.result(result | {"exit_code": error.exit_code})

    def result(self, result: dict[str, Any]) -> None:
        """Print the result as JSON, if `--json` was given."""
        if self.as_json:
            click.echo(to_json(result))


@dataclass(frozen=True)
class FieldChange:
    """A field that differs; its value is None where it is missing."""

    field: str
    old: Any
    new: Any

    def __str__(self) -> str:
        if self.old is None:
            return f"+ {self.field}: {self.new}"
        if self.new is None:
            return f"- {self.field}: {self.old}"
        return f"~ {self.field}: {self.old} → {self.new}"


def to_json(value: object) -> str:
    """Encode as indented JSON, with dates and paths as text."""
    encoded = msgspec.json.encode(value, enc_hook=str)
    return msgspec.json.format(encoded, indent=2).decode()


def bullet(lines: Iterable[object]) -> str:
    """Indent the lines, and join them to one text."""
    return "\n".join(f"  {line}" for line in lines)
