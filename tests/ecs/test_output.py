"""The output of a long step, at a terminal and in a log."""

import errno
import io
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from ecs.errors import NotRolledBackError
from ecs.output import Output
from ecs.run import Run, command

EVENTS = ("Vpc: create in progress", "Vpc, Certificate: in progress", "Vpc: create complete")


@pytest.fixture
def output() -> Output:
    return Output()


def shown(output: Output, *, terminal: bool) -> str:
    output.console = Console(file=io.StringIO(), force_terminal=terminal, width=100, soft_wrap=True)
    with output.step("Making the stack"):
        for line in EVENTS:
            output.event(line)
    assert isinstance(output.console.file, io.StringIO)
    return output.console.file.getvalue()


def test_a_terminal_shows_what_is_in_progress_beside_the_spinner(output: Output) -> None:
    seen = shown(output, terminal=True)
    assert "Vpc, Certificate: in progress" in seen
    assert "  Vpc: create complete\n" in seen


def test_a_log_has_lines_only_for_events_that_are_not_in_progress(output: Output) -> None:
    assert shown(output, terminal=False) == "… Making the stack\n  Vpc: create complete\n"


def test_an_event_outside_a_step_is_no_error(output: Output) -> None:
    output.event(EVENTS[0])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "sbom.cdx.json"),
            "left on device: 'sbom.cdx.json'",
        ),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "Connection reset by peer"),
    ],
)
def test_an_error_of_the_machine_has_exit_code_4_without_a_traceback(error: OSError, said: str) -> None:
    @command()
    def fails(_run: Run) -> dict[str, Any]:
        """Raise the error."""
        raise error

    ended = CliRunner().invoke(fails)
    assert ended.exit_code == NotRolledBackError.exit_code
    assert "This machine failed: " in ended.stderr
    assert said in ended.stderr
    assert "run this again" in ended.stderr
