# ruff: noqa: RUF001 - units of measurement in other scripts

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wtforms.validators import ValidationError

from model.problem.features import Number, Reading
from model.problem.loading import load_problem
from tests.problems import NAMES, problem_file
from webapp.pages import entries
from webapp.pages.entries import Entry

[HOME_SIZE] = load_problem()[0].numbers


def read_entry(text: str) -> Entry:
    return entries.read_entry(text, HOME_SIZE)


def to_home(entry: Entry, unit: str) -> Reading:
    return entries.to_reading(entry, HOME_SIZE, unit)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1200", 1200),
        ("1,200", 1200),
        (" 1 200 ", 1200),
        ("1\u00a0200", 1200),
        ("1\u202f200\n", 1200),
        ("1,200.50", 1200.5),
        ("1200.", 1200),
        ("92.5", 92.5),
        ("12,345,678", 12345678),
        ("-5", -5),
        ("0", 0),
        ("١٢٠٠", 1200),
        ("\uff11\uff0c\uff12\uff10\uff10", 1200),
        ("\uff11\uff12\uff10\uff10\uff0e\uff15", 1200.5),
        ("\u0661\u066c\u0662\u0660\u0660\u066b\u0665", 1200.5),
        ("\u0661\u060c\u0662\u0660\u0660", 1200),
        ("\u06f1\u06f2\u06f0", 120),
        ("\u0967\u0968\u0966\u0966", 1200),
        ("1'200", 1200),
        ("1\u2019200", 1200),
        ("1\u2009200", 1200),
        ("1\u3000200", 1200),
        ("1\u1680200", 1200),
        ("1\u02bc200", 1200),
        ("1\u2018200", 1200),
        ("1200,", 1200),
        ("1,200 ;", 1200),
        ("1,200.00", 1200),
        ("~1200", 1200),
        ("≈ 1,200", 1200),
        ("± 110", 110),
        ("+/- 110", 110),
        ("ca. 110", 110),
        ("circa 110", 110),
        ("approx. 1200", 1200),
        ("About 1,200", 1200),
    ],
)
def test_a_number_as_people_write_it_is_understood(text: str, number: float) -> None:
    entry = read_entry(text)
    assert (entry.number, entry.unit) == (number, "")


SQUARE_FEET = [
    *(
        "ft squared",
        "feet squared",
        "sft",
        "sq-ft",
        "square-feet",
        "s.f.",
        "ft 2",
        "ft**2",
        "(sq ft)",
        "sq ft;",
    ),
    *("pieds carrés", "pies cuadrados", "Quadratfuß", "кв. футов", "قدم مربع", "平方英尺"),
]
SQUARE_METRES = [
    *("m ²", "m 2", "m**2", "m sq", "(m²)", "metres squared", "sq-m", "Quadratmeter", "m\u00e8tres carrés"),
    *(
        "me\u0300tres carre\u0301s",
        "metros cuadrados",
        "metri quadri",
        "kvm",
        "кв. м",
        "КВ.М.",
        "квадратных метров",
    ),
    *("متر مربع", "平方米", "平米", "제곱미터"),
]


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("1,200 sq ft", 1200, "sqft"),
        ("1200sqft", 1200, "sqft"),
        ("1200 Sq. Ft.", 1200, "sqft"),
        ("1 200 square feet", 1200, "sqft"),
        ("1200 ft²", 1200, "sqft"),
        ("111.5 m²", 111.5, "m2"),
        ("111m2", 111, "m2"),
        ("111 square metres", 111, "m2"),
        ("111 sq meters", 111, "m2"),
        ("1200 sf", 1200, "sqft"),
        ("1200 ft", 1200, "sqft"),
        ("110sqm", 110, "m2"),
        ("110 sq. m", 110, "m2"),
        ("110 qm", 110, "m2"),
        ("110 m", 110, "m2"),
        ("1200 feet", 1200, "sqft"),
        ("1200 foot", 1200, "sqft"),
        ("1200 ft.", 1200, "sqft"),
        ("1200 ft^2", 1200, "sqft"),
        ("1200 sq.ft", 1200, "sqft"),
        ("1200 sq.feet.", 1200, "sqft"),
        ("1200 square foot", 1200, "sqft"),
        ("1200 SF.", 1200, "sqft"),
        ("100 m².", 100, "m2"),
        ("100 m^2", 100, "m2"),
        ("100 sqm.", 100, "m2"),
        ("100 sq. m.", 100, "m2"),
        ("100 Sq.Mtrs.", 100, "m2"),
        ("100 metres", 100, "m2"),
        ("100 mq", 100, "m2"),
        ("100\u33a1", 100, "m2"),
        ("\uff11\uff10\uff10\uff4d\u00b2", 100, "m2"),
        ("100 \u043c\u00b2", 100, "m2"),
        ("\u0661\u0660\u0660 \u0645\u0662", 100, "m2"),
        ("ca. 1\u2019200 m²", 1200, "m2"),
        *((f"1200 {name}", 1200, "sqft") for name in SQUARE_FEET),
        *((f"100{gap}{name}", 100, "m2") for name in SQUARE_METRES for gap in ("", " ", "\u00a0")),
    ],
)
def test_a_unit_beside_the_number_is_understood(text: str, number: float, unit: str) -> None:
    entry = read_entry(text)
    assert (entry.number, entry.unit) == (number, unit)


