"""The headers by which a browser limits what a page may do."""

from flask.testing import FlaskClient

from webapp import create_app


def test_pages_allow_only_what_they_need(client: FlaskClient) -> None:
    headers = client.get("/").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_over_https_browsers_are_told_to_stay_with_it() -> None:
    client = create_app({"TESTING": True, "TRUSTED_PROXIES": 1}).test_client()
    tls = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    assert "max-age=31536000" in client.get("/", headers=tls).headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in client.get("/").headers
