"""The same pages for every problem, made from its features."""

import json
import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
import pytest
from flask.testing import FlaskClient
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.manifest import MANIFEST_NAME
from model.predictor import Predictor
from model.problem.features import Number
from model.problem.rows import Row, as_text, example_row, example_rows
from tests.problems.rows import as_texts, rows
from tests.webapp.conftest import Service
from webapp import create_app
from webapp.pages.chart import Axis, Chart, chart_of, marker

Ends = tuple[float, float]


def words(page: str) -> str:
    """Return the text of a page as a person reads it."""
    return " ".join(
        unescape(re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)).split()
    )


def answer(client: FlaskClient, **entries: str) -> str:
    response = client.get("/recommendation", query_string=entries, follow_redirects=True)
    assert response.status_code == 200, words(response.text)
    return words(response.text)


def test_the_form_asks_for_every_feature_by_its_question(service: Service) -> None:
    page = service.client.get("/").text
    problem = service.predictor.problem
    for feature in problem.features:
        assert feature.question in words(page)
        assert feature.hint in words(page)
        assert f'name="{feature.name}"' in page
    for member in problem.unit_members.values():
        assert f'name="{member}"' in page


def test_a_form_of_several_questions_can_be_filled_in_with_an_example(service: Service) -> None:
    problem = service.predictor.problem
    links = re.findall(r'href="([^"]*)">Fill in an example</a>', service.client.get("/").text)
    assert len(links) == (len(problem.features) > 1)
    for link in links:
        query = unescape(link).partition("?")[2]
        assert dict(parse_qsl(query)).keys() == set(service.predictor.reader.members)
        assert 'class="name"' in service.client.get(f"/recommendation?{query}").text


@given(data=st.data())
@settings(max_examples=25)
def test_every_row_is_answered_at_one_address_from_which_the_form_is_filled_in_again(
    service: Service, data: st.DataObject
) -> None:
    client, predictor = service.client, service.predictor
    row: dict[str, Any] = data.draw(rows(predictor.problem))
    response = client.get(f"/recommendation?{urlencode(as_texts(row))}")
    address = response.location or response.request.full_path
    if response.status_code == 302:
        response = client.get(address)
    assert response.status_code == 200
    expected = predictor.predict(predictor.reader.from_json(row))
    assert re.findall(r'<h1 class="name">(.*?)</h1>', response.text) == [expected.name]
    query = address.partition("?")[2]
    assert f'<h2 class="name">{expected.name}</h2>' in client.get(f"/preview?{query}").text
    given = dict(parse_qsl(query))
    assert {name for name, value in row.items() if value is not None} <= set(given)
    form = client.get(f"/?{query}").text
    for feature in predictor.problem.features:
        shown = given.get(feature.name, "")
        if isinstance(feature, Number):
            assert re.search(rf'name="{feature.name}"[^>]*value="{re.escape(shown)}"', form)
        else:
            assert re.search(rf'name="{feature.name}" type="radio" value="{shown}" checked', form)


@given(data=st.data())
@settings(max_examples=50)
@example(data=None)
def test_whatever_is_entered_is_answered_after_one_redirect_or_refused_field_by_field(
    service: Service, data: st.DataObject | None
) -> None:
    names = service.predictor.reader.members
    texts = st.text(max_size=20) | st.sampled_from(["", "5", "yes", "Dream", "1,200", "4 kg", "g", "m2"])
    entries = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(names, texts))) if data else {}
    response = service.client.get("/recommendation", query_string=entries)
    if response.status_code == 302:
        assert service.client.get(response.location).status_code == 200
    elif response.status_code == 422:
        linked = re.findall(r'<li><a href="#([^"]+)">', response.text)
        assert linked
        assert len(set(linked)) == len(linked)
        for field in linked:
            assert f'id="{field}"' in response.text, "the link leads to the field"
            assert f'id="{field.removesuffix("-1")}-error"' in response.text, "its sentence stands there too"
    else:
        assert response.status_code == 200


