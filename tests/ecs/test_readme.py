"""The README names every alarm, every cause of a failed release, every module and every exit code."""

import re

import pytest

from ecs import errors
from ecs.errors import DeployError
from ecs.failure.diagnosis import TABLE
from tests.ecs.template import of_type, properties
from tests.serving import ROOT

README = (ROOT / "ecs" / "README.md").read_text(encoding="utf-8")
SOURCES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "ecs").rglob("*.py")}
TOLD = (*TABLE.reason, *TABLE.weak, *TABLE.exits.values())
CAUSES = {row.kind for row in TOLD} | TABLE.other.keys()
EXIT_CODES = {
    kind.exit_code
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, DeployError)
}


@pytest.mark.parametrize("cause", sorted(CAUSES))
def test_each_cause_of_a_failed_release_is_in_the_runbook(cause: str) -> None:
    assert f"\n| {cause} | " in README


@pytest.mark.parametrize("alarm", of_type("CloudWatch::Alarm"))
def test_each_alarm_is_in_the_runbook(alarm: str) -> None:
    ending = properties(alarm)["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}")
    assert f"\n| `…{ending}` | " in README


@pytest.mark.parametrize("code", sorted({0} | EXIT_CODES))
def test_each_exit_code_is_in_the_readme(code: int) -> None:
    assert f"\n| {code} | " in README


def test_each_module_is_in_the_readme() -> None:
    named = set(re.findall(r"`(\w+\.py)`", README))
    commands = {path.name for path in (ROOT / "ecs" / "commands").iterdir()}
    unnamed = set(SOURCES) - named - commands - {"__init__.py", "__main__.py"}
    assert not unnamed
    assert named <= set(SOURCES)
