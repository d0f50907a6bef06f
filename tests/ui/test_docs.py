"""The docs page of the API, in a real browser.

`new_context` fails a test for a request to another host, or a violation of the Content-Security-Policy.
"""

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.browser import NewContext


def open_docs(new_context: NewContext, **options: object) -> Page:
    page = new_context(**options).new_page()
    page.goto("/api/docs")
    expect(page.locator(".opblock")).to_have_count(7)
    return page


def test_the_policy_of_the_docs_allows_no_inline_script_or_style(new_context: NewContext) -> None:
    response = new_context().new_page().goto("/api/docs")
    assert response
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy


def test_i_try_a_route_and_see_its_answer(new_context: NewContext) -> None:
    page = open_docs(new_context)
    route = page.locator("#operations-predictions-predict")
    route.locator(".opblock-summary-control").click()
    route.get_by_role("button", name="Try it out").click()
    route.locator("textarea").fill('{"home_size": 4000}')
    route.get_by_role("button", name="Execute").click()
    answered = route.locator(".live-responses-table")
    expect(answered.locator(".response .response-col_status").first).to_contain_text("200")
    shown = answered.locator(".highlight-code code").first
    expect(shown).to_contain_text("model_version")
    assert json.loads(shown.inner_text())["breed"] == "german_shepherd"


def test_i_try_a_batch_in_csv_and_see_its_answer(new_context: NewContext) -> None:
    page = open_docs(new_context, viewport={"width": 390, "height": 844})
    route = page.locator("#operations-predictions-predict_batch")
    route.locator(".opblock-summary-control").click()
    route.get_by_role("button", name="Try it out").click()
    route.get_by_label("Request content type").select_option("text/csv")
    route.get_by_role("button", name="Execute").click()
    expect(route.locator(".live-responses-table .response .response-col_status").first).to_contain_text("200")


def test_all_schemas_are_shown_without_an_error(new_context: NewContext) -> None:
    page = open_docs(new_context, color_scheme="dark")
    page.locator("section.models").get_by_role("button", name="Schemas").click()
    expect(page.locator("section.models article").first).to_be_visible()
    expect(page.locator(".errors-wrapper")).to_have_count(0)


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts blocked", "without JavaScript"])
def test_without_scripts_the_examples_and_a_link_to_the_document_are_shown(
    browser: Browser, base_url: str, javascript: bool
) -> None:
    page = browser.new_page(base_url=base_url, java_script_enabled=javascript)
    page.route("**/*.js*", lambda route: route.abort("blockedbyclient"))
    page.goto("/api/docs")
    expect(page.get_by_text("curl -s").first).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link", name="OpenAPI document")).to_be_visible()
    page.close()