def test_faults_are_told_in_the_order_of_the_questions(penguins: FlaskClient) -> None:
    page = penguins.get("/recommendation?bill_length=long&flipper_length=9&body_mass=3&unit=stone&sex=x").text
    summary = page.partition('class="error-summary"')[2].partition("</ul>")[0]
    assert [unescape(sentence) for sentence in re.findall(r"<li><a [^>]*>(.*?)</a>", summary)] == [
        "Choose the island.",
        "Enter the bill length in figures, like 44.5.",
        "The flipper length must be between 150 and 260 mm.",
        "Choose g or kg.",
        "Choose the sex.",
    ]


def test_a_question_of_yes_or_no_is_repeated_where_it_is_not_answered(yard: FlaskClient) -> None:
    page = yard.get("/recommendation?home_size=900&has_yard=perhaps").text
    assert page.count("Choose yes or no: Do you have a yard?") == 2, "in the summary and at the field"


def test_what_is_not_known_may_be_left_blank(penguins: FlaskClient) -> None:
    said = answer(
        penguins, island="Dream", bill_length="44", bill_depth="", body_mass="", unit="kg", sex="male"
    )
    assert "Bill length 44 mm" in said
    assert "Bill depth Not given" in said
    assert "Body mass Not given" in said
    assert "Sex Male" in said


def test_a_blank_number_leaves_its_unit_out_of_the_address(penguins: FlaskClient) -> None:
    response = penguins.get("/recommendation?island=Dream&body_mass=&unit=kg&sex=")
    assert response.location == "/recommendation?island=Dream"
    assert penguins.get(response.location).status_code == 200


def test_the_three_features_that_mattered_most_are_the_reasons(service: Service) -> None:
    if service.predictor.problem.only_number:
        return
    row = example_row(service.predictor.problem)
    entries = {name: as_text(value) for name, value in row.items()}
    page = service.client.get("/recommendation", query_string=entries).text
    reasons = re.findall(r"<li>(.*?: .*?, which .*?)</li>", page)
    read = service.predictor.reader.from_json(row)
    most = service.predictor.explain(read, service.predictor.predict(read).key)[:3]
    for reason, contribution in zip(reasons, most, strict=True):
        way = "for" if contribution.value > 0 else "against"
        assert re.fullmatch(
            rf"{contribution.feature.axis}: .*, which speaks {way} [\w ]+\.", unescape(reason)
        )


def test_a_reason_names_the_value_and_says_which_way(penguins: FlaskClient, yard: FlaskClient) -> None:
    assert "Flipper length: 215 mm, which speaks for Gentoo." in answer(
        penguins, island="Biscoe", flipper_length="215"
    )
    assert "A yard: no, which speaks against a German Shepherd." in answer(
        yard, home_size="4,000", has_yard="no", hours_away="1"
    )


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({"bill_length": "69"}, r"penguins like these: bill length, 3\d\.\d to 59\.6 mm\."),
        (
            {"body_mass": "7.5 kg", "flipper_length": "259"},
            r"penguins like these: flipper length, 172 to 231 mm; body mass, 2\.7 to 6\.3 kg\.",
        ),
    ],
)
def test_the_answer_says_which_values_the_training_data_does_not_have(
    penguins: FlaskClient, entries: dict[str, str], sentence: str
) -> None:
    said = answer(penguins, island="Biscoe", **entries)
    assert re.search(f"We have only learned from {sentence} Yours lies outside", said)


def test_search_engines_get_the_answer_in_a_sentence(penguins: FlaskClient, client: FlaskClient) -> None:
    page = penguins.get("/recommendation?island=Biscoe&bill_length=47&flipper_length=215").text
    sentence = "Gentoo: it is the species of about 9 in 10 similar penguins."
    assert f'<meta name="description" content="{sentence}">' in page
    page = client.get("/recommendation?home_size=900").text
    sentence = (
        "The puppy for a home of 900 sq ft: Dachshund, for about 9 in 10 similar homes in simulated data."
    )
    assert f'<meta name="description" content="{sentence}">' in page