@pytest.mark.parametrize("text", ["", " ", "\t", "m²", " sq ft "])
def test_an_empty_entry_asks_for_a_size(text: str) -> None:
    with pytest.raises(ValidationError, match=r"^Enter the size of your home\.$"):
        read_entry(text)


@pytest.mark.parametrize(
    "text",
    ["abc", "nan", "inf", "∞", "½", "🐶"],
)
def test_a_text_without_a_number_asks_for_figures(text: str) -> None:
    with pytest.raises(ValidationError, match="in figures"):
        read_entry(text)


@pytest.mark.parametrize(
    "text",
    [
        "1e400",
        "12 hundred",
        "1_000",
        "12²",
        "1½",
        "\u24601200",
        "1200,-",
        "110 mm",
        "100-120 m²",
        "\u22121200",
        "3 m x 4 m",
        "--5",
        "0x10",
        "<b>1</b>",
        "110 m3",
        "110 m 3",
        "120 m² (1292 sq ft)",
        "120 m/s",
        "120 sq",
        "120 平方",
    ],
)
def test_a_number_with_other_text_asks_for_the_number_only(text: str) -> None:
    with pytest.raises(ValidationError, match="Enter only a number, like 1,200"):
        read_entry(text)


@pytest.mark.parametrize(
    "text",
    [
        "1.200,50",
        "92,5",
        "1,20",
        "1.200.000",
        "1,200 000",
        "12 50",
        "1,,200",
        "1200,,",
        ".5",
        "1'20",
        "1200'",
        "1,200'000",
        "1\t200",
        "1\n200",
    ],
)
def test_a_number_with_misplaced_separators_is_refused_never_misread(text: str) -> None:
    with pytest.raises(ValidationError, match="commas only between thousands"):
        read_entry(text)


def test_a_text_too_long_for_a_size_is_refused() -> None:
    with pytest.raises(ValidationError, match="only the size"):
        read_entry("9" * 5000)


