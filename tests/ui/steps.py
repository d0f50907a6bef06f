"""Steps that tests of the pages share."""

from playwright.sync_api import Locator, Page, expect


def the_field(page: Page) -> Locator:
    """Find the field for the size of the home."""
    return page.get_by_label("How big is your home?")


def expect_answer(page: Page, name: str) -> None:
    """Wait until the page is the answer with this class."""
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
