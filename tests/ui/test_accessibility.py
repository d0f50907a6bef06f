"""No page has a violation of accessibility that axe finds: https://github.com/dequelabs/axe-core."""

from typing import Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.ui.browser import NewContext

STATES = {
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
}


RULES: dict[Literal["light", "dark"], dict[str, list[str]]] = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": ["cat.color"]},
}
"""Options of axe: in the dark the same page has other colours, and nothing else to check again."""


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_axe_finds_no_violation_in_light_or_dark(new_context: NewContext, width: int) -> None:
    page = new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce").new_page()
    found: list[str] = []
    for state, address in STATES.items():
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
        page.get_by_text("Not sure how big it is?").click()
    if state == "the form with the live answer":
        expect(page.locator("#preview")).to_be_visible()
    for details in page.get_by_text("The chart in figures").all():
        details.click()
