"""Features of all kinds, and values of theirs, good and bad."""

from collections.abc import Callable

from hypothesis import strategies as st

from model.problem.description import Class, Noun, Problem, Sentences, Target
from model.problem.features import BLANKS, NO, YES, AnyFeature, Choice, Number, Unit, YesNo

UNITS = {"sqft": Unit("sq ft"), "m2": Unit("m²", 10.76391041671)}
WORDS = ("quiet", "Busy", "in the country", "NA", "none", "yes", "1", "é")


def words_of(name: str) -> dict[str, str]:
    """Return the words that every feature has."""
    return {"name": name, "question": f"What is {name}?", "short": name, "yours": name, "axis": name}


@st.composite
def numbers(draw: st.DrawFn, name: str = "size") -> Number:
    low = draw(st.sampled_from([-40.0, 0.0, 0.001, 50.0]))
    return Number(
        **words_of(name),  # type: ignore[arg-type]
        required=draw(st.booleans()),
        min=low,
        max=low + draw(st.sampled_from([0.5, 75.0, 100_000.0])),
        units=draw(st.sampled_from([{}, {"kg": Unit("kg")}, UNITS])),
        example=low,
    )


@st.composite
def choices(draw: st.DrawFn, name: str = "street") -> Choice:
    keys = draw(st.lists(st.sampled_from(WORDS), min_size=2, unique_by=str.casefold))
    labels = draw(st.permutations(list({word.casefold(): word for word in [*keys, "North", "NA"]}.values())))
    pairs = dict(zip(keys, keys if draw(st.booleans()) else labels, strict=False))
    return Choice(**words_of(name), required=draw(st.booleans()), choices=pairs)


@st.composite
def yes_nos(draw: st.DrawFn, name: str = "yard") -> YesNo:
    return YesNo(**words_of(name), required=draw(st.booleans()))  # type: ignore[arg-type]


features: st.SearchStrategy[AnyFeature] = st.one_of(numbers(), choices(), yes_nos())


def good_texts(feature: AnyFeature) -> st.SearchStrategy[str]:
    """Texts in the first unit, most of which a feature takes."""
    match feature:
        case Number():
            values = st.floats(feature.min, feature.max)
            return values.flatmap(
                lambda value: st.sampled_from([f"{value!r}", f"{value:,.2f}", f"{value:.0f}"])
            )
        case Choice():
            words = [*feature.choices, *feature.choices.values()]
            return st.sampled_from([*words, *map(str.upper, words)])
        case _:
            return st.sampled_from([*YES, *NO, "Yes", "NO", "True"])


def texts(feature: AnyFeature) -> st.SearchStrategy[str]:
    """Texts that a feature takes, blanks, and others."""
    blanks = st.sampled_from([*BLANKS, "NA", "None", " "])
    junk = st.one_of(
        st.sampled_from(["1,5", "1 000", "1_000", "inf", "1e400", "-", "0x1", "\u0661", "Busy ", "5."]),
        st.text(max_size=6),
    )
    return st.one_of(good_texts(feature), blanks, junk)


def good_values(feature: AnyFeature) -> st.SearchStrategy[object]:
    """Values from JSON that a feature takes."""
    match feature:
        case Number():
            floats = st.floats(feature.min, feature.max)
            return st.one_of(floats, floats.map(round).filter(lambda n: feature.min <= n <= feature.max))
        case Choice():
            return st.sampled_from(list(feature.choices))
        case _:
            return st.booleans()


def values(feature: AnyFeature) -> st.SearchStrategy[object]:
    """Values from JSON that a feature takes, null, and others."""
    junk: list[object] = [0, 1, 60, 10**400, -0.0, 1e300, True, False, "1", "yes", "", "NA", [], {}, [1.0]]
    return st.one_of(good_values(feature), st.none(), st.sampled_from(junk))


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Problems of one to three features; several may have units."""
    names = draw(st.lists(st.sampled_from(["home_size", "hours", "street"]), min_size=1, unique=True))
    kinds: list[Callable[[str], st.SearchStrategy[AnyFeature]]] = [numbers, choices, yes_nos]
    return Problem(
        title="T",
        question="Q?",
        description="D.",
        row=Noun("home", "homes"),
        answer=Noun("puppy", "puppies"),
        sentences=Sentences("Homes {range}"),
        target=Target("breed", "breeds"),
        features=tuple(draw(draw(st.sampled_from(kinds))(name)) for name in names),
        classes=(Class("a", "A"), Class("b", "B")),
    )
