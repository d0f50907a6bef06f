"""The settings file: valid values, and a sentence for every invalid one."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecs.aws import connect
from ecs.errors import UsageError
from ecs.settings import MEMORY_FOR_CPU, OWN_VARIABLES, SETTINGS_FILE, Settings, load_settings
from tests.ecs.settings_file import TEXT, refusal, written


def dumps(value: object) -> str:
    """Write a value as TOML; scalars and lists look the same in JSON."""
    return json.dumps(value, ensure_ascii=False)


def test_every_setting_has_a_default_in_the_file_with_a_comment_above() -> None:
    lines = TEXT.splitlines()
    for name in set(Settings.__struct_fields__) - {"env"}:
        starts = (f"{name} = ", f"[{name}]")
        at = next(number for number, line in enumerate(lines) if line.startswith(starts))
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
        ("min_tasks", "0", "min_tasks: Expected `int` >= 1."),
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


SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:token-a1b2c3"
PARAMETER = "arn:aws:ssm:eu-west-1:111122223333:parameter/puppy/token"


def variables(folder: Path, environment: str = "", secrets: str = "", **changes: str) -> Path:
    """Write a settings file with these lines in the two tables, and in those of the environment `test`."""
    path = written(folder, *changes.items())
    text = path.read_text().replace("[environment]\n", f"[environment]\n{environment}\n")
    path.write_text(text.replace("[secrets]\n", f"[secrets]\n{secrets}\n"))
    return path


def test_an_environment_adds_to_the_variables_and_overrides_some(tmp_path: Path) -> None:
    path = variables(tmp_path, 'ONE = "1"\nTWO = "2"', f'TOKEN = "{SECRET}:key::"')
    with path.open("a") as file:
        file.write(f'[env.test.environment]\nTWO = "3"\n[env.test.secrets]\nOTHER = "{PARAMETER}"\n')
    assert load_settings("test", path).environment == {"ONE": "1", "TWO": "3"}
    assert load_settings("test", path).secrets == {"TOKEN": f"{SECRET}:key::", "OTHER": PARAMETER}
    assert load_settings("prod", path).environment == {"ONE": "1", "TWO": "2"}


@pytest.mark.parametrize("name", sorted(OWN_VARIABLES))
def test_a_variable_that_the_tool_sets_is_refused_by_name(tmp_path: Path, name: str) -> None:
    for path in (variables(tmp_path, f'{name} = "1"'), variables(tmp_path, "", f'{name} = "{SECRET}"')):
        assert refusal(path) == (
            f"settings.toml: {name} is set by this tool itself, from a setting of this file or always alike."
        )


@pytest.mark.parametrize(
    "arn",
    ["", "hunter2", SECRET.replace(":secret:", ":x:"), PARAMETER.replace("parameter/", ""), f"{SECRET},x",
     SECRET.replace("111122223333", "1"), f"{SECRET}\\n", PARAMETER.replace("ssm", "s3")],
)  # fmt: skip
def test_what_is_no_arn_of_a_secret_is_refused(tmp_path: Path, arn: str) -> None:
    assert "Expected `str` matching" in refusal(variables(tmp_path, "", f'TOKEN = "{arn}"'))


def test_contradicting_variables_are_refused(tmp_path: Path) -> None:
    both = variables(tmp_path, 'TOKEN = "1"', f'TOKEN = "{SECRET}"')
    assert refusal(both) == "settings.toml: TOKEN is in both environment and secrets."
    other = variables(tmp_path, "", f'TOKEN = "{SECRET}"', account='"999999999999"')
    assert refusal(other) == (
        "settings.toml: secrets.TOKEN is of account 111122223333, and the service of 999999999999."
    )


def test_a_secret_of_another_region_is_refused(tmp_path: Path) -> None:
    settings = load_settings("prod", variables(tmp_path, "", f'TOKEN = "{SECRET}"'))
    assert connect(settings, "eu-west-1").region == "eu-west-1"
    with pytest.raises(UsageError, match=r"secrets.TOKEN .* is in eu-west-1, the service in us-east-1."):
        connect(settings, "us-east-1")


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
