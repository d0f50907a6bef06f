"""Households: the simulated ones, and reading anyone's."""

import math
from pathlib import Path

import numpy as np
import pytest

from model.breeds import Breed
from model.dataset import (
    HOMES_FILE,
    HOUSEHOLDS,
    MEDIAN_SQFT,
    DatasetError,
    best_probabilities,
    read_homes,
    simulate_homes,
    simulated_csv,
)
from model.home_size import MAX_SQFT, MIN_SQFT

HEADER = "home_size_sqft,breed\n"
ENOUGH = "1000,dachshund\n2500,german_shepherd\n" * 30


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "homes.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# The simulated households


def test_the_shipped_file_is_what_the_generator_writes() -> None:
    assert HOMES_FILE.read_bytes() == simulated_csv()


def test_another_seed_gives_other_households() -> None:
    assert not simulate_homes(100, seed=1).equals(simulate_homes(100, seed=2))


def test_simulated_homes_follow_the_documented_densities() -> None:
    homes = simulate_homes(20_000, seed=3)
    assert homes["home_size_sqft"].between(MIN_SQFT, MAX_SQFT).all()
    for breed, median in MEDIAN_SQFT.items():
        logarithms = np.log(homes.loc[homes["breed"] == breed, "home_size_sqft"])
        assert len(logarithms) == pytest.approx(10_000, rel=0.03)
        assert math.exp(logarithms.median()) == pytest.approx(median, rel=0.03)
        assert logarithms.std() == pytest.approx(0.4, rel=0.03)


def test_some_large_homes_have_dachshunds() -> None:
    homes = simulate_homes()
    large = homes[homes["home_size_sqft"] > 2_500]
    assert 0.02 < (large["breed"] == "dachshund").mean() < 0.2


def test_best_probabilities_are_even_where_the_densities_cross() -> None:
    crossing = math.sqrt(1_250 * 2_500)
    assert best_probabilities(np.array([crossing])) == pytest.approx(np.array([[0.5, 0.5]]))


def test_best_probabilities_agree_with_the_shares_among_many_homes() -> None:
    homes = simulate_homes(50_000, seed=4)
    near = homes[homes["home_size_sqft"].between(1_150, 1_250)]
    share = (near["breed"] == "dachshund").mean()
    assert best_probabilities(np.array([1_200.0]))[0, 0] == pytest.approx(share, abs=0.02)


# Reading


def test_the_shipped_households_are_read_and_known_as_simulated(breeds: dict[str, Breed]) -> None:
    homes = read_homes(HOMES_FILE, breeds)
    assert (len(homes.table), homes.file, homes.simulated) == (HOUSEHOLDS, "homes.csv", True)


def test_other_households_are_not_taken_for_simulated(tmp_path: Path, breeds: dict[str, Breed]) -> None:
    assert not read_homes(write(tmp_path, HEADER + ENOUGH), breeds).simulated


def test_square_metres_are_converted(tmp_path: Path, breeds: dict[str, Breed]) -> None:
    path = write(tmp_path, "home_size_m2,breed\n" + "100,dachshund\n200,german_shepherd\n" * 30)
    assert read_homes(path, breeds).table["home_size_sqft"][0] == pytest.approx(1_076.391041671)


def test_other_columns_blank_lines_and_a_byte_order_mark_are_passed_over(
    tmp_path: Path, breeds: dict[str, Breed]
) -> None:
    text = "\ufefftown,breed,home_size_sqft\n\nBath,dachshund,900\n\nYork,german_shepherd,3000\n\n"
    homes = read_homes(write(tmp_path, text + "Ely,dachshund,950\nHull,german_shepherd,2950\n" * 30), breeds)
    assert homes.table.head(2).to_numpy().tolist() == [[900.0, "dachshund"], [3000.0, "german_shepherd"]]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("\n" + HEADER + ENOUGH, "begins with an empty line"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (HEADER, "households of 0 breed(s)"),
        ("size,breed\n" + ENOUGH, "no column home_size_sqft or home_size_m2"),
        ("home_size_sqft,dog\n" + ENOUGH, "no column breed"),
        ("home_size_sqft,breed,breed\n1,dachshund,beagle\n", "2 columns breed and breed"),
        ("home_size_sqft,home_size_m2,breed\n", "2 columns home_size_sqft and home_size_m2"),
        (HEADER + "1000,dachshund,7\n", "Expected 2 fields in line 2, saw 3"),
        (HEADER + ENOUGH + "big,dachshund\n", "line 62 has 'big': a home size must be a number"),
        (HEADER + ENOUGH + ",dachshund\n", "line 62 has ''"),
        (HEADER + ENOUGH + "nan,dachshund\n", "line 62 has 'nan'"),
        (HEADER + ENOUGH + "inf,dachshund\n", "line 62 has 'inf'"),
        (HEADER + ENOUGH + "True,dachshund\n", "line 62 has 'True'"),
        (HEADER + ENOUGH + "49.9,dachshund\n", "line 62 has '49.9'"),
        (HEADER + ENOUGH + "100001,dachshund\n", "between 50 and 100,000 sq ft"),
        (
            HEADER + "\n-1,dachshund\n" * 5,
            "line 3 has '-1', line 5 has '-1', line 7 has '-1' and 2 more lines",
        ),
        ("home_size_m2,breed\n4,dachshund\n", "line 2 has '4'"),
        (HEADER + ENOUGH + "1000,cat\n", "line 62 has 'cat': a breed must be one of the catalogue"),
        (HEADER + ENOUGH + "1000\n", "line 62 has ''"),
        (HEADER + "1000,dachshund\n" * 40, "households of 1 breed(s)"),
        (HEADER + ENOUGH[: -len("2500,german_shepherd\n")], "only 29 household(s) of german_shepherd"),
    ],
)
def test_wrong_data_are_refused_in_a_sentence(
    tmp_path: Path, breeds: dict[str, Breed], content: str | bytes, says: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DatasetError) as refusal:
        read_homes(path, breeds)
    assert says in str(refusal.value)
    assert str(path) in str(refusal.value)


def test_a_missing_file_is_refused_in_a_sentence(tmp_path: Path, breeds: dict[str, Breed]) -> None:
    with pytest.raises(DatasetError, match=r"Cannot read .*none.csv: No such file"):
        read_homes(tmp_path / "none.csv", breeds)
