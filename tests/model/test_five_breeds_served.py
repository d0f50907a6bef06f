"""A model of five breeds, trained with the command and served by the app."""

import re
from pathlib import Path

import pytest

import train
from webapp import create_app

NAMES = ("Beagle", "Dachshund", "Labrador", "German Shepherd", "Great Dane")


def test_five_breeds_are_trained_and_served_by_page_and_api(
    five_homes_file: Path, five_problem_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--data", str(five_homes_file), "--problem", str(five_problem_file), "--out", str(tmp_path)]
    assert train.main(command) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in NAMES)
    client = create_app({"TESTING": True, "MODEL_DIR": str(tmp_path)}).test_client()

    answers = [client.get(f"/api/predict?home_size={size}").get_json() for size in range(600, 6_000, 100)]
    assert {answer["name"] for answer in answers} == set(NAMES)
    keys = ["beagle", "dachshund", "labrador", "german_shepherd", "great_dane"]
    assert all(sorted(answer["probabilities"]) == sorted(keys) for answer in answers)
    assert {answer["breed"] for answer in answers} == set(keys)

    page = client.get("/recommendation?home_size=1200&unit=sqft").get_data(as_text=True)
    for name in NAMES:
        assert name in page
    assert page.count('class="chart-name') == len(NAMES)
    assert "All breeds" in page
    catalogue = client.get("/breeds").text
    assert catalogue.count("<h2") == len(NAMES)
    pictures = re.findall(r'<img src="(/model/[^"]+/picture-[^"]+)" alt="[^"]+ puppy"', catalogue)
    assert len(pictures) == 2  # the others have none
    assert all(client.get(picture).status_code == 200 for picture in pictures)
    assert client.get("/api/predict?home_size=6000").get_json()["image_url"] is None
    reasons = {
        found[0]
        for size in range(600, 6_000, 100)
        if (
            found := re.search(
                r"Homes (under|of|over) about .*? lean to an? [A-Z]",
                client.get(f"/preview?home_size={size}").text,
            )
        )
    }
    assert {reason.split()[1] for reason in reasons} == {"under", "of", "over"}
