"""What a person does with the pages, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.ui.browser import NewContext
from tests.ui.steps import expect_answer, the_field


def ask(page: Page, size: str, unit: str | None = None) -> None:
    page.goto("/")
    the_field(page).fill(size)
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
        ("400 m²", None, "German Shepherd"),
    ],
)
def test_i_enter_my_home_and_see_my_puppy(page: Page, size: str, unit: str | None, puppy: str) -> None:
    ask(page, size, unit)
    expect_answer(page, puppy)
    expect(page).to_have_title(re.compile(f"^{puppy} for "))
    expect(
        page.get_by_text(re.compile(r"it suits (about|more than) \d+ in \d+ similar homes"))
    ).to_be_visible()
    both = page.get_by_role("region", name="Both breeds")
    expect(both.get_by_role("term")).to_have_count(2)
    expect(both.get_by_role("term").first).to_have_text(puppy)
    expect(both.get_by_role("definition").first).to_have_text(re.compile(r"\d+%"))
    expect(page.get_by_text(re.compile("^Homes (under|over) about .* lean to an? "))).to_be_visible()
    expect(page.get_by_role("img", name="How likely each of the breeds is")).to_be_visible()
    picture = page.get_by_role("img", name=f"{puppy} puppy")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("", "Enter the size of your home."),
        ("quite big", "Enter the size of your home in figures, like 1,200."),
        ("20", "The size of your home must be between 50 and 100,000 sq ft."),
        ("1.200", "Does 1.200 mean 1,200 or 1.2? Enter the one you mean."),
        ("<b>900</b>", "Enter only a number, like 1,200, with sq ft or m² after it if you like."),
    ],
)
def test_i_enter_something_invalid_and_learn_what_to_enter(page: Page, entry: str, sentence: str) -> None:
    ask(page, entry)
    expect(page).to_have_title(re.compile("^Error: "))
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(the_field(page)).to_have_value(entry)
    expect(the_field(page)).to_have_attribute("aria-invalid", "true")
    expect(the_field(page)).to_have_accessible_description(re.compile(re.escape(f"Error: {sentence}")))
    summary.get_by_role("link", name=sentence).click()
    expect(the_field(page)).to_be_focused()
    the_field(page).fill("900")
    page.get_by_role("button", name="Find my puppy").click()
    expect_answer(page, "Dachshund")


def test_an_error_about_the_unit_links_to_the_unit(page: Page) -> None:
    page.goto("/recommendation?home_size=900&unit=acre")
    expect(page.get_by_role("alert")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="sq ft")).to_be_focused()
    expect(page.get_by_role("group", name="In which unit?")).to_have_accessible_description(
        "Error: Choose sq ft or m²."
    )


def test_i_ask_in_two_tabs_and_neither_leaves_a_cookie(page: Page) -> None:
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto("/")
    for tab, size, puppy in ((page, "4,000", "German Shepherd"), (other, "900", "Dachshund")):
        the_field(tab).fill(size)
        tab.get_by_role("button", name="Find my puppy").click()
        expect_answer(tab, puppy)
    assert page.context.cookies() == []


def test_the_address_has_my_entry_as_it_was_understood(page: Page) -> None:
    ask(page, "\u202dca. 110 m²\u202c")
    expect_answer(page, "Dachshund")
    assert page.url.endswith("/recommendation?home_size=110&unit=m2")
    page.go_back()
    expect(page).to_have_url(re.compile("/$"))


def test_i_change_the_size_and_my_entry_is_still_there(page: Page) -> None:
    ask(page, "110", "m²")
    page.get_by_role("link", name="Change the size").click()
    expect(the_field(page)).to_have_value("110")
    expect(page.get_by_role("radio", name="m²")).to_be_checked()


def test_i_share_the_address_and_my_friend_sees_the_same(page: Page, new_context: NewContext) -> None:
    ask(page, "2,500")
    expect_answer(page, "German Shepherd")
    mine = page.get_by_role("main").text_content()
    friend = new_context().new_page()
    friend.goto(page.url)
    expect_answer(friend, "German Shepherd")
    assert friend.get_by_role("main").text_content() == mine


def test_i_need_only_the_keyboard(page: Page) -> None:
    page.goto("/")
    for _ in ("skip to the content", "the name of the site", "the field"):
        page.keyboard.press("Tab")
    expect(the_field(page)).to_be_focused()
    page.keyboard.type("100")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="m²")).to_be_checked()
    page.keyboard.press("Enter")
    expect_answer(page, "Dachshund")
    for _ in ("skip to the content", "the name of the site", "change the size"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(the_field(page)).to_have_value("100")


def test_a_home_larger_than_any_in_the_training_data_is_marked(page: Page) -> None:
    ask(page, "99,000")
    expect(page.get_by_text("Yours lies outside")).to_be_visible()


def test_an_unknown_address_links_to_the_form(page: Page) -> None:
    page.goto("/nowhere")
    expect(page.get_by_text("404")).to_be_visible()
    page.get_by_role("link", name="Find my puppy").click()
    expect(the_field(page)).to_be_visible()


def test_i_go_back_and_my_entry_is_still_there(page: Page) -> None:
    ask(page, "1,350")
    expect_answer(page, "Dachshund")
    page.go_back()
    expect(the_field(page)).to_have_value("1,350")


def test_i_send_twice_and_get_one_answer(page: Page) -> None:
    page.goto("/")
    the_field(page).fill("900")
    page.get_by_role("button", name="Find my puppy").dblclick(no_wait_after=True)
    expect_answer(page, "Dachshund")


def test_i_do_not_know_my_homes_size_and_start_from_a_typical_one(page: Page) -> None:
    page.goto("/")
    page.get_by_text("Not sure how big it is?").click()
    page.get_by_role("link", name="Large family house").click()
    expect(the_field(page)).to_have_value(re.compile("^2,?800$"))
    page.get_by_role("button", name="Find my puppy").click()
    expect_answer(page, "German Shepherd")


def test_a_close_call_is_called_one(page: Page) -> None:
    ask(page, "1,700")
    expect(page.get_by_text("A close call for 1,700 sq ft")).to_be_visible()
    expect(page.get_by_text("It could as well be a German Shepherd")).to_be_visible()


def test_i_read_about_the_model_and_the_breeds(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="The model").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Model card")
    plot = page.get_by_role("img", name="How often the answer was right")
    plot.scroll_into_view_if_needed()
    expect(plot).to_be_visible()
    page.get_by_role("link", name="The breeds").click()
    for name in ("Dachshund", "German Shepherd"):
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        expect(page.get_by_role("img", name=f"{name} puppy")).to_be_visible()
