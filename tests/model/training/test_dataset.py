"""Reading households from CSV files, and refusing files that cannot be trained on."""

import gzip
import hashlib
import io
import re
import zipfile
import zlib
from pathlib import Path

import msgspec
import numpy as np
import pytest

from model.problem.description import Problem
from model.problem.loading import load_problem
from model.training.dataset import DatasetError, read_dataset
from model.training.simulation import HOMES_FILE, HOUSEHOLDS, is_simulated, simulate_homes
from tests.model.tables import PROBLEMS

HEADER = "home_size_sqft,breed\n"
VALID_ROWS = "1000,dachshund\n2500,german_shepherd\n" * 30


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "homes.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def distinct_rows(households: int = 60) -> str:
    """Return rows of both breeds, no two alike."""
    return "".join(
        f"{1000 + 3 * row},dachshund\n{2500 + 3 * row},german_shepherd\n" for row in range(households // 2)
    )


# Accepted files


def test_the_shipped_households_are_read_and_recognised_as_simulated(problem: Problem) -> None:
    homes = read_dataset(HOMES_FILE, problem)
    assert (len(homes.matrix), homes.file, homes.simulated) == (HOUSEHOLDS, "homes.csv", True)
    assert list(homes.problem.by_key) == ["dachshund", "german_shepherd"]
    sizes, labels = simulate_homes()
    assert np.array_equal(homes.matrix[:, 0], sizes)
    assert np.array_equal(homes.labels, labels)
    assert homes.warnings == ()


def test_other_households_are_not_called_simulated(tmp_path: Path, problem: Problem) -> None:
    assert not read_dataset(write(tmp_path, HEADER + VALID_ROWS), problem).simulated


def test_the_shipped_households_are_called_simulated_only_where_their_densities_hold(
    problem: Problem,
) -> None:
    (size,) = problem.features
    other_order = msgspec.structs.replace(problem, classes=problem.classes[::-1])
    metres = msgspec.structs.replace(size, units=dict(reversed(problem.numbers[0].units.items())))
    assert not read_dataset(HOMES_FILE, other_order).simulated
    assert not is_simulated(msgspec.structs.replace(problem, features=(metres,)), sha256(HOMES_FILE))
    assert is_simulated(problem, sha256(HOMES_FILE))


def test_square_metres_are_converted(tmp_path: Path, problem: Problem) -> None:
    path = write(tmp_path, "home_size_m2,breed\n" + "100,dachshund\n200,german_shepherd\n" * 30)
    assert read_dataset(path, problem).matrix[0, 0] == pytest.approx(1_076.391041671)


def test_other_columns_blank_lines_and_a_byte_order_mark_are_ignored(
    tmp_path: Path, problem: Problem
) -> None:
    text = "\ufefftown,breed,home_size_sqft\r\n\nBath,dachshund,900\n,,\n\nYork, german_shepherd ,3000\n\n"
    homes = read_dataset(
        write(tmp_path, text + "Ely,dachshund,950\nHull,german_shepherd,2950\n" * 30), problem
    )
    assert homes.matrix[:2, 0].tolist() == [900.0, 3000.0]
    assert homes.labels[:2].tolist() == [0, 1]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("compress", [False, True])
def test_every_separator_with_and_without_byte_order_mark_and_gzip(
    tmp_path: Path, problem: Problem, separator: str, mark: str, compress: bool
) -> None:
    content = (mark + HEADER + distinct_rows()).replace(",", separator).encode()
    homes = read_dataset(write(tmp_path, gzip.compress(content) if compress else content), problem)
    assert homes.matrix[:3, 0].tolist() == [1000.0, 2500.0, 1003.0]


# Refused files


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("\n" + HEADER + VALID_ROWS, "begins with an empty line"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (HEADER.encode() + b"1000,caf\xe9\n", "is not UTF-8 text"),
        (b"\x1f\x8b damaged", "is a damaged gzip file"),
        (gzip.compress(HEADER.encode(), mtime=0)[:-9], "is a damaged gzip file"),
        (HEADER, "there is no row: a model needs"),
        (
            "size,breed\n" + VALID_ROWS,
            "The column home_size (or home_size_sqft or home_size_m2) is missing. Is it size?",
        ),
        (
            "home_size_sqft,dog\n" + VALID_ROWS,
            "The column breed, the target, is missing. The file has home_size_sqft, dog.",
        ),
        (
            "home_size_sqft,breed,breed\n1,dachshund,beagle\n",
            "The column breed is there 2 times; give it once.",
        ),
        (
            "home_size_sqft,home_size_m2,breed\n",
            "home_size has 2 columns: home_size_sqft and home_size_m2; keep one.",
        ),
        (HEADER + "1000,dachshund,7\n", "line 2 has 3 cells: the header has 2 columns"),
        (HEADER + VALID_ROWS + '1000,"dachshund\n', "is not a table from line 62 on"),
        (
            HEADER + VALID_ROWS + "big,dachshund\n",
            "line 62 has 'big': home_size must be a number in plain figures",
        ),
        (
            HEADER + VALID_ROWS + ",dachshund\n",
            "line 62: home_size is missing. Give the size of the home as a number, or allow blanks: required",
        ),
        (
            HEADER + VALID_ROWS + "nan,dachshund\n",
            "line 62 has 'nan': home_size must be a number in plain figures, such as 1200, or allow",
        ),
        (
            HEADER + VALID_ROWS + "inf,dachshund\n",
            "line 62 has 'inf': home_size must be a number in plain figures",
        ),
        (
            HEADER + VALID_ROWS + "1_000,dachshund\n",
            "line 62 has '1_000': home_size must be a number in plain figures",
        ),
        (
            HEADER + VALID_ROWS + '"1,5",dachshund\n',
            "line 62 has '1,5': home_size must be a number with a decimal point",
        ),
        (HEADER + VALID_ROWS + "0,dachshund\n", "line 62 has '0': home_size must be between 50 and"),
        (HEADER + VALID_ROWS + "49.9,dachshund\n", "line 62 has '49.9': home_size must be between 50 and"),
        (HEADER + VALID_ROWS + "100001,dachshund\n", "between 50 and 100,000 sq ft"),
        (
            HEADER + "\n-1,dachshund\n" * 5,
            "line 3 has '-1', line 5 has '-1', line 7 has '-1' (and 2 more lines like these)",
        ),
        ("home_size_m2,breed\n4,dachshund\n", "line 2 has '4': home_size must be between 4.65"),
        ("home_size_m2,breed\n4,dachshund\n", "between 4.65 and 9,290.3 m²"),
        (
            HEADER + VALID_ROWS + "1000,cat\n",
            'line 62 has \'cat\': breed must be "dachshund" or "german_shepherd"; add a class',
        ),
        (
            HEADER + VALID_ROWS + "1000\n",
            'Give the breed as "dachshund" or "german_shepherd", or take the line out.',
        ),
        ('note,home_size_sqft,breed\n"two\nlines",1000,dachshund\n,1,dachshund\n', "line 4 has '1'"),
        (
            HEADER + "1000,dachshund\n1000,german_shepherd\n" * 30,
            "home_size has the same value in all rows: nothing can be learned from it; take it out of the",
        ),
        (HEADER + "1000,dachshund\n" * 40, "there is only dachshund, from line 2 on: a model needs"),
        (
            HEADER + VALID_ROWS[: -len("2500,german_shepherd\n")],
            "only 29 rows of german_shepherd (line 3, 5, 7, ...): each class needs 30 or more",
        ),
    ],
)
def test_invalid_data_are_refused_in_a_sentence(
    tmp_path: Path, problem: Problem, content: str | bytes, says: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DatasetError) as refusal:
        read_dataset(path, problem)
    assert says in str(refusal.value)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


