"""The catalogue of breeds."""

from pathlib import Path

import pytest

from model.breeds import BREEDS_FILE, Breed, CatalogueError, load_breeds


def test_the_shipped_catalogue_has_the_dachshund_and_the_german_shepherd(breeds: dict[str, Breed]) -> None:
    assert {key: (breed.name, breed.picture) for key, breed in breeds.items()} == {
        "dachshund": ("Dachshund", "dachshund.svg"),
        "german_shepherd": ("German Shepherd", "german_shepherd.svg"),
    }


def test_every_breed_knows_its_own_key(breeds: dict[str, Breed]) -> None:
    assert all(key == breed.key for key, breed in breeds.items())


def test_every_fact_has_a_source_and_every_range_runs_upwards(breeds: dict[str, Breed]) -> None:
    for breed in breeds.values():
        for fact in (breed.weight_kg, breed.height_cm, breed.space, breed.exercise):
            assert fact.source
            assert fact.url.startswith("https://")
        for measure in (breed.weight_kg, breed.height_cm):
            assert 0 < measure.min < measure.middle < measure.max


def test_german_shepherd_measures_are_those_of_fci_standard_166(breeds: dict[str, Breed]) -> None:
    shepherd = breeds["german_shepherd"]
    assert (shepherd.weight_kg.min, shepherd.weight_kg.max) == (22, 40)
    assert (shepherd.height_cm.min, shepherd.height_cm.max) == (55, 65)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('dachshund = "Dachshund"', "outside a breed's table"),
        ("[dachshund]\nname = 'Dachshund'", "missing required field `picture`"),
        (BREEDS_FILE.read_text(encoding="utf-8").replace("max = 40", "max = 'forty'"), "weight_kg.max"),
        (BREEDS_FILE.read_text(encoding="utf-8").replace("picture =", "image ="), "unknown field `image`"),
        ("[dachshund", "not valid TOML"),
        ("name = '\udcff'", "not valid TOML"),
    ],
)
def test_an_invalid_catalogue_is_refused_in_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "breeds.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CatalogueError) as refusal:
        load_breeds(path)
    assert says in str(refusal.value)
    assert str(path) in str(refusal.value)


def test_a_missing_catalogue_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"Cannot read the breed catalogue .*: No such file"):
        load_breeds(tmp_path / "none.toml")
