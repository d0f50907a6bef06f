from collections.abc import Iterator

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    sync_playwright,
)

from tests.ui.browser import NewContext, launch

TIMEOUT_MS = 15_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def site(base_url: str) -> str:
    """The address of the puppy's server; modules that test other problems have a fixture of that name."""
    return base_url


@pytest.fixture
def new_context(browser: Browser, site: str) -> Iterator[NewContext]:
    """Open browser contexts; fail at the end if anything went wrong in one of them that no test looks at.

    That is an error or a violation of the Content-Security-Policy on the console, an error in a script, a
    request to another host, and a part of a page that does not load.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def check_message(message: ConsoleMessage) -> None:
        # Chromium reports each status of 4xx here too; `check_response` knows which of them are expected.
        if message.type in {"error", "warning"} and "the server responded with a status" not in message.text:
            complaints.append(message.text)

    def check_request(request: Request) -> None:
        if not request.url.startswith(f"{site}/"):
            complaints.append(f"asked another host: {request.url}")

    def check_response(response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            complaints.append(f"{response.status} for {response.url}")

    def open_context(**options: object) -> BrowserContext:
        context = browser.new_context(base_url=site, **options)  # type: ignore[arg-type]
        context.set_default_timeout(TIMEOUT_MS)
        context.on("console", check_message)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("request", check_request)
        context.on("response", check_response)
        contexts.append(context)
        return context

    yield open_context
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(request: pytest.FixtureRequest, new_context: NewContext) -> Page:
    """A page on a phone."""
    context = new_context(java_script_enabled=request.param, viewport={"width": 390, "height": 844})
    return context.new_page()
