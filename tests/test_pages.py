"""The pages, by Flask's test client; tests/ui has them in a browser."""

import re
from html import unescape
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

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


BAD_ENTRIES: list[tuple[dict[str, str | list[str]], str]] = [
    ({}, "Enter the size of your home."),
    ({"home_size": "", "unit": "sqft"}, "Enter the size of your home."),
    ({"home_size": "abc", "unit": "sqft"}, "in figures"),
    ({"home_size": "nan", "unit": "sqft"}, "in figures"),
    ({"home_size": "inf", "unit": "sqft"}, "in figures"),
    ({"home_size": "1e400", "unit": "sqft"}, "Enter only a number"),
    ({"home_size": "<b>900</b>", "unit": "sqft"}, "Enter only a number"),
    ({"home_size": "1.200,50", "unit": "sqft"}, "commas only between thousands"),
    ({"home_size": "1.200", "unit": "sqft"}, "Does 1.200 mean 1,200 or 1.20?"),
    ({"home_size": "9" * 5000, "unit": "sqft"}, "only the size of your home"),
    ({"home_size": "-5", "unit": "sqft"}, "between 50 and 100,000 sq ft"),
    ({"home_size": "0", "unit": "sqft"}, "between 50 and 100,000 sq ft"),
    ({"home_size": "49.9", "unit": "sqft"}, "between 50 and 100,000 sq ft"),
    ({"home_size": "100001", "unit": "sqft"}, "between 50 and 100,000 sq ft"),
    ({"home_size": "4", "unit": "m2"}, "between 4.65 and 9,290.3 m²"),
    ({"home_size": "900", "unit": "acre"}, "Choose sq ft or m²."),
    ({"home_size": "900", "unit": ""}, "Choose sq ft or m²."),
    ({"home_size": ["900", "901"], "unit": "sqft"}, "Give one answer, not several."),
    ({"home_size": "900", "unit": ["sqft", "m2"]}, "Give one answer, not several."),
]


@pytest.mark.parametrize(("entry", "sentence"), BAD_ENTRIES)
def test_a_bad_entry_is_asked_back_in_a_sentence(
    posting: FlaskClient, entry: dict[str, str | list[str]], sentence: str
) -> None:
    response = posting.post("/", data=entry)
    assert response.status_code == 422
    assert "<title>Error: " in response.text
    assert response.text.count(sentence) == 2, "in the summary and at the field"


@pytest.mark.parametrize(("entry", "sentence"), BAD_ENTRIES)
def test_a_bad_address_is_asked_back_in_the_same_sentence(
    client: FlaskClient, entry: dict[str, str | list[str]], sentence: str
) -> None:
    response = client.get("/recommendation", query_string=entry)
    assert response.status_code == 422
    assert sentence in response.text


def test_an_entry_comes_back_as_text_never_as_markup(posting: FlaskClient) -> None:
    response = posting.post("/", data={"home_size": '"><script>alert(1)</script>', "unit": "sqft"})
    assert "<script>alert" not in response.text
    assert "&lt;script&gt;alert(1)" in response.text


def token_in(response: TestResponse) -> str:
    return response.text.partition('name="csrf_token" value="')[2].partition('"')[0]


def test_the_form_is_taken_with_its_own_token_only(client: FlaskClient) -> None:
    token = token_in(client.get("/"))
    entry = {"home_size": "1,234", "unit": "m2"}
    for forged in ({}, {"csrf_token": ""}, {"csrf_token": "forged"}, {"csrf_token": token[:-1]}):
        assert client.post("/", data=entry | forged).status_code == 422
    assert client.application.test_client().post("/", data=entry | {"csrf_token": token}).status_code == 422
    assert client.post("/", data=entry | {"csrf_token": token}).status_code == 303


def test_without_its_token_the_form_comes_back_with_the_entry_and_a_new_token(client: FlaskClient) -> None:
    entry = {"home_size": "1,234", "unit": "m2"}
    response = client.post("/", data=entry)
    assert response.status_code == 422
    assert "<title>Error: " in response.text
    assert "Your entry is still here" in response.text
    assert 'value="1,234"' in response.text
    assert client.post("/", data=entry | {"csrf_token": token_in(response)}).status_code == 303


def test_only_a_form_is_read(posting: FlaskClient) -> None:
    upload = {"home_size": (BytesIO(b"900"), "home.txt"), "unit": "sqft"}
    for response in (
        posting.post("/", json={"home_size": "900", "unit": "sqft"}),
        posting.post("/", data=upload, content_type="multipart/form-data"),
        posting.post("/", data=b"home_size=900", content_type="text/plain"),
    ):
        assert response.status_code == 422
        assert "Enter the size of your home." in response.text


