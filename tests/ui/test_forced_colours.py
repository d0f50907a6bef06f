"""The pages in forced colours, as by the contrast themes of Windows."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.browser import NewContext

STYLE = "(element, name) => getComputedStyle(element).getPropertyValue(name)"


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, new_context: NewContext) -> Page:
    return new_context(forced_colors="active", color_scheme=request.param).new_page()


def style(of: Locator, name: str) -> str:
    value: str = of.first.evaluate(STYLE, name)
    return value


@pytest.mark.parametrize("address", ["/?home_size=1200", "/recommendation?home_size=900&unit=sqft"])
def test_the_chart_is_drawn_in_the_colour_of_the_text(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator(".chart")).to_be_visible()
    ink, paper = style(page.locator("body"), "color"), style(page.locator("body"), "background-color")
    assert ink != paper
    for line in (".chart-curve", ".chart-curve.chart-ours", ".chart-marker", ".chart-dot"):
        assert style(page.locator(line), "stroke") == ink, line
    for words in (".chart-scale", ".chart-name", ".chart-name.chart-ours", ".chart-here"):
        assert style(page.locator(words), "fill") == ink, words
    for bar in page.locator(".shares svg").all():
        assert (style(bar, "fill"), style(bar, "background-color")) == (ink, paper)
        assert style(bar, "border-top-style") == "solid"


def test_the_focused_element_is_outlined(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#slider")).to_be_visible()
    for role in ("link", "link", "textbox", "radio", "slider", "button"):
        page.keyboard.press("Tab")
        focused = page.get_by_role(role).and_(page.locator(":focus"))
        assert (style(focused, "outline-style"), style(focused, "outline-width")) == ("solid", "3px"), role


def test_the_chosen_unit_and_errors_are_marked_without_colour(page: Page) -> None:
    page.goto("/")
    chosen, other = page.locator(".choice:has(:checked)"), page.locator(".choice:not(:has(:checked))")
    assert style(chosen, "border-top-color") != style(other, "border-top-color")
    page.goto("/recommendation?home_size=x&unit=acre")
    ink = style(page.locator("body"), "color")
    for marked, side in ((".error-summary", "top"), (".field-wrong", "left")):
        assert style(page.locator(marked), f"border-{side}-style") == "solid"
        assert style(page.locator(marked), f"border-{side}-color") == ink


def test_a_note_is_set_off_by_a_line(page: Page) -> None:
    page.goto("/recommendation?home_size=9000&unit=m2")
    assert style(page.locator(".note"), "border-top-style") == "solid"