PENGUINS = (PROBLEMS / "penguins" / "penguins.csv").read_text()


def penguins(folder: Path, before: str, after: str) -> str:
    """Return the refusal of the penguins' file in which a part is replaced."""
    assert before in PENGUINS
    path = write(folder, PENGUINS.replace(before, after))
    with pytest.raises(DatasetError) as refusal:
        read_dataset(path, load_problem(PROBLEMS / "penguins" / "problem.toml")[0])
    return str(refusal.value).removeprefix(f"In {path}, ").removeprefix(f"In line 1 of {path}: ")


def test_a_choice_that_is_not_declared_is_refused_with_the_nearest_that_is(tmp_path: Path) -> None:
    assert penguins(tmp_path, "Adelie,Torgersen,39.1", "Adelie,Torgerson,39.1") == (
        "line 2 has 'Torgerson' (Did you mean \"Torgersen\"?): island must be "
        '"Biscoe", "Dream" or "Torgersen".'
    )


def test_a_class_without_an_entry_in_the_catalogue_is_refused_with_the_nearest_that_has_one(
    tmp_path: Path,
) -> None:
    assert penguins(tmp_path, "Gentoo,", "Gentu,").startswith(
        "line 154 has 'Gentu' (Did you mean \"Gentoo\"?), line 155 has 'Gentu'"
    )


