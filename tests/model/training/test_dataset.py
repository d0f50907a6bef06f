"""Reading households from CSV files, and refusing files that cannot be trained on."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from model.breeds import Breed
from model.training.dataset import DatasetError, new_breeds, read_homes
from model.training.simulation import HOMES_FILE, HOUSEHOLDS, simulate_homes

HEADER = "home_size_sqft,breed\n"
VALID_ROWS = "1000,dachshund\n2500,german_shepherd\n" * 30


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "homes.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def distinct_rows(households: int = 60) -> str:
    """Return rows of both breeds, no two alike."""
    return "".join(
        f"{1000 + 3 * row},dachshund\n{2500 + 3 * row},german_shepherd\n" for row in range(households // 2)
    )


# Accepted files


def test_the_shipped_households_are_read_and_recognised_as_simulated(breeds: dict[str, Breed]) -> None:
    homes = read_homes(HOMES_FILE, breeds)
    assert (len(homes.sizes), homes.file, homes.simulated) == (HOUSEHOLDS, "homes.csv", True)
    assert [breed.key for breed in homes.breeds] == ["dachshund", "german_shepherd"]
    sizes, labels = simulate_homes()
    assert np.array_equal(homes.sizes, sizes)
    assert np.array_equal(homes.labels, labels)
    assert homes.warnings == ()


def test_other_households_are_not_called_simulated(tmp_path: Path, breeds: dict[str, Breed]) -> None:
    assert not read_homes(write(tmp_path, HEADER + VALID_ROWS), breeds).simulated


def test_square_metres_are_converted(tmp_path: Path, breeds: dict[str, Breed]) -> None:
    path = write(tmp_path, "home_size_m2,breed\n" + "100,dachshund\n200,german_shepherd\n" * 30)
    assert read_homes(path, breeds).sizes[0] == pytest.approx(1_076.391041671)


def test_other_columns_blank_lines_and_a_byte_order_mark_are_ignored(
    tmp_path: Path, breeds: dict[str, Breed]
) -> None:
    text = "\ufefftown,breed,home_size_sqft\r\n\nBath,dachshund,900\n,,\n\nYork, german_shepherd ,3000\n\n"
    homes = read_homes(write(tmp_path, text + "Ely,dachshund,950\nHull,german_shepherd,2950\n" * 30), breeds)
    assert homes.sizes[:2].tolist() == [900.0, 3000.0]
    assert homes.labels[:2].tolist() == [0, 1]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("compress", [False, True])
def test_every_separator_with_and_without_byte_order_mark_and_gzip(
    tmp_path: Path, breeds: dict[str, Breed], separator: str, mark: str, compress: bool
) -> None:
    content = (mark + HEADER + distinct_rows()).replace(",", separator).encode()
    homes = read_homes(write(tmp_path, gzip.compress(content) if compress else content), breeds)
    assert homes.sizes[:3].tolist() == [1000.0, 2500.0, 1003.0]


# Refused files


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("\n" + HEADER + VALID_ROWS, "begins with an empty line"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (HEADER.encode() + b"1000,caf\xe9\n", "is not UTF-8 text"),
        (b"\x1f\x8b damaged", "is a damaged gzip file"),
        (gzip.compress(HEADER.encode())[:-9], "is a damaged gzip file"),
        (HEADER, "there is no household: a model needs"),
        ("size,breed\n" + VALID_ROWS, "no column home_size_sqft or home_size_m2; its first line must name"),
        ("home_size_sqft,dog\n" + VALID_ROWS, "no column breed"),
        ("home_size_sqft,breed,breed\n1,dachshund,beagle\n", "2 columns breed and breed"),
        ("home_size_sqft,home_size_m2,breed\n", "2 columns home_size_sqft and home_size_m2"),
        (HEADER + "1000,dachshund,7\n", "line 2 has 3 cells: the header has 2 columns"),
        (HEADER + VALID_ROWS + '1000,"dachshund\n', "is not a table from line 62 on"),
        (HEADER + VALID_ROWS + "big,dachshund\n", "line 62 has 'big': a home size must be a number"),
        (HEADER + VALID_ROWS + ",dachshund\n", "line 62: the home size is missing"),
        (HEADER + VALID_ROWS + "nan,dachshund\n", "line 62 has 'nan': a home size must be a number"),
        (HEADER + VALID_ROWS + "inf,dachshund\n", "line 62 has 'inf': a home size must be a number"),
        (HEADER + VALID_ROWS + "1_000,dachshund\n", "line 62 has '1_000': a home size must be a number"),
        (HEADER + VALID_ROWS + '"1,5",dachshund\n', "line 62 has '1,5': a home size must be a number"),
        (HEADER + VALID_ROWS + "0,dachshund\n", "line 62 has '0': a home size must be positive"),
        (HEADER + VALID_ROWS + "49.9,dachshund\n", "line 62 has '49.9': a home size must be between 50 and"),
        (HEADER + VALID_ROWS + "100001,dachshund\n", "between 50 and 100,000 sq ft"),
        (
            HEADER + "\n-1,dachshund\n" * 5,
            "line 3 has '-1', line 5 has '-1', line 7 has '-1' and 2 more lines do likewise",
        ),
        ("home_size_m2,breed\n4,dachshund\n", "line 2 has '4': a home size must be between 50"),
        ("home_size_m2,breed\n4,dachshund\n", "(4.65 to 9,290 m²)"),
        (HEADER + VALID_ROWS + "1000,cat\n", "line 62 has 'cat': a breed must be one of the catalogue"),
        (HEADER + VALID_ROWS + "1000\n", "line 62: the breed is missing"),
        ('note,home_size_sqft,breed\n"two\nlines",1000,dachshund\n,1,dachshund\n', "line 4 has '1'"),
        (HEADER + "1000,dachshund\n" * 40, "there is only dachshund, from line 2 on: a model needs"),
        (
            HEADER + VALID_ROWS[: -len("2500,german_shepherd\n")],
            "only 29 household(s) of german_shepherd (line 3, 5, 7, ...): each breed needs 30 or more",
        ),
    ],
)
def test_invalid_data_are_refused_in_a_sentence(
    tmp_path: Path, breeds: dict[str, Breed], content: str | bytes, says: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DatasetError) as refusal:
        read_homes(path, breeds)
    assert says in str(refusal.value)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_each_kind_of_fault_has_its_own_sentence(tmp_path: Path, breeds: dict[str, Breed]) -> None:
    path = write(tmp_path, HEADER + VALID_ROWS + "big,dachshund\n-1,dachshund\n1000,cat\n1,dachshund\n")
    with pytest.raises(DatasetError) as refusal:
        read_homes(path, breeds)
    sentences = str(refusal.value).split("\n")
    assert len(sentences) == 4
    assert all(sentence.startswith(f"In {path}, line ") for sentence in sentences)


def test_a_missing_file_is_refused_in_a_sentence(tmp_path: Path, breeds: dict[str, Breed]) -> None:
    with pytest.raises(DatasetError, match=r"Cannot read .*none.csv: No such file"):
        read_homes(tmp_path / "none.csv", breeds)


# Warnings


@pytest.mark.parametrize("copies", [2, 3])
def test_a_file_joined_to_itself_gives_a_warning(
    tmp_path: Path, breeds: dict[str, Breed], copies: int
) -> None:
    text = HEADER + distinct_rows(200) * copies + "900,dachshund\n"
    (warning,) = read_homes(write(tmp_path, text), breeds).warnings
    assert f"200 of 201 different households occur a multiple of {copies} times (line 202 repeats" in warning
    assert f"was the same file joined {copies} times?" in warning


def test_a_quotation_mark_that_closes_lines_later_gives_a_warning(
    tmp_path: Path, breeds: dict[str, Breed]
) -> None:
    text = "town," + HEADER + '"Ely,900,dachshund\nBath,900,dachshund\n"York,950,dachshund\n'
    rest = ("," + line for line in distinct_rows().splitlines(keepends=True))
    (warning,) = read_homes(write(tmp_path, text + "".join(rest)), breeds).warnings
    assert "1 row(s) span several lines, the first from line 2 on; is a quotation mark missing?" in warning


def test_one_household_copied_many_times_gives_a_warning(tmp_path: Path, breeds: dict[str, Breed]) -> None:
    (warning,) = read_homes(
        write(tmp_path, HEADER + distinct_rows(200) + "900,dachshund\n" * 80), breeds
    ).warnings
    assert "one household occurs 80 times with the same size and breed (lines 202, 203, 204, ...)" in warning


@pytest.mark.parametrize("nearest", [1, 50, 250])
def test_rounded_sizes_give_no_warning(tmp_path: Path, breeds: dict[str, Breed], nearest: int) -> None:
    sizes, labels = simulate_homes(5_000, seed=9)
    rows = zip(np.round(sizes / nearest) * nearest, labels, strict=True)
    text = "".join(f"{size:.0f},{list(breeds)[label]}\n" for size, label in rows)
    assert read_homes(write(tmp_path, HEADER + text), breeds).warnings == ()


def test_new_breeds_are_those_that_the_catalogue_lacks(tmp_path: Path, breeds: dict[str, Breed]) -> None:
    path = write(tmp_path, "home_size_m2;breed\nx;pug\n1;dachshund\n2;\n3;beagle\n4;pug\n")
    assert new_breeds(path, breeds) == ["pug", "beagle"]
