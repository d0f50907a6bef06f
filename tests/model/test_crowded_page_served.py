"""A drafted problem with more classes and numbers than a page shows at once."""

import re
from html import unescape

import numpy as np
import pytest
from flask.testing import FlaskClient

import train
from webapp import create_app

CROPS = ("barley", "beans", "hemp", "lentils", "maize", "oats", "rye", "soy", "wheat")
SEEN = 6


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """Nine crops by eight numbers, of which all but the last are noise."""
    folder, random = tmp_path_factory.mktemp("crops"), np.random.default_rng(9)
    noise = [f"noise_{number}" for number in range(7)]
    lines = [
        ",".join(
            [*(f"{value:.1f}" for value in random.normal(9, 5, 7)), f"{random.normal(20 * at, 25):.1f}", crop]
        )
        for at, crop in enumerate(CROPS)
        for _ in range(60)
    ]
    data, problem = folder / "crops.csv", folder / "problem.toml"
    data.write_text("\n".join([",".join([*noise, "rain", "crop"]), *lines]), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, problem.open("w", encoding="utf-8") as drafted:
        patch.setattr("sys.stdout", drafted)
        assert train.main(["--draft", str(data), "--target", "crop"]) == 0
    assert train.main(["--problem", str(problem), "--data", str(data), "--out", str(folder / "model")]) == 0
    return create_app({"TESTING": True, "MODEL_DIR": str(folder / "model")}).test_client()


@pytest.fixture(scope="module")
def page(crops: FlaskClient) -> str:
    row = dict.fromkeys((f"noise_{number}" for number in range(7)), "9") | {"rain": "80"}
    return crops.get("/recommendation", query_string=row).text


def test_the_likeliest_classes_are_listed_and_the_others_in_a_list_that_opens(page: str) -> None:
    shown, others = re.findall(r'<dl class="shares">(.*?)</dl>', page, re.DOTALL)
    assert shown.count("<dt>") == SEEN
    assert others.count("<dt>") == len(CROPS) - SEEN
    assert "<summary>The other 3</summary>" in page
    assert sorted(re.findall("<dt>(.*?)</dt>", shown + others)) == [crop.title() for crop in CROPS]


def test_the_chart_shows_the_classes_that_are_listed_first(page: str) -> None:
    shown = re.search(r'<dl class="shares">(.*?)</dl>', page, re.DOTALL)
    assert shown
    named = re.findall(r'<text class="chart-name[^>]*>(.*?)</text>', page)
    assert sorted(named) == sorted(re.findall("<dt>(.*?)</dt>", shown[1]))
    assert page.count('<path class="chart-curve') == SEEN
    assert "How likely the likeliest crops are, by the rain<" in page


def test_the_table_of_the_chart_has_every_class(page: str) -> None:
    table = page.partition("<table>")[2].partition("</table>")[0]
    assert all(f'<th scope="col">{crop.title()}</th>' in table for crop in CROPS)


def test_the_weightiest_numbers_are_offered_and_the_others_in_a_list_that_opens(
    crops: FlaskClient, page: str
) -> None:
    nav = page.partition('<nav class="chart-by"')[2].partition("</nav>")[0]
    assert 'aria-current="true">Rain</a>' in nav.partition("<details>")[0]
    assert len(re.findall("<li>", nav.partition("<details>")[0])) == SEEN
    [*_, last] = re.findall('href="([^"]*)#', nav)
    page = crops.get(unescape(last)).text
    opened = page.partition('<nav class="chart-by"')[2].partition("<details open>")[2].partition("</nav>")[0]
    assert "<summary>The other 2</summary>" in opened
    assert opened.count('aria-current="true"') == 1


def test_the_card_shows_the_weightiest_features_the_likeliest_class_and_the_most_frequent_errors(
    crops: FlaskClient,
) -> None:
    card = crops.get("/model").text
    answers, *_ = re.findall(r"<table>(.*?)</table>", card.partition(">What it answers<")[2], re.DOTALL)
    header = re.findall(r"<th[^>]*>(.*?)</th>", answers)
    assert len(header) == 5 + 2
    assert header[-3:] == ["Rain", "Answer", "Probability"]
    errors = card.partition("The most frequent wrong answers:")[2].partition("</table>")[0]
    rows = [int(found) for found in re.findall(r"<td[^>]*>(\d+)</td>", errors)]
    assert rows == sorted(rows, reverse=True)
    assert 0 < len(rows) <= 8


def test_the_axis_ends_where_all_curves_are_below(crops: FlaskClient) -> None:
    row = dict.fromkeys((f"noise_{number}" for number in range(7)), "9")
    scales = set()
    for rain in range(0, 160, 10):
        for by in ("rain", "noise_0"):
            page = crops.get("/recommendation", query_string=row | {"rain": str(rain), "chart": by}).text
            scale = re.findall(r'<text class="chart-scale"[^>]*>(\d+%)</text>', page)
            lines = re.findall(r'<path class="chart-curve[^"]*" d="([^"]*)"', page)
            highest = min(float(y) for line in lines for y in re.findall(r"[\d.]+ ([\d.]+)", line))
            end = int(scale[-1].rstrip("%"))
            assert scale == ["0%", f"{end // 2}%", f"{end}%"]
            assert highest >= 34
            if end == 50:
                assert highest < 236 - (236 - 34) * 0.4
            scales.add(end)
    assert scales >= {50, 100}
