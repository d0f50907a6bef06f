"""The comparison with AWS finds what a person changed, and ignores the defaults that AWS fills in."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ecs.release.diff import diff, flatten, normalise

values = st.recursive(
    st.booleans() | st.integers(1, 9) | st.text("abc", min_size=1, max_size=3),
    lambda inner: st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(st.text("abc", min_size=1, max_size=2), values, max_size=4)


@given(documents)
def test_nothing_differs_from_itself(document: dict[str, Any]) -> None:
    assert diff(document, document) == []


@given(documents, documents)
def test_the_fields_that_differ_are_all_named(old: dict[str, Any], new: dict[str, Any]) -> None:
    named = {change.field: (change.old, change.new) for change in diff(old, new)}
    before, after = flatten(old), flatten(new)
    assert {name for name in before | after if before.get(name) != after.get(name)} == named.keys()
    assert all(named[name] == (before.get(name), after.get(name)) for name in named)


@given(documents)
def test_normalising_again_changes_nothing(document: dict[str, Any]) -> None:
    assert normalise(normalise(document)) == normalise(document)


def test_defaults_that_aws_fills_in_are_no_difference() -> None:
    ours = {"containerDefinitions": [{"name": "web", "portMappings": [{"containerPort": 8000}]}]}
    theirs = {
        "containerDefinitions": [
            {
                "name": "web",
                "cpu": 0,
                "essential": True,
                "portMappings": [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}],
                "environment": [],
                "systemControls": [],
                "volumesFrom": [],
            }
        ],
        "placementConstraints": [],
    }
    assert diff(normalise(theirs), normalise(ours)) == []


def test_the_order_of_names_is_no_difference() -> None:
    one = {"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    other = {"environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}
    assert diff(one, other) == []


def test_a_change_is_one_line_that_names_the_field() -> None:
    old = {"containerDefinitions": [{"name": "web", "environment": [{"name": "LOG_LEVEL", "value": "info"}]}]}
    new = {
        "containerDefinitions": [{"name": "web", "environment": [{"name": "LOG_LEVEL", "value": "debug"}]}]
    }
    field = "containerDefinitions[web].environment[LOG_LEVEL].value"
    assert [str(change) for change in diff(old, new)] == [f"~ {field}: info → debug"]
    assert [str(change) for change in diff({}, {"cpu": "256"})] == ["+ cpu: 256"]
    assert [str(change) for change in diff({"cpu": "256"}, {})] == ["- cpu: 256"]


def test_only_the_service_fields_that_the_tool_sets_are_compared() -> None:
    told = {"healthCheckGracePeriodSeconds": 30, "runningCount": 2}
    assert diff(told, {"healthCheckGracePeriodSeconds": 30}, only_wanted=True) == []
