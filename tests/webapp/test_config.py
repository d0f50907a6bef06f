"""Settings, read from environment variables."""

import pytest

from webapp import create_app
from webapp.config import SettingError, Settings, load_settings
from webapp.http.state import state_of


def test_every_setting_has_a_default_for_development() -> None:
    assert load_settings({}) == Settings()


def test_environment_variables_set_the_settings_of_their_names() -> None:
    settings = load_settings({"PORT": "9000", "BIND_HOST": "0.0.0.0", "LOG_FORMAT": "json", "HOME": "/"})
    assert (settings.port, settings.bind_host, settings.log_format) == (9000, "0.0.0.0", "json")


def test_an_empty_variable_counts_as_unset() -> None:
    assert load_settings({"PORT": ""}).port == 8000


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PORT", "http", "PORT must be a whole number from 1 to 65535; got 'http'."),
        ("PORT", "0", "PORT must be a whole number from 1 to 65535; got '0'."),
        ("WEB_CONCURRENCY", "many", "WEB_CONCURRENCY must be a whole number from 1 to 64; got 'many'."),
        ("LOG_FORMAT", "xml", "LOG_FORMAT must be auto or console or json; got 'xml'."),
    ],
)
def test_an_invalid_value_is_refused_in_a_sentence_that_names_the_variable(
    variable: str, value: str, sentence: str
) -> None:
    with pytest.raises(SettingError) as refusal:
        load_settings({variable: value})
    assert str(refusal.value) == sentence


@pytest.mark.parametrize("address", ["127.0.0.1:0", "nowhere", ":9464"])
def test_an_invalid_address_for_metrics_is_refused(address: str) -> None:
    with pytest.raises(SettingError, match=r"^METRICS_BIND must be "):
        load_settings({"METRICS_BIND": address})


def test_settings_given_to_create_app_override_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "error")
    app = create_app({"LOG_LEVEL": "debug", "TESTING": True})
    assert (state_of(app).settings.log_level, app.config["TESTING"]) == ("debug", True)
