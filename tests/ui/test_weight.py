"""How much a first visit downloads."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.load.clients import say
from tests.ui.browser import NewContext


@pytest.mark.parametrize("address", ["/", "/recommendation?home_size=900&unit=sqft"])
def test_a_first_visit_takes_at_most_6_requests_and_60_kb(
    new_context: NewContext, base_url: str, address: str
) -> None:
    page = new_context(viewport={"width": 390, "height": 844}).new_page()
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    asked: dict[str, str] = {}
    received: dict[str, float] = {}
    network.on(
        "Network.requestWillBeSent", lambda event: asked.update({event["requestId"]: event["request"]["url"]})
    )
    # The logo is the page's icon too; its second request is answered from the browser's cache.
    kept: set[str] = set()
    network.on(
        "Network.responseReceived",
        lambda event: kept.add(event["requestId"]) if event["response"]["fromDiskCache"] else None,
    )
    network.on(
        "Network.loadingFinished",
        lambda event: received.update({event["requestId"]: event["encodedDataLength"]}),
    )
    page.goto(address, wait_until="networkidle")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    asked = {key: url for key, url in asked.items() if key not in kept}
    say(f"{address}: {len(asked)} requests, {sum(received.values()) / 1000:.1f} KB")
    assert {urlsplit(url).netloc for url in asked.values()} == {urlsplit(base_url).netloc}
    assert len(asked) <= 6, list(asked.values())
    assert sum(received.values()) <= 60_000


def test_a_file_is_kept_for_a_year_and_asked_for_again_when_it_has_changed(new_context: NewContext) -> None:
    page = new_context().new_page()
    with page.expect_response(lambda response: "style.css" in response.url) as style:
        page.goto("/")
    assert "max-age=31536000" in style.value.headers["cache-control"]
    unversioned = page.request.get(style.value.url.partition("?")[0])
    assert "max-age" not in unversioned.headers["cache-control"]
