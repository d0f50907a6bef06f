"""A client's address, as a log line has it: whole, or only its network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.http.client_address import client_address


@pytest.mark.parametrize(
    ("given", "address", "network"),
    [
        ("203.0.113.77", "203.0.113.77", "203.0.113.0/24"),
        ("203.0.113.77:5678", "203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.77", "203.0.113.0/24"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::9", "2001:db8:1::/48"),
        ("[2001:db8:1:2::9]:443", "2001:db8:1:2::9", "2001:db8:1::/48"),
        ("[::1]", "::1", "::/48"),
        ("2001:db8:1:2:3:4:5:6789", "2001:db8:1:2:3:4:5:6789", "2001:db8:1::/48"),
        ("unknown", None, None),
        ("", None, None),
        ("203.0.113.77, 198.51.100.1", None, None),
    ],
)
def test_an_address_is_normalised_and_can_be_cut_to_its_network(
    given: str, address: str | None, network: str | None
) -> None:
    assert client_address(given, network_only=False) == address
    assert client_address(given, network_only=True) == network


@given(st.text())
def test_any_other_text_is_no_address(given: str) -> None:
    written = client_address(given, network_only=True)
    assert written is None or written.endswith(("/24", "/48"))
