"""No page has a violation of accessibility that axe finds: https://github.com/dequelabs/axe-core."""

from collections.abc import Callable
from typing import Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.ui.browser import NewContext

STATES = {
    "puppy": {
        "the form": "/",
        "the form, folded out": "/#typical",
        "the form with the live answer": "/?home_size=1200",
        "an error": "/recommendation?home_size=x&unit=acre",
        "a Dachshund": "/recommendation?home_size=900&unit=sqft",
        "a German Shepherd": "/recommendation?home_size=400&unit=m2",
        "a close call": "/recommendation?home_size=1750&unit=sqft",
        "outside what was seen": "/recommendation?home_size=99000&unit=sqft",
        "the model": "/model",
        "the breeds": "/breeds",
        "the problems": "/problems",
        "404": "/nowhere",
    },
    "penguins": {
        "the form": "/",
        "the form, folded out": "/#typical",
        "the form with the live answer": "/?island=Biscoe",
        "an error": "/recommendation?bill_length=x&body_mass=3&unit=stone&sex=x",
        "an answer": "/recommendation?island=Biscoe&bill_length=47&flipper_length=215&sex=male",
        "outside what was seen": "/recommendation?island=Dream&flipper_length=259&chart=flipper_length",
        "an answer without a chart": "/recommendation?island=Dream",
        "the model": "/model",
        "the species": "/species",
        "the problems": "/problems",
        "404": "/nowhere",
    },
    "yard": {
        "the form with the live answer": "/?home_size=1200",
        "an error": "/recommendation?home_size=x&has_yard=perhaps&hours_away=x",
        "an answer": "/recommendation?home_size=1700&unit=sqft&has_yard=yes&hours_away=5",
    },
}


RULES: dict[Literal["light", "dark"], dict[str, list[str]]] = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": ["cat.color"]},
}
"""Options of axe: in the dark the same page has other colours, and nothing else to check again."""


@pytest.fixture(params=STATES)
def problem(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def site(problem: str, url_of: Callable[[str], str]) -> str:
    return url_of(problem)


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_axe_finds_no_violation_in_light_or_dark(
    new_context: NewContext, problem: str, width: int, full: bool
) -> None:
    if not full and problem != "puppy" and width != 320:
        pytest.skip("only with --full")
    page = new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce").new_page()
    found: list[str] = []
    for state, address in STATES[problem].items():
        page.goto(address)
        come_to(page, state)
        page.evaluate(AXE_SCRIPT)
        for scheme, options in RULES.items():
            page.emulate_media(color_scheme=scheme)
            for violation in page.evaluate(
                "options => axe.run(options).then(run => run.violations)", options
            ):
                element = violation["nodes"][0]["html"][:200]
                found.append(f"{state}, {scheme}: {violation['id']}, {violation['help']}: {element}")
    assert found == []


def come_to(page: Page, state: str) -> None:
    if state == "the form, folded out":
        page.locator(".typical summary").first.click()
    if state == "the form with the live answer":
        expect(page.locator("#preview")).to_be_visible()
    for details in page.get_by_text("The chart in figures").all():
        details.click()