@given(text=st.text(max_size=60), unit=st.sampled_from(["sqft", "m2", "acre"]))
@example(text="60.1250", unit="sqft")
@example(text="4.6452", unit="m2")
@example(text="1,200 sq ft", unit="m2")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_entry_is_refused_or_leads_to_a_recommendation(posting: FlaskClient, text: str, unit: str) -> None:
    response = posting.post("/", data={"home_size": text, "unit": unit}, follow_redirects=True)
    assert (response.status_code, response.request.path) in {(200, "/recommendation"), (422, "/")}


def test_an_address_may_carry_what_other_services_add(client: FlaskClient) -> None:
    assert client.get("/recommendation?home_size=900&unit=sqft&fbclid=x").status_code == 200


def test_the_answer_names_both_breeds_with_their_shares(client: FlaskClient) -> None:
    said = " ".join(client.get("/recommendation?home_size=100&unit=m2").text.split())
    assert "Your puppy for 100 m²" in said
    assert re.search(r"<dt>Dachshund</dt> <dd> \d+% .*<dt>German Shepherd</dt> <dd> \d+% ", said)
    assert re.search(r"it suits <strong>about \d+ in \d+</strong> similar homes", said)
    assert "Yours lies outside" not in said


def test_outside_the_training_range_the_answer_says_so_in_the_unit_of_the_home(
    client: FlaskClient,
) -> None:
    said = " ".join(client.get("/recommendation?home_size=9000&unit=m2").text.split())
    assert re.search(r"learned from homes of \d\d to [\d,]+ m². Yours lies outside", said)
    assert "</strong> of the nearest homes:" in said
    assert "your home, beyond</text>" in said
    assert "similar homes" not in said


def test_whatever_a_link_brings_is_filled_in_as_text(client: FlaskClient) -> None:
    page = client.get("/", query_string={"home_size": '"><script>', "unit": "acre"}).text
    assert 'value="&#34;&gt;&lt;script&gt;"' in page
    assert re.search(r'value="sqft"[^>]* checked', page)


def test_a_recommendation_needs_no_session(client: FlaskClient) -> None:
    response = client.get("/recommendation?home_size=900")
    assert response.status_code == 200
    assert "Dachshund" in response.text
    assert "simulated" in response.text
    assert "Set-Cookie" not in response.headers


def test_the_way_back_keeps_the_entry(client: FlaskClient) -> None:
    page = client.get("/recommendation?home_size=92.5&unit=m2").text
    back = page.partition('class="button"')[2].partition('href="')[2].partition('"')[0]
    question = client.get(unescape(back)).text
    assert 'value="92.5"' in question
    assert re.search(r'value="m2"[^>]* checked', question)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (
            "home_size=1761",
            "Homes under about 1,763 sq ft lean to a Dachshund, larger ones to a German Shepherd.",
        ),
        (
            "home_size=900",
            "Homes under about 1,760 sq ft lean to a Dachshund, larger ones to a German Shepherd.",
        ),
        (
            "home_size=300&unit=m2",
            "Homes over about 164 m² lean to a German Shepherd, smaller ones to a Dachshund.",
        ),
    ],
)
def test_the_answer_says_why_in_the_unit_of_the_home(client: FlaskClient, address: str, reason: str) -> None:
    assert reason in client.get(f"/recommendation?{address}").text


def test_only_a_close_call_is_called_one(client: FlaskClient) -> None:
    assert "A close call" in client.get("/recommendation?home_size=1760").text
    assert "A close call" not in client.get("/recommendation?home_size=900").text


def test_the_chart_is_also_a_text_and_a_table(client: FlaskClient) -> None:
    page = " ".join(client.get("/recommendation?home_size=900").text.split())
    assert re.search(r"<desc id=.chart-words.>.*At yours, 900 sq ft, Dachshund stands at 89%", page)
    assert re.search(r'<th scope="row">1,000</th><td>\d+%</td><td>\d+%</td>', page)


def test_every_fact_has_its_source(client: FlaskClient) -> None:
    for page in (client.get("/recommendation?home_size=900").text, client.get("/breeds").text):
        assert page.count("<dd>") >= 4
        assert page.count('class="source" href="https://') == page.count("<dt>Weight") * 4


