import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.forms import parse_home_size


@pytest.mark.parametrize(
    ("entry", "size"),
    [
        ("1200", 1200),
        (" 1,200 ", 1200),
        ("1 200", 1200),
        ("92.5", 92.5),
        ("12,345,678", 12345678),
        ("1\u00a0200", 1200),
        ("-5", -5),
        ("0", 0),
    ],
)
def test_a_number_as_people_write_it_is_understood(entry: str, size: float) -> None:
    assert parse_home_size(entry) == size


@pytest.mark.parametrize("entry", ["", " ", "\t"])
def test_an_empty_entry_is_asked_for(entry: str) -> None:
    with pytest.raises(ValueError, match=r"^Enter the size of your home\.$"):
        parse_home_size(entry)


@pytest.mark.parametrize(
    "entry",
    [
        "abc",
        "nan",
        "inf",
        "1e400",
        "1.200,50",
        "1,20",
        "12 hundred",
        "1_000",
        "٣",
        "🐶",
        "--5",
        "0x10",
        "9" * 5000,
    ],
)
def test_anything_else_is_asked_back_never_misread(entry: str) -> None:
    with pytest.raises(ValueError, match="in figures"):
        parse_home_size(entry)


@given(st.integers(0, 10**9))
def test_commas_between_the_thousands_change_nothing(number: int) -> None:
    assert parse_home_size(f"{number:,}") == parse_home_size(str(number)) == number


@given(st.text(max_size=60))
def test_no_entry_is_more_than_refused(entry: str) -> None:
    try:
        assert abs(parse_home_size(entry)) < 1e40
    except ValueError as error:
        assert str(error).startswith("Enter the size")  # noqa: PT017 - most texts are refused, some are numbers