@pytest.mark.parametrize(
    ("text", "unit", "question"),
    [
        ("1.200", "sqft", "Does 1.200 mean 1,200 or 1.2?"),
        ("60.000", "sqft", "Does 60.000 mean 60,000 or 60?"),
        ("7.000", "m2", "Does 7.000 mean 7,000 or 7?"),
    ],
)
def test_a_dot_before_three_figures_asks_which_number_is_meant(text: str, unit: str, question: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        to_home(read_entry(text), unit)
    assert str(refusal.value).startswith(question)


def test_a_dot_that_can_only_mean_decimals_is_accepted() -> None:
    assert to_home(read_entry("111.484"), "m2").value == 111.484


UNSEEN = (
    "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d"
    "\u2060\u2061\u2066\u2067\u2068\u2069\ufe0f\ufeff"
    "\u0000\u0008\u007f\u0080\u115f\u1160\u17b4\u180b\u2800\u3164\uffa0\U000e0100"
)


@pytest.mark.parametrize("unseen", UNSEEN, ids=map(ascii, UNSEEN))
def test_invisible_characters_in_an_entry_are_ignored(unseen: str) -> None:
    for text in (f"{unseen}1,200 m²{unseen}", unseen.join("1,200 m²")):
        entry = read_entry(text)
        assert (entry.number, entry.unit) == (1200, "m2")


def test_a_character_that_reverses_the_shown_digits_is_refused() -> None:
    """After U+202E, right-to-left override, a person sees 0021."""
    with pytest.raises(ValidationError, match="Enter only a number"):
        read_entry("\u202e1200")


@given(
    st.text(max_size=20) | st.text(f"0123456789.,' -+~\u0663\u066b\u066c\u06f5\uff15²½①{UNSEEN}", max_size=20)
)
@example("1²")
@example("\u2488")
def test_an_accepted_entry_has_the_value_of_the_digits_a_person_sees(text: str) -> None:
    try:
        entry = read_entry(text)
    except ValidationError:
        return
    seen = "".join(
        str(unicodedata.digit(character))
        for character in text
        if unicodedata.digit(character, None) is not None
    )
    if entry.unit:  # the 2 of m², if there is one, comes last
        seen = seen[: len(re.sub(r"\D", "", entry.figures))]
    assert re.sub(r"\D", "", entry.figures) == seen
    assert entry.number == float(re.sub(r"[^\d.+-]", "", entry.figures))


@given(st.integers(0, 10**12), st.sampled_from([",", " ", "\u00a0"]))
def test_any_separator_of_thousands_gives_the_same_number(number: int, separator: str) -> None:
    assert read_entry(f"{number:,}".replace(",", separator)).number == number


NUMBERS = [
    (number, unit)
    for name in NAMES
    for number in load_problem(problem_file(name))[0].numbers
    for unit in number.units or [""]
]


@pytest.mark.parametrize(("number", "unit"), NUMBERS, ids=[f"{each.name} {unit}" for each, unit in NUMBERS])
@given(text=st.text(max_size=60) | st.text("0123456789., -+eEkmgft²٣", max_size=45))
@example("9" * 40)
@example("1" + ",000" * 9)
@example("4.050 kg")
def test_every_text_is_a_number_within_the_limits_or_refused_in_a_sentence(
    number: Number, unit: str, text: str
) -> None:
    try:
        reading = entries.to_reading(entries.read_entry(text, number), number, unit)
    except ValidationError as refusal:
        assert str(refusal)[0].isupper()  # noqa: PT017 - either outcome is right
        assert str(refusal).endswith(".")  # noqa: PT017
    else:
        low, high = number.limits[reading.unit]
        assert isinstance(reading.value, int | float)
        assert low <= reading.value <= high
        assert reading.number == reading.value * number.factor(reading.unit)


@pytest.mark.parametrize(
    ("text", "read"), [("4.05 kg", (4.05, "kg")), ("4050", (4050, "g")), ("4kg", (4, "kg"))]
)
def test_a_units_key_and_label_are_understood_beside_any_number(text: str, read: tuple[float, str]) -> None:
    [body_mass] = [number for number, unit in NUMBERS if (number.name, unit) == ("body_mass", "kg")]
    entry = entries.read_entry(text, body_mass)
    reading = entries.to_reading(entry, body_mass, entry.unit)
    assert (reading.value, reading.unit) == read