def test_a_feature_that_the_file_lacks_is_named_and_so_are_the_files_columns(tmp_path: Path) -> None:
    assert penguins(tmp_path, "species,island,", "species,place,") == (
        "The column island is missing. The file has species, place, bill_length_mm, bill_depth_mm, "
        "flipper_length_mm, body_mass_g, sex, year."
    )


def test_a_feature_without_a_column_is_refused_if_a_column_has_nearly_its_name(tmp_path: Path) -> None:
    said = penguins(tmp_path, "bill_length_mm", "bil_length_mm")
    assert said.startswith('The column bil_length_mm is not known. Did you mean "bill_length"?')


def test_a_feature_that_is_blank_in_nearly_all_rows_is_refused(tmp_path: Path) -> None:
    problem = load_problem(PROBLEMS / "yard" / "problem.toml")[0]
    rows = "".join(f"{900 + n},,,dachshund\n{1900 + n},,3,german_shepherd\n" for n in range(40))
    path = write(tmp_path, "home_size_sqft,has_yard,hours_away,breed\n" + rows + "950,yes,4,dachshund\n")
    with pytest.raises(DatasetError) as refusal:
        read_dataset(path, problem)
    assert str(refusal.value) == (
        f"In {path}, has_yard has 1 value(s): nothing can be learned from it; take it out of the problem."
    )


def test_each_kind_of_fault_has_its_own_sentence(tmp_path: Path, problem: Problem) -> None:
    path = write(tmp_path, HEADER + VALID_ROWS + "big,dachshund\n-1,dachshund\n1000,cat\n1,dachshund\n")
    with pytest.raises(DatasetError) as refusal:
        read_dataset(path, problem)
    sentences = str(refusal.value).split("\n")
    assert len(sentences) == 3
    assert all(sentence.startswith(f"In {path}, line ") for sentence in sentences)


def test_a_missing_file_is_refused_in_a_sentence(tmp_path: Path, problem: Problem) -> None:
    with pytest.raises(DatasetError, match=r"Cannot read .*none.csv: No such file"):
        read_dataset(tmp_path / "none.csv", problem)


# Warnings


@pytest.mark.parametrize("copies", [2, 3])
def test_a_file_joined_to_itself_gives_a_warning(tmp_path: Path, problem: Problem, copies: int) -> None:
    text = HEADER + distinct_rows(200) * copies + "900,dachshund\n"
    (warning,) = read_dataset(write(tmp_path, text), problem).warnings
    assert f"200 of 201 different rows occur a multiple of {copies} times (line 202 repeats" in warning
    assert f"was the same file joined {copies} times?" in warning


def test_a_quotation_mark_that_closes_lines_later_gives_a_warning(tmp_path: Path, problem: Problem) -> None:
    text = "town," + HEADER + '"Ely,900,dachshund\nBath,900,dachshund\n"York,950,dachshund\n'
    rest = ("," + line for line in distinct_rows().splitlines(keepends=True))
    (warning,) = read_dataset(write(tmp_path, text + "".join(rest)), problem).warnings
    assert "1 row spans several lines, the first from line 2 on; is a quotation mark missing?" in warning


def test_one_household_copied_many_times_gives_a_warning(tmp_path: Path, problem: Problem) -> None:
    (warning,) = read_dataset(
        write(tmp_path, HEADER + distinct_rows(200) + "900,dachshund\n" * 80), problem
    ).warnings
    assert "one row occurs 80 times with the same values (lines 202, 203, 204, ...)" in warning


@pytest.mark.parametrize("nearest", [1, 50, 250])
def test_rounded_sizes_give_no_warning(tmp_path: Path, problem: Problem, nearest: int) -> None:
    sizes, labels = simulate_homes(5_000, seed=9)
    rows = zip(np.round(sizes / nearest) * nearest, labels, strict=True)
    text = "".join(f"{size:.0f},{list(problem.by_key)[label]}\n" for size, label in rows)
    assert read_dataset(write(tmp_path, HEADER + text), problem).warnings == ()


