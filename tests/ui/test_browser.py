"""Which commands install a browser for the tests; none of them is run."""

import shutil
import subprocess

import pytest

from tests.ui import browser


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that are run, all of which time out."""
    commands: list[str] = []

    def run(command: list[str], **_: object) -> None:
        commands.append(" ".join(command))
        raise subprocess.TimeoutExpired(command, browser.INSTALL_SECONDS)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def answers(monkeypatch: pytest.MonkeyPatch, *in_turn: bool) -> None:
    given = iter(in_turn)
    monkeypatch.setattr(browser, "is_there", lambda: next(given))


def test_on_a_machine_with_a_browser_nothing_is_installed(
    monkeypatch: pytest.MonkeyPatch, ran: list[str]
) -> None:
    answers(monkeypatch, True)
    browser.main()
    assert ran == []


def test_playwrights_own_browser_is_tried_first(monkeypatch: pytest.MonkeyPatch, ran: list[str]) -> None:
    answers(monkeypatch, False, True)
    browser.main()
    assert len(ran) == 1
    assert ran[0].endswith("-m playwright install chromium")


def test_on_debian_the_systems_chromium_is_tried_next(
    monkeypatch: pytest.MonkeyPatch, ran: list[str]
) -> None:
    monkeypatch.setattr(shutil, "which", "/usr/bin/{}".format)
    answers(monkeypatch, False, False, True)
    browser.main()
    assert [command.removeprefix("sudo --non-interactive ") for command in ran[1:]] == [
        "apt-get update",
        "apt-get install --option DPkg::Lock::Timeout=120 --yes --no-install-recommends chromium",
    ]


def test_without_any_browser_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, ran: list[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    answers(monkeypatch, False, False)
    with pytest.raises(SystemExit, match="install Chromium or Google Chrome"):
        browser.main()
    assert len(ran) == 1
