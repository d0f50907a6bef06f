"""What a person sees of a step that takes long, at a terminal and in a log."""

import io

import pytest
from rich.console import Console

from ecs.output import Output

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


def test_a_terminal_shows_beside_the_spinner_what_is_waited_for(output: Output) -> None:
    seen = shown(output, terminal=True)
    assert "Vpc, Certificate: in progress" in seen
    assert "  Vpc: create complete\n" in seen


def test_a_log_has_a_line_for_what_has_ended_only(output: Output) -> None:
    assert shown(output, terminal=False) == "… Making the stack\n  Vpc: create complete\n"


def test_an_event_outside_a_step_is_no_error(output: Output) -> None:
    output.event(EVENTS[0])
