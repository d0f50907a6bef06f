"""What a person does with the pages, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import NewContext


def ask(page: Page, size: str, unit: str | None = None) -> None:
    page.goto("/")
    page.get_by_label("How big is your home?").fill(size)
    if unit:
        page.get_by_role("radio", name=unit).check()
    page.get_by_role("button", name="Find my puppy").click()


@pytest.mark.parametrize(
    ("size", "unit", "puppy"),
    [
        ("900", None, "Dachshund"),
        ("4000", None, "German Shepherd"),
        ("1,200", None, "Dachshund"),
        ("100", "m²", "Dachshund"),
        ("370.5", "m²", "German Shepherd"),
    ],
)
def test_i_type_my_home_and_see_my_puppy(page: Page, size: str, unit: str | None, puppy: str) -> None:
    ask(page, size, unit)
    expect(page.get_by_role("heading", level=1)).to_have_text(puppy)
    expect(page).to_have_title(re.compile(f"^{puppy} for "))
    expect(page.get_by_text(re.compile(r"The model is .*% sure"))).to_be_visible()
    picture = page.get_by_role("img", name=f"Drawing of a {puppy} puppy")
    expect(picture).to_be_visible()
    # Playwright's own evaluation works without the page's JavaScript too.
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 0


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("", "Enter the size of your home."),
        ("quite big", "Enter the size of your home in figures, like 1,200."),
        ("20", "The size of your home must be between 50 and 100,000 sq ft."),
        ("<b>900</b>", "Enter the size of your home in figures, like 1,200."),
    ],
)
def test_i_type_something_else_and_learn_what_to_type(page: Page, entry: str, sentence: str) -> None:
    ask(page, entry)
    expect(page).to_have_title(re.compile("^Error: "))
    field = page.get_by_label("How big is your home?")
    expect(field).to_have_value(entry)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(re.escape(sentence)))
    summary = page.get_by_role("alert")
    summary.get_by_role("link", name=sentence).click()
    expect(field).to_be_focused()


def test_focus_goes_to_what_went_wrong(new_context: NewContext) -> None:
    page = new_context().new_page()
    ask(page, "quite big")
    expect(page.get_by_role("alert")).to_be_focused()


def test_i_go_back_and_my_entry_is_still_there(page: Page) -> None:
    ask(page, "110", "m²")
    page.get_by_role("link", name="Try another size").click()
    expect(page.get_by_label("How big is your home?")).to_have_value("110")
    expect(page.get_by_role("radio", name="m²")).to_be_checked()


def test_i_share_the_address_and_my_friend_sees_the_same(page: Page, new_context: NewContext) -> None:
    ask(page, "2,500")
    expect(page.get_by_role("heading", level=1)).to_have_text("German Shepherd")
    friend = new_context().new_page()
    friend.goto(page.url)
    expect(friend.get_by_role("heading", level=1)).to_have_text("German Shepherd")


def test_i_need_only_the_keyboard(new_context: NewContext) -> None:
    page = new_context().new_page()
    page.goto("/")
    page.keyboard.press("Tab")  # the name of the site
    page.keyboard.press("Tab")
    expect(page.get_by_label("How big is your home?")).to_be_focused()
    page.keyboard.type("100")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="m²")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dachshund")


def test_a_home_larger_than_any_seen_is_called_a_guess(page: Page) -> None:
    ask(page, "99,000")
    expect(page.get_by_text("Yours lies outside")).to_be_visible()


def test_a_wrong_address_leads_back_to_the_question(page: Page) -> None:
    page.goto("/nowhere")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
    page.get_by_role("link", name="Go to the question").click()
    expect(page.get_by_label("How big is your home?")).to_be_visible()


@pytest.mark.parametrize(
    "address", ["/", "/recommendation?home_size=900", "/recommendation?home_size=x", "/problems"]
)
def test_nothing_is_cut_off_on_the_smallest_phone(new_context: NewContext, address: str) -> None:
    page = new_context(viewport={"width": 320, "height": 640}).new_page()
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
