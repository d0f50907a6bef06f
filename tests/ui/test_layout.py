"""Nothing is cut off, and nothing scrolls sideways, on the smallest phone: in any font, at any spacing.

The fonts are our own, see fonts/README.md. The spacing is that of WCAG 1.4.12, which a reader may set.
"""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.ui.browser import NewContext
from tests.ui.steps import the_field

PAGES = {
    "puppy": (
        "/",
        "/?home_size=1200",
        "/recommendation?home_size=900&unit=sqft",
        "/recommendation?home_size=1750&unit=sqft",
        "/recommendation?home_size=9000&unit=m2",
        "/recommendation?home_size=x&unit=acre",
        "/nowhere",
        "/problems",
        "/breeds",
        "/model",
        "/api/docs",
    ),
    "penguins": (
        "/?island=Biscoe&bill_length=44.5",
        "/recommendation?island=Biscoe&bill_length=44.5&flipper_length=259",
        "/recommendation?bill_length=x&body_mass=3&unit=stone&sex=x",
        "/species",
        "/model",
    ),
    "yard": (
        "/?home_size=1200&has_yard=no",
        "/recommendation?home_size=1700&unit=sqft&has_yard=yes&hours_away=5",
        "/model",
    ),
}


@pytest.fixture(params=PAGES)
def problem(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def site(problem: str, url_of: Callable[[str], str]) -> str:
    return url_of(problem)


def font(name: str) -> str:
    content = b64encode((Path(__file__).parent / "fonts" / f"{name}.woff").read_bytes()).decode()
    return f"""
        @font-face {{ font-family: forced; src: url(data:font/woff;base64,{content}) }}
        *, *::before, *::after {{ font-family: forced !important }}
    """


SPACING = """
    * { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
    p { margin-bottom: 2em !important }
"""
AS_THEY_ARE = "/* in the fonts of this machine */"
LOOKS = {
    "fonts of this machine": AS_THEY_ARE,
    "wide font": font("wide"),
    "narrow font": font("narrow"),
    "wider spacing": SPACING,
    "wide font, wider spacing": font("wide") + SPACING,
}

# An element in a scrolling box may be wider than the page; text for screen readers alone has no place on it.
CUT_OFF = """() => {
  const clips = (element) => getComputedStyle(element).overflowX !== "visible";
  const reach = (element) => {
    for (let around = element.parentElement; around !== document.body; around = around.parentElement)
      if (clips(around)) return around.matches("svg") ? around.getBoundingClientRect() : null;
    return { left: 0, right: document.documentElement.clientWidth };
  };
  return [...document.querySelectorAll("body *:not(.visually-hidden, .skip)")].filter((element) => {
    const place = element.getBoundingClientRect();
    const room = place.width && reach(element);
    return room && (place.left < room.left - 0.5 || place.right > room.right + 0.5);
  }).map((element) => element.outerHTML.slice(0, 80));
}"""


def check(page: Page, address: str, style: str) -> None:
    page.goto(address)
    if address == "/api/docs":
        expect(page.locator(".opblock").first).to_be_visible()
    if address.startswith("/?"):
        expect(page.locator("#preview")).to_be_visible()
    page.add_style_tag(content=style)
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true })")
    page.evaluate("document.fonts.ready.then(() => true)")
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_is_cut_off_on_the_smallest_phone(new_context: NewContext, problem: str, look: str) -> None:
    page = new_context(viewport={"width": 320, "height": 640}, bypass_csp=True).new_page()
    for address in PAGES[problem]:
        check(page, address, LOOKS[look])
    if "forced" in LOOKS[look]:
        assert page.evaluate("document.fonts.check('16px forced')")


@pytest.mark.parametrize("problem", ["puppy"])
def test_nothing_is_cut_off_at_400_percent_zoom(new_context: NewContext) -> None:
    # WCAG 1.4.10: a window of 1,280 by 1,024 pixels at 400 % is 320 by 256 pixels wide and high.
    context = new_context(viewport={"width": 320, "height": 256}, device_scale_factor=4, bypass_csp=True)
    page = context.new_page()
    check(page, "/recommendation?home_size=900&unit=sqft", AS_THEY_ARE)
    page.get_by_role("link", name="Change the size").click()
    expect(the_field(page)).to_have_value("900")
