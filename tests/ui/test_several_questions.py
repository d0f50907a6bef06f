"""Forms of several questions, as the penguins and the puppy with a yard have them."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from model.problem.loading import MAY_BE_EMPTY
from tests.ui.browser import NewContext
from tests.ui.steps import expect_answer

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def site(request: pytest.FixtureRequest, url_of: Callable[[str], str]) -> str:
    return url_of(getattr(request, "param", "penguins"))


with_a_yard = pytest.mark.parametrize("site", ["yard"], indirect=True)


@pytest.fixture
def live(new_context: NewContext) -> Page:
    """The form on a desktop, where the live answer is beside it."""
    page = new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto("/")
    return page


def test_i_describe_my_penguin_and_see_its_species(page: Page) -> None:
    page.goto("/")
    page.get_by_role("group", name="On which island?").get_by_label("Biscoe").check()
    page.get_by_label("How long is the bill?").fill("47.5")
    page.get_by_label("How long is a flipper?").fill("215")
    page.get_by_label("How heavy is the penguin?").fill("5.1")
    page.get_by_role("group", name="In which unit?").get_by_label("kg").check()
    page.get_by_role("button", name="Find my penguin").click()
    expect_answer(page, "Gentoo")
    given = page.get_by_role("region", name="What you told us").get_by_role("definition")
    expect(given).to_have_text(["Biscoe", "47.5 mm", "Not given", "215 mm", "5.1 kg", "Not given"])
    expect(page.get_by_role("region", name="All species").get_by_role("term").first).to_have_text("Gentoo")
    expect(page.get_by_text("which speaks for Gentoo").first).to_be_visible()
    page.get_by_role("link", name="Change the measurements").click()
    expect(page.get_by_label("Biscoe")).to_be_checked()
    expect(page.get_by_label("How heavy is the penguin?")).to_have_value("5.1")
    expect(page.get_by_label("kg")).to_be_checked()
    expect(page.get_by_label("I don’t know")).to_be_checked()  # noqa: RUF001 - as in print


@with_a_yard
def test_i_answer_yes_and_leave_the_rest_blank(page: Page) -> None:
    page.goto("/")
    page.get_by_label("How big is your home?").fill("4,000")
    page.get_by_role("group", name="Do you have a yard?").get_by_label("Yes").check()
    page.get_by_role("button", name="Find my puppy").click()
    expect_answer(page, "German Shepherd")
    assert urlsplit(page.url).query == "home_size=4000&unit=sqft&has_yard=yes"
    expect(page.get_by_role("img", name="German Shepherd puppy")).to_be_visible()


def test_each_fault_is_told_beside_its_question_and_linked_to_it(page: Page) -> None:
    page.goto("/")
    page.get_by_label("How long is the bill?").fill("long")
    page.get_by_role("button", name="Find my penguin").click()
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("listitem")).to_have_text(
        ["Choose the island.", "Enter the bill length in figures, like 44.5."]
    )
    group = page.get_by_role("group", name="On which island?")
    expect(group).to_have_accessible_description("Error: Choose the island.")
    summary.get_by_role("link", name="Choose the island.").click()
    expect(group.get_by_label("Biscoe")).to_be_focused()
    summary.get_by_role("link", name="Enter the bill length").click()
    field = page.get_by_label("How long is the bill?")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(
        f"From the tip to the feathers. {MAY_BE_EMPTY} Error: Enter the bill length in figures, like 44.5."
    )


def test_i_pick_the_number_that_the_chart_varies(page: Page) -> None:
    page.goto("/recommendation?island=Biscoe&bill_length=45&flipper_length=200")
    expect(
        page.get_by_role("img", name="How likely each of the species is, by the bill length in mm")
    ).to_be_visible()
    page.get_by_role("navigation", name="What the chart varies").get_by_role("link").last.click()
    expect(page.get_by_role("img", name="by the flipper length in mm")).to_be_visible()
    expect(page.get_by_role("link", name="Flipper length")).to_have_attribute("aria-current", "true")


def test_the_live_answer_follows_every_field(live: Page) -> None:
    preview = live.get_by_role("region", name="The answer as you go")
    expect(preview).to_be_hidden()
    live.get_by_label("How long is a flipper?").fill("190")
    expect(preview).to_be_hidden()  # the island is required
    live.get_by_label("Torgersen").check()
    expect(preview.get_by_role("heading")).to_have_text("Adelie")
    live.get_by_label("Dream").check()
    live.get_by_label("How long is the bill?").fill("51")
    expect(preview.get_by_role("heading")).to_have_text("Chinstrap")
    said = preview.inner_text()
    live.get_by_label("Female").check()
    expect(preview).not_to_have_text(said, use_inner_text=True)


def test_the_slider_moves_the_first_number_on_its_linear_scale(live: Page) -> None:
    live.get_by_label("Dream").check()
    slider = live.get_by_role("slider", name="Or slide to try")
    preview = live.get_by_role("region", name="The answer as you go")
    slider.focus()
    live.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^3\d\.\d mm$"))
    expect(preview.get_by_role("heading")).to_have_text("Adelie")
    live.keyboard.press("End")
    expect(live.get_by_label("How long is the bill?")).to_have_value(re.compile(r"^59\.\d$"))
    expect(preview.get_by_role("heading")).to_have_text("Chinstrap")
    expect(preview).not_to_contain_text("Yours lies outside")
    live.get_by_label("How long is the bill?").fill("40")
    expect(preview.get_by_role("heading")).to_have_text("Adelie")
    expect(slider).to_have_value(re.compile(r"^5\d$"))


def test_typical_values_follow_their_own_unit(live: Page) -> None:
    live.get_by_label("Dream").check()
    live.get_by_text("Have you no scales?").click()
    live.get_by_label("kg").check()
    link = live.get_by_role("link", name="A Gentoo 5.08 kg")
    assert parse_qs(urlsplit(link.get_attribute("href") or "").query)["body_mass"] == ["5.08"]
    link.click()
    expect(live.get_by_label("How heavy is the penguin?")).to_have_value("5.08")


def test_without_scripts_a_typical_value_keeps_the_other_answers(new_context: NewContext) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/?island=Dream&bill_length=44&unit=kg")
    page.get_by_text("Have you no scales?").click()
    page.get_by_role("link", name="A Gentoo 5.08 kg").click()
    expect(page.get_by_label("How heavy is the penguin?")).to_have_value("5.08")
    expect(page.get_by_label("How long is the bill?")).to_have_value("44")
    expect(page.get_by_label("Dream")).to_be_checked()


def test_on_a_phone_the_answer_in_short_stays_in_view(new_context: NewContext) -> None:
    page = new_context(viewport=PHONE, has_touch=True).new_page()
    page.goto("/")
    page.get_by_label("Biscoe").check()
    glance = page.locator("#glance")
    expect(glance).to_have_text(re.compile(r"^(Adelie|Gentoo), \d+%$"))
    for label in ("How long is the bill?", "Female"):
        page.get_by_label(label).scroll_into_view_if_needed()
        expect(glance).to_be_in_viewport(ratio=1)


def test_the_live_answer_stays_beside_a_long_form(live: Page) -> None:
    live.get_by_label("Biscoe").check()
    preview = live.get_by_role("region", name="The answer as you go")
    expect(preview).to_be_visible()
    live.get_by_role("button", name="Find my penguin").scroll_into_view_if_needed()
    expect(preview.get_by_role("heading")).to_be_in_viewport()