def test_half_of_the_rows_is_half_of_them(penguins: FlaskClient) -> None:
    said = answer(penguins, island="Biscoe", flipper_length="197", bill_length="44.5")
    assert "It is the species of about half of similar penguins" in said


def test_the_chart_varies_the_number_that_mattered_most(service: Service) -> None:
    problem = service.predictor.problem
    row = example_row(problem)
    read = service.predictor.reader.from_json(row)
    weighed = service.predictor.explain(read, service.predictor.predict(read).key)
    number = next(each.feature for each in weighed if isinstance(each.feature, Number))
    page = service.client.get(f"/recommendation?{urlencode(as_texts(row))}").text
    assert f"by the {number.short}" in page


def test_an_answer_to_several_questions_stands_below_what_was_asked(
    penguins: FlaskClient, client: FlaskClient
) -> None:
    page = penguins.get("/recommendation?island=Biscoe&flipper_length=215").text
    assert '<p class="eyebrow">Which penguin did you meet?</p>' in page
    page = penguins.get("/recommendation?island=Biscoe&flipper_length=197&bill_length=44.5").text
    assert '<p class="eyebrow">Which penguin did you meet? A close call:</p>' in page
    assert (
        '<p class="eyebrow">Your puppy for 900 sq ft</p>' in client.get("/recommendation?home_size=900").text
    )


def test_an_outlier_does_not_squeeze_the_chart_and_a_row_out_there_is_beyond_it(
    tmp_path: Path, model_of: Callable[[str], Path]
) -> None:
    folder = Path(shutil.copytree(model_of("penguins"), tmp_path / "penguins"))
    path = folder / MANIFEST_NAME
    manifest = json.loads(path.read_text(encoding="utf-8"))
    [mass] = [each for each in manifest["features"] if each["name"] == "body_mass"]
    mass["max"] = 12_000
    [described] = [each for each in manifest["problem"]["features"] if each["name"] == "body_mass"]
    described["max"] = 100_000
    path.write_text(json.dumps(manifest), encoding="utf-8")
    predictor = Predictor.load(folder)
    axis = Axis.of(predictor, predictor.problem.features_by_name["body_mass"])  # type: ignore[arg-type]
    assert axis.high == mass["max"]
    mass["max"] = 90_000
    path.write_text(json.dumps(manifest), encoding="utf-8")
    predictor = Predictor.load(folder)
    axis = Axis.of(predictor, predictor.problem.features_by_name["body_mass"])  # type: ignore[arg-type]
    assert mass["quantiles"][-1] < axis.high < 20_000
    client = create_app({"TESTING": True, "MODEL_DIR": str(folder)}).test_client()
    row = {"island": "Biscoe", "unit": "g", "chart": "body_mass"}
    for grams, beyond in (("5000", False), ("50000", True)):
        page = client.get("/recommendation", query_string=row | {"body_mass": grams}).text
        assert ("your penguin, beyond" in page) is beyond
        assert ("and beyond the chart" in page) is beyond


@pytest.mark.parametrize(
    ("deciles", "ends", "shown"),
    [
        ((10, 100), (1e-9, 1e30), (1e-4, 1e7)),
        ((10, 100), (5, 200), (5, 200)),
        ((1e-36, 1e36), (1e-37, 1e37), (1e-37, 1e37)),
        ((7, 7), (1, 1e9), (1, 1e9)),
    ],
)
def test_on_a_logarithmic_axis_an_outlier_is_far_in_ratio(
    model_of: Callable[[str], Path], deciles: Ends, ends: Ends, shown: Ends
) -> None:
    predictor, change = Predictor.load(model_of("penguins")), msgspec.structs.replace
    index = [feature.name for feature in predictor.problem.features].index("body_mass")
    features, stats = list(predictor.problem.features), list(predictor.manifest.features)
    features[index] = wide = change(predictor.problem.numbers[-1], scale="log", min=1e-37, max=1e37)
    stats[index] = change(stats[index], quantiles=deciles, min=ends[0], max=ends[1])
    predictor.problem = change(predictor.problem, features=tuple(features))
    predictor.manifest = change(predictor.manifest, features=tuple(stats))
    axis = Axis.of(predictor, wide)
    assert (axis.low, axis.high) == pytest.approx(shown)


