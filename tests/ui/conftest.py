from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.ui.browser import launch

NewContext = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def new_context(browser: Browser, base_url: str) -> Iterator[NewContext]:
    """Open browser contexts; at the end, fail for whatever the browser complained of in any of them."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_context(**options: object) -> BrowserContext:
        context = browser.new_context(base_url=base_url, **options)  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        # A refused entry is answered 422 and a wrong address 404: Chromium reports both, and both are meant.
        context.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if message.type == "error" and "the server responded with a status of 4" not in message.text
                else None
            ),
        )
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on(
            "request",
            lambda request: (
                None if request.url.startswith((base_url, "data:")) else complaints.append(request.url)
            ),
        )
        contexts.append(context)
        return context

    yield open_context
    for context in contexts:
        context.close()
    assert complaints == [], "errors, policy violations or requests to other hosts"


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, new_context: NewContext) -> Page:
    return new_context(java_script_enabled=request.param, viewport={"width": 390, "height": 844}).new_page()
