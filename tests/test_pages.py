"""The pages, by Flask's test client; tests/ui has them in a browser."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from webapp import create_app


@pytest.fixture
def posting() -> FlaskClient:
    """A client whose forms need no token."""
    trusting = create_app({"TESTING": True, "SECRET_KEY": "for tests", "WTF_CSRF_ENABLED": False})
    return trusting.test_client()


def test_a_valid_entry_leads_to_an_address_that_can_be_shared(posting: FlaskClient) -> None:
    response = posting.post("/", data={"home_size": "1,200", "unit": "sqft"})
    assert response.status_code == 303
    address = urlsplit(response.location)
    assert address.path == "/recommendation"
    assert parse_qs(address.query) == {"home_size": ["1200"], "unit": ["sqft"]}


BAD_ENTRIES = [
    ({}, "Enter the size of your home."),
    ({"home_size": "", "unit": "sqft"}, "Enter the size of your home."),
    ({"home_size": "abc", "unit": "sqft"}, "in figures"),
    ({"home_size": "nan", "unit": "sqft"}, "in figures"),
    ({"home_size": "inf", "unit": "sqft"}, "in figures"),
    ({"home_size": "1e400", "unit": "sqft"}, "in figures"),
    ({"home_size": "1.200,50", "unit": "sqft"}, "in figures"),
    ({"home_size": "9" * 5000, "unit": "sqft"}, "in figures"),
    ({"home_size": "-5", "unit": "sqft"}, "between 50 and 100,000 sq ft"),
    ({"home_size": "0", "unit": "sqft"}, "between 50 and 100,000 sq ft"),
    ({"home_size": "49.9", "unit": "sqft"}, "between 50 and 100,000 sq ft"),
    ({"home_size": "100001", "unit": "sqft"}, "between 50 and 100,000 sq ft"),
    ({"home_size": "4", "unit": "m2"}, "between 4.65 and 9,290.3 m²"),
    ({"home_size": "900", "unit": "acre"}, "Choose sq ft or m²."),
]


@pytest.mark.parametrize(("entry", "sentence"), BAD_ENTRIES)
def test_a_bad_entry_is_asked_back_in_a_sentence(
    posting: FlaskClient, entry: dict[str, str], sentence: str
) -> None:
    response = posting.post("/", data=entry)
    assert response.status_code == 422
    assert "<title>Error: " in response.text
    assert sentence in response.text


@pytest.mark.parametrize(("entry", "sentence"), BAD_ENTRIES)
def test_a_bad_address_is_asked_back_in_the_same_sentence(
    client: FlaskClient, entry: dict[str, str], sentence: str
) -> None:
    response = client.get("/recommendation", query_string=entry)
    assert response.status_code == 422
    assert sentence in response.text


def test_an_entry_comes_back_as_text_never_as_markup(posting: FlaskClient) -> None:
    response = posting.post("/", data={"home_size": '"><script>alert(1)</script>', "unit": "sqft"})
    assert "<script>alert" not in response.text
    assert "&lt;script&gt;alert(1)" in response.text


def test_without_its_token_the_form_comes_back_with_the_entry(client: FlaskClient) -> None:
    response = client.post("/", data={"home_size": "1,234", "unit": "m2"})
    assert response.status_code == 422
    assert "press the button once more" in response.text
    assert 'value="1,234"' in response.text


def test_a_recommendation_needs_no_session(client: FlaskClient) -> None:
    response = client.get("/recommendation?home_size=900")
    assert response.status_code == 200
    assert "Dachshund" in response.text
    assert "simulated" in response.text
    assert "Set-Cookie" not in response.headers


def test_the_way_back_keeps_the_entry(client: FlaskClient) -> None:
    assert 'value="92.5"' in client.get("/?home_size=92.5&unit=m2").text


def test_errors_are_pages_for_people(client: FlaskClient) -> None:
    missing = client.get("/nowhere")
    assert (missing.status_code, missing.mimetype) == (404, "text/html")
    assert "Nothing lives at this address" in missing.text
    wrong_method = client.delete("/")
    assert wrong_method.status_code == 405
    assert "POST" in wrong_method.headers["Allow"]
    too_large = client.post("/", data={"home_size": "9" * 20_000})
    assert (too_large.status_code, too_large.mimetype) == (413, "text/html")
    assert "16 KB" in too_large.text


def test_a_fault_of_ours_says_nothing_of_the_inside() -> None:
    app = create_app({"SECRET_KEY": "for tests", "PROPAGATE_EXCEPTIONS": False})

    @app.get("/fault")
    @app.get("/api/fault")
    def fault() -> str:
        raise ZeroDivisionError

    page, problem = app.test_client().get("/fault"), app.test_client().get("/api/fault")
    assert (page.status_code, page.mimetype) == (500, "text/html")
    assert (problem.status_code, problem.mimetype) == (500, "application/problem+json")
    for response in (page, problem):
        assert "ZeroDivision" not in response.text
        assert "Traceback" not in response.text
        assert "A fault of ours" in response.text


def test_every_problem_type_is_explained_where_it_leads(client: FlaskClient) -> None:
    problem = client.get("/api/nowhere").get_json()
    path, _, anchor = problem["type"].removeprefix("http://localhost").partition("#")
    assert f'id="{anchor}"' in client.get(path).text


def test_the_browser_is_told_to_trust_no_more_than_the_pages_need(client: FlaskClient) -> None:
    headers = client.get("/").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
