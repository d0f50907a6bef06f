"""The settings file: valid values, and a sentence for every invalid one."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecs.errors import UsageError
from ecs.settings import MEMORY_FOR_CPU, SETTINGS_FILE, Settings, load_settings
from tests.ecs.settings_file import TEXT, refusal, written


def dumps(value: object) -> str:
    """Write a value as TOML; scalars and lists look the same in JSON."""
    return json.dumps(value, ensure_ascii=False)


def test_every_setting_has_a_default_in_the_file_with_a_comment_above() -> None:
    lines = TEXT.splitlines()
    for name in set(Settings.__struct_fields__) - {"env"}:
        at = next(number for number, line in enumerate(lines) if line.startswith(f"{name} = "))
        assert lines[at - 1].startswith("# "), f"{name} has no comment"


def test_an_environment_overrides_the_defaults(tmp_path: Path) -> None:
    path = written(tmp_path, more="\n[env.test]\nmin_tasks = 3\n")
    assert load_settings("test", path).min_tasks == 3
    assert load_settings("prod", path).min_tasks == 2
    assert load_settings("test", path).stack == "perfect-puppy-test"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("cpu", "300", "cpu = 300: Fargate has 256, 512, 1024, 2048, 4096, 8192 or 16384 CPU units."),
        ("memory_mb", "4096", "memory_mb = 4096: with cpu = 256 Fargate takes 512, 1024 or 2048 MB."),
        ("min_tasks", "1", "min_tasks: Expected `int` >= 2."),
        ("max_tasks", '"ten"', "max_tasks: Expected `int`, got `str`."),
        ("min_tasks", "20", "max_tasks = 10 is less than min_tasks = 20."),
        ("stop_wait_seconds", "5", "stop_wait_seconds: Expected `int` >= 21."),
        (
            "hosted_zone_id", '"Z123"',
            "hosted_zone_id wants the domain_name that the service shall have in it.",
        ),
        ("vpc_id", '"vpc-0a"', "vpc_id wants two or more subnet_ids beside it, in different zones."),
    ],
)  # fmt: skip
def test_an_invalid_value_is_refused(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    assert refusal(written(tmp_path, (name, value))) == f"settings.toml: {sentence}"


def test_an_unknown_setting_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    assert refusal(written(tmp_path, more="\n[env.test]\nmin_task = 3\n")) == (
        "settings.toml has an unknown setting 'min_task' in [env.test]; did you mean 'min_tasks'?"
    )


def test_an_unknown_environment_is_refused_with_the_nearest_name() -> None:
    assert refusal(SETTINGS_FILE, "prd") == "settings.toml has no [env.prd]; did you mean 'prod'?"


def test_a_missing_or_invalid_file_is_refused(tmp_path: Path) -> None:
    assert "can't be read: No such file" in refusal(tmp_path / "settings.toml")
    (tmp_path / "settings.toml").write_text("cpu = \n")
    assert refusal(tmp_path / "settings.toml").startswith("settings.toml is not TOML: ")


@given(
    st.dictionaries(
        st.sampled_from(Settings.__struct_fields__) | st.text(max_size=8),
        st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.text(max_size=5)),
        max_size=5,
    )
)
def test_any_value_is_accepted_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, given_settings: dict[str, object]
) -> None:
    document = tomllib.loads(TEXT) | {
        key: value for key, value in given_settings.items() if value is not None
    }
    lines = [f"{dumps(key)} = {dumps(value)}\n" for key, value in document.items() if key != "env"]
    path = tmp_path_factory.getbasetemp() / "settings.toml"
    odd = f"env = {dumps(document['env'])}\n" if not isinstance(document["env"], dict) else "[env.prod]\n"
    path.write_text("".join(lines) + odd, encoding="utf-8")
    sentence = ""
    try:
        settings = load_settings("prod", path)
        assert settings.memory_mb in MEMORY_FOR_CPU[settings.cpu]
        assert 2 <= settings.min_tasks <= settings.max_tasks
        assert settings.stop_wait_seconds + settings.request_seconds + 5 < settings.stop_timeout <= 120
    except UsageError as error:
        sentence = str(error)
    assert "\n" not in sentence


@pytest.mark.parametrize("name", ["a", "-a", "a-", "a--b", "internal", "internal-puppy", "A", "a" * 21])
def test_a_name_that_aws_would_refuse_is_refused_here(tmp_path: Path, name: str) -> None:
    assert refusal(written(tmp_path, ("name", f'"{name}"'))).startswith("settings.toml: name: ")


@pytest.mark.parametrize("host", ["", "*", "https://example.org", "example.org:443", "a b"])
def test_an_allowed_host_is_a_name_alone(tmp_path: Path, host: str) -> None:
    path = written(tmp_path, ("allowed_hosts", f'["www.example.org", "{host}"]'))
    assert refusal(path).startswith("settings.toml: allowed_hosts[1]: ")


@pytest.mark.parametrize("repository", ["", "octo/puppy", "octo@123/puppy.js@456"])
def test_a_github_repository_may_have_its_ids(tmp_path: Path, repository: str) -> None:
    path = written(tmp_path, ("github_repository", f'"{repository}"'))
    assert load_settings("prod", path).github_repository == repository
