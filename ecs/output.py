"""What the tool says: lines for a person, or one JSON object for a program."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click
import msgspec
from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ecs.errors import DeployError, UsageError


class Output:
    """Lines go to stdout; with `--json` they go to stderr, and stdout gets one object at the end."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.console = Console(stderr=as_json, highlight=False, soft_wrap=True)
        self._describe: Callable[[str], None] = lambda _line: None

    def say(self, text: str = "", style: str = "") -> None:
        """Say a line."""
        self.console.print(escape(text), style=style or None)

    def show(self, renderable: RenderableType) -> None:
        """Show a table or the like."""
        self.console.print(renderable)

    def warn(self, text: str) -> None:
        """Say a line that must be seen."""
        self.console.print(f"[bold yellow]WARNING[/] {escape(text)}")

    def event(self, line: str) -> None:
        """Say what has come about in a stack; what only begins shows beside the spinner of the step."""
        if "in progress" in line:
            self._describe(line)
        if not line.endswith("in progress"):
            self.say(f"  {line}")

    def done(self, text: str) -> None:
        """Say that a step is done."""
        self.console.print(f"[green]✓[/] {escape(text)}")

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show that a step runs, where there is a terminal; say its line when it is done."""
        if not self.console.is_terminal:
            self.say(f"… {text}")
            yield
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(escape(text))
            self._describe = lambda line: progress.update(task, description=escape(line))
            yield
        self.done(text)

    @contextmanager
    def live(self, *, screen: bool = False) -> Iterator[Live | None]:
        """Give a live view, perhaps on a screen of its own; None where there is no terminal to draw it on."""
        if not self.console.is_terminal:
            yield None
            return
        with Live(console=self.console, screen=screen, refresh_per_second=4) as live:
            yield live

    def refuse_json(self, option: str) -> None:
        """Raise `UsageError` for `--json` beside an option that goes on until Ctrl-C."""
        if self.as_json:
            raise UsageError(
                f"{option} goes on without end, and --json prints one object at the end.",
                hint="Leave one of them out.",
            )

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before something is changed; raise `UsageError` for a no, or where there is nobody to ask."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise UsageError("This changes things, and there is no terminal to ask on.", hint="Add --yes.")
        if not click.confirm(question, err=self.as_json):
            raise UsageError("Nothing was changed.")

    def confirm_name(self, name: str) -> None:
        """Ask for the name of what is to be removed; raise `UsageError` for another, or no terminal."""
        if not sys.stdin.isatty():
            raise UsageError(
                "This removes everything, and there is no terminal to ask on.", hint=f"Add --yes {name}."
            )
        if click.prompt(f"Type {name} to go on", err=self.as_json) != name:
            raise UsageError("That is not its name. Nothing was changed.")

    def error(self, error: DeployError) -> None:
        """Say what went wrong, what to do, and where the evidence is."""
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"[bold red]✗[/] {escape(str(error))}")
        if error.hint:
            console.print(f"  → {escape(error.hint)}")
        if error.evidence:
            console.print(f"  evidence: {escape(str(error.evidence))}")
        told = {"error": str(error), "hint": error.hint or None, "evidence": error.evidence}
        self.result(told | {"exit_code": error.exit_code})

    def result(self, result: dict[str, Any]) -> None:
        """Print the one object that `--json` asks for."""
        if self.as_json:
            click.echo(to_json(result))


def to_json(value: object) -> str:
    """Encode for people and programs: indented, dates and paths as text."""
    encoded = msgspec.json.encode(value, enc_hook=str)
    return msgspec.json.format(encoded, indent=2).decode()


def bullet(lines: Iterable[object]) -> str:
    """Give lines as an indented list."""
    return "\n".join(f"  {line}" for line in lines)
