"""No page has a violation of accessibility that axe finds: https://github.com/dequelabs/axe-core."""

import pytest
from axe_playwright_python.sync_playwright import Axe
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 768, 1440])
def test_axe_finds_no_violation(new_context: NewContext, width: int, scheme: str) -> None:
    context = new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    found: list[str] = []
    for state, address in STATES.items():
        page.goto(address)
        come_to(page, state)
        results = Axe().run(page)
        found += [
            f"{state}: {violation['id']}, {violation['help']}: {violation['nodes'][0]['html'][:200]}"
            for violation in results.response["violations"]
        ]
    assert found == []


def come_to(page: Page, state: str) -> None:
    if state == "the form, folded out":
        page.get_by_text("Not sure how big it is?").click()
    if state == "the form with the live answer":
        expect(page.locator("#preview")).to_be_visible()
    for details in page.get_by_text("The chart in figures").all():
        details.click()