def test_a_chat_can_show_the_answer_with_a_picture(client: FlaskClient) -> None:
    page = client.get("/recommendation?home_size=900", base_url="https://puppy.example").text
    assert 'property="og:title" content="Dachshund for 900 sq ft"' in page
    assert 'property="og:url" content="https://puppy.example/recommendation?home_size=900"' in page
    found = re.search(r'"og:image" content="https://puppy.example([^"]*)"', page)
    assert found
    with client.get(unescape(found[1])) as picture:
        assert picture.mimetype == "image/png"
        assert picture.data[16:24] == (1200).to_bytes(4) + (630).to_bytes(4)


def test_the_preview_is_the_heart_of_the_answer_and_counts_for_nothing(client: FlaskClient) -> None:
    preview = client.get("/preview?home_size=900&unit=sqft")
    assert preview.status_code == 200
    assert "<html" not in preview.text
    answer = " ".join(client.get("/recommendation?home_size=900&unit=sqft").text.split())
    chart = preview.text.partition("<svg")[2].partition("</svg>")[0]
    assert " ".join(chart.split()) in answer
    for nothing in ("", "abc", "-5", "1.200"):
        assert client.get("/preview", query_string={"home_size": nothing}).status_code == 204


def test_the_unit_is_remembered(posting: FlaskClient) -> None:
    response = posting.post("/", data={"home_size": "100", "unit": "m2"})
    cookie = response.headers["Set-Cookie"]
    assert all(part in cookie for part in ("unit=m2", "HttpOnly", "SameSite=Lax", "Max-Age=31536000"))
    assert re.search(r'value="m2"[^>]* checked', posting.get("/").text)


def test_under_tls_behind_one_trusted_proxy_cookies_are_secure_and_the_form_is_taken() -> None:
    app = create_app({"TESTING": True, "SECRET_KEY": "for tests", "TRUSTED_PROXIES": 1})
    client = app.test_client()
    tls = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    page = client.get("/", headers=tls)
    assert "max-age=31536000" in page.headers["Strict-Transport-Security"]
    assert "Secure; HttpOnly" in page.headers["Set-Cookie"]
    session = page.headers["Set-Cookie"].partition(";")[0]
    sent = client.post(
        "/",
        data={"home_size": "900", "unit": "sqft", "csrf_token": token_in(page)},
        headers=tls | {"Cookie": session, "Referer": "https://localhost/"},
    )
    assert sent.status_code == 303
    for elsewhere in ({}, {"Referer": "https://elsewhere.example/"}, {"Referer": "http://localhost/"}):
        refused = app.test_client().post(
            "/",
            data={"home_size": "900", "unit": "sqft", "csrf_token": token_in(page)},
            headers=tls | {"Cookie": session} | elsewhere,
        )
        assert refused.status_code == 422
        assert "Your entry is still here" in refused.text
    assert all("Secure" in cookie for cookie in sent.headers.getlist("Set-Cookie"))
    plain = app.test_client().get("/")
    assert "Strict-Transport-Security" not in plain.headers
    assert "Secure" not in plain.headers["Set-Cookie"]


def test_the_model_page_is_the_artifacts_own_card(client: FlaskClient) -> None:
    page = client.get("/model").text
    assert "Model card" in page
    assert "Who should not use it" in page
    assert " style=" not in page, "the Content-Security-Policy would refuse it"
    plots = re.findall(r'<img src="(/model/[^"]+\.svg)"', page)
    assert len(plots) == 3
    for plot in plots:
        response = client.get(plot)
        assert (response.status_code, response.mimetype) == (200, "image/svg+xml")
    assert client.get("/model/another/probability.svg").status_code == 404


@pytest.mark.parametrize(
    "query", ["", "home_size=900&home_size=901", "unit=sqft", "home_size=900&unit=sqft&unit=m2"]
)
def test_an_address_with_missing_or_doubled_parts_asks_back(client: FlaskClient, query: str) -> None:
    assert client.get(f"/recommendation?{query}").status_code == 422


def test_errors_are_pages_for_people(client: FlaskClient) -> None:
    missing = client.get("/nowhere")
    assert (missing.status_code, missing.mimetype) == (404, "text/html")
    assert "There is nothing at this address" in missing.text
    wrong_method = client.delete("/")
    assert wrong_method.status_code == 405
    assert "POST" in wrong_method.headers["Allow"]
    too_large = client.post("/", data={"home_size": "9" * 20_000})
    assert (too_large.status_code, too_large.mimetype) == (413, "text/html")
    assert "larger than we read" in too_large.text


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
    assert "It was our fault" in page.text
    assert "A fault of ours" in problem.text


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
