"""The pages, by Flask's test client; tests/ui has them in a browser."""

import re
import time
from html import unescape
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from webapp import create_app

RECOMMENDATION = "/recommendation?home_size={}&unit={}"


@pytest.mark.parametrize(
    ("home_size", "unit", "address"),
    [
        ("1,200", "sqft", RECOMMENDATION.format("1200", "sqft")),
        ("110 m²", "sqft", RECOMMENDATION.format("110", "m2")),
        ("1200.0", "sqft", RECOMMENDATION.format("1200", "sqft")),
        (" 92.50 ", "m2", RECOMMENDATION.format("92.5", "m2")),
        ("999.9960", "sqft", RECOMMENDATION.format("999.996", "sqft")),
        ("\u202d1,200\u202c", "sqft", RECOMMENDATION.format("1200", "sqft")),
    ],
)
def test_an_entry_is_redirected_to_one_address_for_all_its_spellings(
    client: FlaskClient, home_size: str, unit: str, address: str
) -> None:
    entry = {"home_size": home_size, "unit": unit, "fbclid": "x"}
    response = client.get("/recommendation", query_string=entry)
    assert (response.status_code, response.location) == (302, address)
    assert response.headers["Cache-Control"] == "public, max-age=60"
    assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        RECOMMENDATION.format("900", "sqft"),
        RECOMMENDATION.format("92.5", "m2"),
        "/recommendation?home_size=900",
        "/recommendation?unit=sqft&home_size=900",
        "/recommendation?home_size=9%300&unit=sqft",
        "/recommendation?home_size=900&unit=sqft&fbclid=x",
    ],
)
def test_a_plain_figure_is_answered_without_a_redirect(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 200


def test_tracking_parameters_are_left_out_of_the_canonical_address(client: FlaskClient) -> None:
    page = client.get("/recommendation?utm_source=x&unit=sqft&home_size=900&fbclid=x").text
    canonical = "http://localhost/recommendation?home_size=900&amp;unit=sqft"
    assert f'<link rel="canonical" href="{canonical}">' in page
    assert f'property="og:url" content="{canonical}"' in page
    assert "fbclid" not in page


PAGES = ("/", "/?home_size=900&unit=m2", RECOMMENDATION.format("900", "sqft"), "/breeds", "/model")
ELSEWHERE = ("/recommendation", "/preview", "/problems", "/nowhere", "/livez", "/api/docs", "/api/predict")


@pytest.mark.parametrize("address", PAGES + ELSEWHERE)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_no_page_sets_or_reads_a_cookie_or_needs_a_secret_key(method: str, address: str) -> None:
    client = create_app().test_client()
    client.set_cookie("session", "another app's on this host name")
    client.set_cookie("unit", "m2")
    response = client.open(address, method=method)
    assert response.status_code < 500
    assert "Set-Cookie" not in response.headers
    assert "Cookie" not in response.vary


@pytest.mark.parametrize("address", PAGES)
def test_every_page_may_be_cached_for_a_minute(client: FlaskClient, address: str) -> None:
    response = client.get(address)
    assert response.headers["Cache-Control"] == "public, max-age=60"
    again = client.get(address, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    head = client.head(address)
    assert (head.headers["ETag"], head.data) == (response.headers["ETag"], b"")


@pytest.mark.parametrize(
    "address", ["/recommendation?home_size=x", "/preview?home_size=x", "/nowhere", "/api/nowhere"]
)
def test_an_error_page_is_not_cached(client: FlaskClient, address: str) -> None:
    response = client.get(address)
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


@pytest.mark.parametrize("referer", ["", "http://[", "http://[::1", "https://elsewhere.example/", "\x80"])
def test_any_referer_is_accepted(referer: str) -> None:
    client = create_app({"TESTING": True, "TRUSTED_PROXIES": 1}).test_client()
    headers = {"Referer": referer, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    for address in PAGES:
        assert client.get(address, headers=headers).status_code == 200


def test_another_server_with_another_clock_answers_the_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = (create_app({"TESTING": True}).test_client() for _ in range(2))
    [form] = re.findall(r"<form .*?</form>", one.get("/").text, re.DOTALL)
    assert 'method="get" action="/recommendation"' in form
    assert set(re.findall(r' name="(\w+)"', form)) == {"home_size", "unit"}
    a_year_ago = time.time() - 31_536_000
    monkeypatch.setattr(time, "time", lambda: a_year_ago)
    assert other.get(RECOMMENDATION.format("900", "sqft")).status_code == 200


def test_the_longest_entry_of_the_field_fits_into_an_address(client: FlaskClient) -> None:
    field = re.findall(r'<input class="entry".*?>', client.get("/").text, re.DOTALL)[0]
    assert 'inputmode="decimal"' in field
    longest = int(re.findall(r'maxlength="(\d+)"', field)[0])
    entry = {"home_size": "\u33a1" * longest, "unit": "sqft"}  # no character takes more bytes
    assert len(f"GET /recommendation?{urlencode(entry)} HTTP/1.1\r\n") <= 4094, "what Gunicorn reads"
    assert client.get("/recommendation", query_string=entry).status_code == 422


def test_a_form_posted_by_an_older_releases_page_is_refused_with_a_link_home(client: FlaskClient) -> None:
    for address in ("/", "/recommendation"):
        response = client.post(address, data={"home_size": "900", "unit": "sqft", "csrf_token": "old"})
        assert (response.status_code, response.mimetype) == (405, "text/html")
        assert {"GET", "HEAD"} <= set(response.headers["Allow"].split(", "))
        assert 'href="/">Find my puppy</a>' in response.text


BAD_ENTRIES: list[tuple[dict[str, str | list[str]], str]] = [
    ({}, "Enter the size of your home."),
    ({"home_size": "", "unit": "sqft"}, "Enter the size of your home."),
    ({"home_size": "abc", "unit": "sqft"}, "in figures"),
    ({"home_size": "nan", "unit": "sqft"}, "in figures"),
    ({"home_size": "inf", "unit": "sqft"}, "in figures"),
    ({"home_size": "1e400", "unit": "sqft"}, "Enter only a number"),
    ({"home_size": "<b>900</b>", "unit": "sqft"}, "Enter only a number"),
    ({"home_size": "1.200,50", "unit": "sqft"}, "commas only between thousands"),
    ({"home_size": "1.200", "unit": "sqft"}, "Does 1.200 mean 1,200 or 1.2?"),
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
def test_an_invalid_entry_is_refused_in_a_sentence(
    client: FlaskClient, entry: dict[str, str | list[str]], sentence: str
) -> None:
    response = client.get("/recommendation", query_string=entry)
    assert response.status_code == 422
    assert "<title>Error: " in response.text
    assert response.text.count(sentence) == 2, "in the summary and at the field"
    assert client.get("/preview", query_string=entry).status_code == 204


def test_an_invalid_entry_is_shown_escaped(client: FlaskClient) -> None:
    response = client.get("/recommendation?home_size=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&unit=sqft")
    assert "<script>alert" not in response.text
    assert "&lt;script&gt;alert(1)" in response.text


@given(text=st.text(max_size=60), unit=st.sampled_from(["sqft", "m2", "acre"]))
@example(text="60.1250", unit="sqft")
@example(text="4.6452", unit="m2")
@example(text="49.999", unit="sqft")
@example(text="9,290.304 m²", unit="sqft")
@example(text="1,200 sq ft", unit="m2")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_entry_is_refused_or_answered_after_at_most_one_redirect(
    client: FlaskClient, text: str, unit: str
) -> None:
    response = client.get("/recommendation", query_string={"home_size": text, "unit": unit})
    if response.status_code == 302:
        response = client.get(response.location)
        assert response.status_code == 200
    assert response.status_code in {200, 422}


def test_the_answer_names_both_breeds_with_their_probabilities(client: FlaskClient) -> None:
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


def test_a_links_entry_is_filled_into_the_form_escaped(client: FlaskClient) -> None:
    page = client.get("/", query_string={"home_size": '"><script>', "unit": "acre"}).text
    assert 'value="&#34;&gt;&lt;script&gt;"' in page
    assert re.search(r'value="sqft"[^>]* checked', page)


def test_the_link_back_to_the_form_keeps_the_entry(client: FlaskClient) -> None:
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
            "Homes under about 1,765 sq ft lean to a Dachshund, larger ones to a German Shepherd.",
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


def test_the_chart_has_a_description_and_a_table_of_its_figures(client: FlaskClient) -> None:
    page = " ".join(client.get("/recommendation?home_size=900").text.split())
    assert re.search(r"<desc id=.chart-words.>.*At yours, 900 sq ft, Dachshund stands at 90%", page)
    assert re.search(r'<th scope="row">1,000</th><td>\d+%</td><td>\d+%</td>', page)


def test_every_fact_has_its_source(client: FlaskClient) -> None:
    for page in (client.get("/recommendation?home_size=900").text, client.get("/breeds").text):
        assert page.count("<dd>") >= 4
        assert page.count('class="source" href="https://') == page.count("<dt>Weight") * 4


def test_an_answer_has_a_title_and_a_picture_for_link_previews(client: FlaskClient) -> None:
    page = client.get("/recommendation?home_size=900", base_url="https://puppy.example").text
    assert 'property="og:title" content="Dachshund for 900 sq ft"' in page
    assert (
        'property="og:url" content="https://puppy.example/recommendation?home_size=900&amp;unit=sqft"' in page
    )
    found = re.search(r'"og:image" content="https://puppy.example([^"]*)"', page)
    assert found
    with client.get(unescape(found[1])) as picture:
        assert picture.mimetype == "image/png"
        assert picture.data[16:24] == (1200).to_bytes(4) + (630).to_bytes(4)


def test_the_preview_has_the_answers_chart_and_is_empty_for_an_invalid_entry(client: FlaskClient) -> None:
    preview = client.get("/preview?home_size=900&unit=sqft")
    assert preview.status_code == 200
    assert "<html" not in preview.text
    answer = " ".join(client.get("/recommendation?home_size=900&unit=sqft").text.split())
    chart = preview.text.partition("<svg")[2].partition("</svg>")[0]
    assert " ".join(chart.split()) in answer
    for nothing in ("", "abc", "-5", "1.200"):
        assert client.get("/preview", query_string={"home_size": nothing}).status_code == 204


def test_the_model_page_shows_the_artifacts_card_and_plots(client: FlaskClient) -> None:
    page = client.get("/model").text
    assert "Model card" in page
    assert "Who should not use it" in page
    assert " style=" not in page, "the Content-Security-Policy would refuse it"
    plots = re.findall(r'<img src="(/model/[^"]+\.svg)"', page.partition("<article")[2])
    assert len(plots) == 3
    for plot in plots:
        response = client.get(plot)
        assert (response.status_code, response.mimetype) == (200, "image/svg+xml")
    assert client.get("/model/another/probability.svg").status_code == 404


@pytest.mark.parametrize(
    "query", ["", "home_size=900&home_size=901", "unit=sqft", "home_size=900&unit=sqft&unit=m2"]
)
def test_an_address_with_a_missing_or_repeated_parameter_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/recommendation?{query}").status_code == 422
