"""What `acceptance` refuses and keeps; tests/ecs/stand_in/test_acceptance.py runs it."""

import importlib
import re
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecs.failure.diagnosis import diagnose
from ecs.failure.evidence import Evidence
from ecs.foundation.operator_policy import operator_policy
from ecs.output import Output, to_json
from ecs.run import Run
from ecs.settings import load_settings
from tests.ecs.fake_aws import fake_aws
from tests.ecs.project import Project
from tests.ecs.settings_file import written

acceptance = importlib.import_module(
    "ecs.commands.acceptance"
)  # the package has the command by the same name
ANSWERS, TABLE, redact = acceptance.ANSWERS, acceptance.TABLE, acceptance.redact
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-west-1"}
CAUSES = {"image-that-exits": "crash", "health-check": "health", "alarm": "alarm"}
SAID = sorted(path for path in ANSWERS.glob("*/*.json") if path.stem in CAUSES)


@pytest.mark.parametrize("path", SAID, ids=[f"{path.parent.name} {path.stem}" for path in SAID])
def test_what_was_answered_leads_to_its_cause(path: Path) -> None:
    nothing = {"task_definition": "", "running": [], "logs": {}, "targets": [], "alarms": []}
    evidence = msgspec.convert(nothing | msgspec.json.decode(path.read_bytes()), Evidence)
    assert diagnose(evidence).kind == CAUSES[path.stem]


@pytest.mark.parametrize("step", TABLE["step"], ids=[step["name"] for step in TABLE["step"]])
def test_each_step_that_shall_fail_has_what_the_stand_in_answers(step: dict[str, object]) -> None:
    assert (ANSWERS / "stand_in" / f"{step['name']}.json").exists() is ("code" in step)


@given(
    st.from_regex(r"[0-9]{12}", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.uuids().map(str),
    st.from_regex(r"[a-z]{3,12}", fullmatch=True),
)
def test_nothing_of_somebody_is_kept(account: str, address: str, request: str, person: str) -> None:
    said = (
        f"User: arn:aws:sts::{account}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/{person}@x.example "
        f"is not authorized; RequestID: {request}, dial tcp {address}:443; "
        f"arn:aws:iam::{account}:role/{person}-pp; {account}.dkr.ecr.eu-west-1.amazonaws.com/pp:1"
    )
    kept = redact(said)
    for own in (account, address, request, f"{person}@", f"{person}-pp", "AWSReserved"):
        assert own not in kept
    assert "is not authorized" in kept


def test_what_the_stand_in_would_not_say_is_kept_redacted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(acceptance, "ANSWERS", tmp_path / "answers")
    monkeypatch.setattr(acceptance, "ROOT", tmp_path)
    known, evidence = tmp_path / "answers" / "stand_in" / "alarm.json", tmp_path / "evidence.json"
    known.parent.mkdir(parents=True)
    said = {"reason": "alarm detected", "events": ["(task 0123456789abcdef) began"], "running": ["private"]}
    evidence.write_bytes(msgspec.json.encode(said))
    known.write_text(to_json({"reason": "alarm detected", "events": ["(task N) began", "(task N) ended"]}))
    run = Run("acceptance", None, Output())
    assert acceptance._new_words(run, "alarm", evidence) == ""
    evidence.write_bytes(msgspec.json.encode(said | {"reason": "Alarm 123456789012:x was detected"}))
    assert acceptance._new_words(run, "alarm", evidence) == "answers/aws/alarm.json"
    kept = msgspec.json.decode((tmp_path / "answers" / "aws" / "alarm.json").read_bytes())
    assert kept == {"reason": "Alarm N:x was detected", "events": ["(task N) began"]}
    assert "Alarm N:x was detected" in capsys.readouterr().out


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("project"), {})


@pytest.mark.parametrize("env", ["prod", "staging"])
def test_it_runs_in_its_own_environment_only(project: Project, env: str) -> None:
    with fake_aws() as aws:
        result = project.run("acceptance", "--yes", "--env", env, AWS_ENDPOINT_URL=aws.url, **KEYS)
        assert (result.code, aws.called) == (2, []), result.said
    assert f"not in {env}. → Run it with --env acceptance" in " ".join(result.err.split())


def test_its_environment_shares_no_name_and_no_address_with_another(tmp_path: Path) -> None:
    shared = {"alarm_email": "a@b.example", "domain_name": "b.example", "hosted_zone_id": "Z1"}
    given = [(name, f'"{value}"') for name, value in shared.items()]
    path = written(tmp_path, *given, ("monthly_budget_usd", "10"))
    settings = load_settings("acceptance", path)
    assert {name: getattr(settings, name) for name in shared} == dict.fromkeys(shared, "")
    assert load_settings("prod", path).domain_name == "b.example"


def test_the_operator_may_do_what_it_says_it_needs() -> None:
    policy = operator_policy("perfect-puppy-acceptance", "eu-west-1", "")
    allowed = [action for statement in policy["Statement"] for action in statement["Action"]]
    for action in re.findall(r"\b\w+:[A-Z]\w+", TABLE["needs"]):
        assert any(fnmatchcase(action, pattern) for pattern in allowed)
