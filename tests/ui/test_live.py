"""The preview of the answer, which follows the slider and the field."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.ui.browser import NewContext
from tests.ui.steps import expect_answer, the_field


@pytest.fixture
def page(new_context: NewContext) -> Page:
    page = new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto("/")
    return page


def the_preview(page: Page) -> Locator:
    return page.get_by_role("region", name="The answer as you go")


def the_slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Or slide to try")


def asked_size(route: Route) -> str:
    return parse_qs(urlsplit(route.request.url).query)["home_size"][0]


def test_puppy_probability_and_chart_follow_the_slider(page: Page) -> None:
    box = the_slider(page).bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 5, middle, steps=8)
    expect(the_preview(page).get_by_role("heading")).to_have_text("Dachshund")
    expect(the_preview(page)).to_contain_text(re.compile(r"\d+%"))
    left = page.locator(".chart-dot").get_attribute("cx")
    page.mouse.move(box["x"] + box["width"] - 5, middle, steps=8)
    expect(the_preview(page).get_by_role("heading")).to_have_text("German Shepherd")
    right = page.locator(".chart-dot").get_attribute("cx")
    assert float(left or 0) < float(right or 0)
    page.mouse.up()
    size = the_field(page).input_value()
    page.get_by_role("button", name="Find my puppy").click()
    expect_answer(page, "German Shepherd")
    expect(page.get_by_text(f"Your puppy for {size} sq ft")).to_be_visible()


def test_the_preview_follows_the_keyboard_and_the_slider_announces_the_size(page: Page) -> None:
    the_slider(page).focus()
    page.keyboard.press("Home")
    expect(the_preview(page).get_by_role("heading")).to_have_text("Dachshund")
    expect(the_slider(page)).to_have_attribute("aria-valuetext", re.compile(r"^\d+ sq ft$"))
    page.keyboard.press("End")
    expect(the_preview(page).get_by_role("heading")).to_have_text("German Shepherd")


def test_keys_move_the_slider_in_small_and_large_steps(page: Page) -> None:
    the_slider(page).focus()
    for key, position in (
        ("Home", "0"),
        ("ArrowRight", "1"),
        ("ArrowUp", "2"),
        ("ArrowDown", "1"),
        ("ArrowLeft", "0"),
        ("PageUp", "20"),
        ("PageDown", "0"),
        ("End", "200"),
    ):
        page.keyboard.press(key)
        expect(the_slider(page)).to_have_value(position)


@pytest.mark.parametrize("unit", ["sq ft", "m²"])
def test_each_press_of_an_arrow_key_moves_the_slider(page: Page, unit: str) -> None:
    """Also after the preview of the press before, which rounds the size, has arrived."""
    page.get_by_role("radio", name=unit).check()
    page.evaluate(
        "shown = 0; new MutationObserver(() => shown++).observe(preview, {childList: true})",
    )
    the_slider(page).focus()
    page.keyboard.press("Home")
    for position in range(1, 30):
        page.wait_for_function("position => shown >= position", arg=position)
        page.keyboard.press("ArrowRight")
        assert the_slider(page).input_value() == str(position)


@pytest.mark.parametrize("unit", ["sq ft", "m²"])
@pytest.mark.parametrize("end", ["Home", "End"])
def test_the_ends_of_the_slider_are_within_the_training_range(page: Page, unit: str, end: str) -> None:
    page.get_by_role("radio", name=unit).check()
    the_slider(page).focus()
    page.keyboard.press(end)
    expect(the_preview(page)).to_contain_text(f"{the_field(page).input_value()} {unit}")
    expect(the_preview(page)).not_to_contain_text("Yours lies outside")


def test_on_a_phone_a_short_answer_is_shown_above_the_slider(new_context: NewContext) -> None:
    page = new_context(viewport={"width": 375, "height": 667}, has_touch=True).new_page()
    page.goto("/")
    the_slider(page).fill("190")
    glance = page.locator("#glance")
    expect(glance).to_have_text(re.compile(r"^German Shepherd, \d+%$"))
    expect(glance).to_be_in_viewport(ratio=1)
    expect(glance.locator("img")).to_be_visible()
    the_field(page).fill("")
    expect(glance).to_be_empty()


def test_the_typical_sizes_follow_the_unit(page: Page) -> None:
    page.get_by_text("Not sure how big it is?").click()
    page.get_by_role("radio", name="m²").check()
    studio = page.get_by_role("link", name="Studio 40 m²")
    assert urlsplit(studio.get_attribute("href") or "").query == "home_size=40&unit=m2"
    page.get_by_role("radio", name="sq ft").check()
    page.get_by_role("link", name="Studio 450 sq ft").click()
    expect(the_field(page)).to_have_value("450")
    expect(page.get_by_role("radio", name="sq ft")).to_be_checked()


def test_the_preview_and_the_slider_follow_what_i_type(page: Page) -> None:
    the_field(page).fill("400 m²")
    expect(the_preview(page)).to_contain_text("Your puppy for 400 m²")
    expect(the_preview(page).get_by_role("heading")).to_have_text("German Shepherd")
    far = int(the_slider(page).input_value())
    the_field(page).fill("500")
    expect(the_preview(page).get_by_role("heading")).to_have_text("Dachshund")
    assert int(the_slider(page).input_value()) < far
    the_field(page).fill("")
    expect(the_preview(page)).to_be_hidden()


def test_a_screen_reader_hears_the_answer_in_a_sentence_when_i_pause(page: Page) -> None:
    the_field(page).fill("900")
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^900 sq ft: Dachshund, \d+%$"))


def test_an_answer_that_arrives_after_a_newer_one_is_dropped(page: Page) -> None:
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if asked_size(route) == "500":
            held.append(route)
        else:
            route.continue_()

    page.route("**/preview?*", hold_the_first)
    with page.expect_request("**/preview?home_size=500&*"):
        the_field(page).fill("500")
    the_field(page).fill("4000")
    expect(the_preview(page).get_by_role("heading")).to_have_text("German Shepherd")
    for route in held:
        route.fulfill(body="<div data-number='500' data-announcement=''><h2>late</h2></div>")
    page.wait_for_function("() => new Promise(done => requestAnimationFrame(() => done(true)))")
    expect(the_preview(page).get_by_role("heading")).to_have_text("German Shepherd")


def test_the_preview_is_requested_only_when_i_pause(page: Page) -> None:
    sizes: list[str] = []

    def note(route: Route) -> None:
        sizes.append(asked_size(route))
        route.continue_()

    page.route("**/preview?*", note)
    the_field(page).press_sequentially("1200", delay=5)
    expect(the_preview(page)).to_contain_text("1,200 sq ft")
    assert sizes[-1] == "1200"
    assert len(sizes) < 4


def test_the_form_works_when_the_preview_fails(page: Page) -> None:
    # Not a failed request, for which `new_context` would fail the test.
    page.route("**/preview?*", lambda route: route.fulfill(status=200, body=""))
    the_field(page).fill("900")
    expect(the_preview(page)).to_be_hidden()
    page.get_by_role("button", name="Find my puppy").click()
    expect_answer(page, "Dachshund")


def test_the_page_stays_as_it_is_without_a_network(page: Page) -> None:
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('Failed to fetch')); }")
    the_field(page).fill("900")
    page.wait_for_function("() => document.querySelector('#preview').hidden")
    expect(page.locator("#litter")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Find my puppy").click()
    expect_answer(page, "Dachshund")


def test_a_text_too_long_for_a_size_is_not_sent(page: Page) -> None:
    the_field(page).fill("900")
    expect(the_preview(page)).to_be_visible()
    the_field(page).fill("9" * 5_000)
    expect(the_preview(page)).to_be_hidden()


def test_my_unit_is_remembered(page: Page) -> None:
    page.get_by_role("radio", name="m²").check()
    the_field(page).fill("110")
    page.get_by_role("button", name="Find my puppy").click()
    expect_answer(page, "Dachshund")
    page.get_by_role("link", name="Perfect Puppy").click()
    expect(page.get_by_role("radio", name="m²")).to_be_checked()
    expect(the_field(page)).to_have_value("")
    page.goto("/?home_size=900")
    expect(page.get_by_role("radio", name="sq ft")).to_be_checked()


def test_the_slider_works_where_the_browser_forbids_local_storage(new_context: NewContext) -> None:
    context = new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('SecurityError') }})"
    )
    page = context.new_page()
    page.goto("/")
    page.get_by_role("radio", name="m²").check()
    the_slider(page).focus()
    page.keyboard.press("End")
    expect(the_preview(page).get_by_role("heading")).to_have_text("German Shepherd")


@pytest.mark.parametrize("answer", ["aborted", "404", "an error page"])
def test_without_its_script_the_slider_is_not_shown(browser: Browser, base_url: str, answer: str) -> None:
    def refuse(route: Route) -> None:
        if answer == "aborted":
            route.abort("blockedbyclient")
        elif answer == "404":
            route.fulfill(status=404)
        else:
            route.fulfill(body="<h1>Blocked</h1>", content_type="text/html")

    # Not by `new_context`, which would fail the test for the failed request.
    context = browser.new_context(base_url=base_url)
    page = context.new_page()
    page.route("**/live.js*", refuse)
    page.goto("/")
    assert page.evaluate("matchMedia('(scripting: enabled)').matches")
    expect(the_slider(page)).to_have_count(0)
    expect(page.locator("#slider")).to_be_hidden()
    the_field(page).fill("900")
    page.get_by_role("button", name="Find my puppy").click()
    expect_answer(page, "Dachshund")
    context.close()


def test_without_scripts_there_is_no_slider(new_context: NewContext) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/")
    expect(page.locator("#slider")).to_be_hidden()
    expect(the_field(page)).to_be_visible()