# Files that are no CSV


def packed(**files: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, each in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), each)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            packed(xl__workbook_xml=b"<workbook/>", xl__sheet_xml=b""),
            "is an Excel workbook; save the table in",
        ),
        (packed(homes_csv=b"home_size_sqft,breed"), "is a ZIP file; save the table in it as CSV in UTF-8."),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 99, "is an Excel workbook; save the table in it as CSV"),
        (b"PAR1\x15\x04" + b"\0" * 99, "is a Parquet file; save the table in it as CSV in UTF-8."),
        (
            "sep=;\r\nhome_size_sqft;breed\r\n1000;dachshund\r\n",
            "begins with Excel's line sep=;; take that line",
        ),
        (
            ",".join(f"c{n}" for n in range(2_000_000)),
            "has 2,000,000 columns, and at most 1,000 are read; take",
        ),
    ],
    ids=["xlsx", "zip", "xls", "parquet", "sep", "columns"],
)
def test_what_is_no_table_is_refused_by_its_name(
    tmp_path: Path, problem: Problem, content: str | bytes, says: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DatasetError, match=f"^{re.escape(f'{path} {says}')}"):
        read_dataset(path, problem)


def test_a_gzip_bomb_ends_in_a_sentence_before_its_end(tmp_path: Path, problem: Problem) -> None:
    """Of 600 MB, packed in 600 KB, no more than is allowed is unpacked."""
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(10**7)
    bomb = b"".join(packer.compress(zeros) for _ in range(60)) + packer.flush()
    path = write(tmp_path, bomb)
    with pytest.raises(DatasetError, match="has more than 500 MB of text; take a sample of it"):
        read_dataset(path, problem)


# Words


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ('"92,5"', "must be a number with a decimal point, such as 92.5, not with a decimal comma"),
        ('"1.092,5"', "must be a number with a decimal point, such as 92.5, not with a decimal comma"),
        ("1 092", "must be a number without marks between the thousands, such as 1200"),
        ("1'092.5", "must be a number without marks between the thousands, such as 1200"),
        ("1.092.000", "must be a number without marks between the thousands, such as 1200"),
        ("about 1000", "must be a number in plain figures, such as 1200"),
    ],
)
def test_a_decimal_comma_and_marks_between_thousands_are_named(
    tmp_path: Path, problem: Problem, size: str, says: str
) -> None:
    path = write(tmp_path, f"{HEADER}{size},dachshund\n{VALID_ROWS}")
    with pytest.raises(DatasetError, match=re.escape(says)) as error:
        read_dataset(path, problem)
    assert str(error.value).startswith(f"In {path}, line 2 has {size.strip(chr(34))!r}")


def test_where_semicolons_separate_the_cells_a_decimal_comma_can_be_declared(
    tmp_path: Path, problem: Problem
) -> None:
    path = write(
        tmp_path,
        (HEADER + "1.200,5,dachshund\n").replace(",", ";").replace("200;5", "200,5")
        + VALID_ROWS.replace(",", ";"),
    )
    with pytest.raises(DatasetError, match=r"if it is one, declare it: decimal_comma = true\.$"):
        read_dataset(path, problem)
    declared = msgspec.structs.replace(problem, decimal_comma=True)
    assert read_dataset(path, declared).matrix[0, 0] == 1200.5


def test_a_typo_in_a_label_names_the_known_one_and_proposes_no_class(
    tmp_path: Path, problem: Problem
) -> None:
    rows = "1000,dachshound\n2000,German  Sheperd\n3000,GERMAN SHEPHERD\n1000,Dachshund\n"
    path = write(tmp_path, HEADER + rows + VALID_ROWS)
    with pytest.raises(DatasetError) as error:
        read_dataset(path, problem)
    said = str(error.value)
    assert "line 2 has 'dachshound' (Did you mean \"dachshund\"?)" in said
    assert "line 3 has 'German  Sheperd' (Did you mean \"german_shepherd\"?)" in said
    assert "line 4" not in said, "the name in the catalogue, in any case, is the breed's"
    assert "add a class" not in said


def test_a_label_like_no_other_may_be_a_class_to_add(tmp_path: Path, problem: Problem) -> None:
    path = write(tmp_path, f"{HEADER}1000,pug\n{VALID_ROWS}")
    with pytest.raises(DatasetError, match="add a class for any other"):
        read_dataset(path, problem)