def test_a_row_that_is_likelier_than_the_axis_reaches_is_marked_at_its_end(
    model_of: Callable[[str], Path],
) -> None:
    predictor = Predictor.load(model_of("penguins"))
    axis = Axis.of(predictor, predictor.problem.numbers[0])
    assert marker(axis, 0.5, axis.high + 1, 0.8).y == Chart.TOP
    assert Chart.TOP < marker(axis, 0.5, axis.high, 0.4).y < Chart.BOTTOM


def test_beside_the_form_the_chart_varies_the_number_of_the_slider(service: Service) -> None:
    problem = service.predictor.problem
    for row in example_rows(problem):
        page = service.client.get(f"/preview?{urlencode(as_texts(row))}").text
        assert f"by the {problem.numbers[0].short}" in page


def test_the_person_picks_the_number_that_the_chart_varies(penguins: FlaskClient) -> None:
    row = {"island": "Biscoe", "bill_length": "45", "flipper_length": "200"}
    page = penguins.get("/recommendation", query_string=row).text
    assert "by the bill length in mm" in page
    [link] = re.findall(r'href="([^"]*)">Flipper length</a>', page)
    page = penguins.get(unescape(link).partition("#")[0]).text
    assert "by the flipper length in mm" in page
    assert 'aria-current="true">Flipper length</a>' in page
    assert ">Body mass</a>" not in page, "a number that was not given has no place on a chart"


def test_the_chart_has_a_step_exactly_where_the_models_answer_changes(service: Service) -> None:
    predictor = service.predictor
    problem = predictor.problem
    if problem.only_number:
        return
    row = predictor.reader.from_json(example_row(problem))
    for number in problem.numbers:
        index = problem.features.index(number)
        axis = Axis.of(predictor, number)
        chart = chart_of(predictor, number, number.unit, row)
        heights = {curve.key: dict[float, list[float]]() for curve in chart.curves}
        for curve in chart.curves:
            for x, y in re.findall(r"([\d.]+) ([\d.]+)", curve.line):
                heights[curve.key].setdefault(float(x), []).append(float(y))
        for edge in predictor.thresholds[index]:
            if not axis.low < edge < axis.high:
                continue
            numbers = list(row.numbers)
            numbers[index] = edge
            at_edge = predictor.predict(Row(row.readings, tuple(numbers)))
            for key, share in at_edge.probabilities.items():
                y = chart.BOTTOM - share / chart.top * (chart.BOTTOM - chart.TOP)
                assert any(abs(y - found) <= 0.11 for found in heights[key][axis.x(edge)])


def test_no_page_of_another_problem_speaks_of_a_puppy(penguins: FlaskClient) -> None:
    addresses = (
        "/",
        "/recommendation?island=Biscoe",
        "/recommendation",
        "/preview?island=Biscoe",
        "/species",
        "/model",
        "/problems",
        "/nowhere",
        "/api/docs",
        "/api/openapi.json",
    )
    for address in addresses:
        said = penguins.get(address).text
        assert not re.findall(r"pupp|breed|home_size|\bhomes?\b|\bdogs?\b", said, re.IGNORECASE), address


def test_the_picture_for_link_previews_is_the_problems_own(yard: FlaskClient, penguins: FlaskClient) -> None:
    assert 'property="og:image"' in yard.get("/").text
    assert 'property="og:image"' not in penguins.get("/").text
