"""The labels of a chart never overlap."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from webapp.pages.labels import (
    CHARACTER_WIDTH,
    TICK_WIDTH,
    Label,
    drop_overlapping,
    name_curves,
    stack_overlapping,
)

words = st.text("abcdefghij 0123456789.", max_size=30)
labels = st.builds(
    Label, st.floats(0, 440), st.floats(0, 236), words, st.sampled_from(["start", "middle", "end"])
)


@given(st.lists(st.tuples(st.floats(50, 424), words)))
def test_ticks_are_left_out_where_there_is_no_room(places: list[tuple[float, str]]) -> None:
    ticks = [Label(x, 260, text, "middle") for x, text in sorted(places)]
    kept = drop_overlapping(ticks)
    assert kept[:1] == tuple(ticks[:1])
    for one, other in combinations(kept, 2):
        assert other.x - one.x >= TICK_WIDTH
        assert other.x - one.x >= CHARACTER_WIDTH * (len(one.words) + len(other.words)) / 2


@given(st.lists(labels, max_size=8))
def test_names_that_overlap_sideways_stand_on_lines_of_their_own(names: list[Label]) -> None:
    placed = stack_overlapping(names)
    assert [(each.x, each.words, each.anchor) for each in placed] == [
        (each.x, each.words, each.anchor) for each in names
    ]
    assert all(after.y <= before.y for after, before in zip(placed, names, strict=True))
    for one, other in combinations(dict.fromkeys(placed), 2):
        assert not one.overlaps(other) or abs(one.y - other.y) > 17.9


GRID = np.linspace(50, 424, 76)
curves = st.lists(st.floats(34, 236), min_size=76, max_size=76).map(np.array)


@given(st.lists(st.tuples(words.filter(str.strip), curves), min_size=1, max_size=6))
def test_a_name_stands_above_its_curve_within_the_chart(named: list[tuple[str, np.ndarray]]) -> None:
    names, heights = zip(*named, strict=True)
    for label, own in zip(name_curves(names, heights, GRID), heights, strict=True):
        left, right = label._ends()
        under = own[(left <= GRID) & (right >= GRID)]
        assert label.y <= under.min() - 11
        assert right > GRID[0]
        assert left < GRID[-1]


def test_a_name_stands_where_no_other_curve_crosses_it() -> None:
    falls, rises, low = np.linspace(40, 230, 76), np.linspace(230, 40, 76), np.full(76, 135.0)
    falling, rising, between = name_curves(["Falls", "Rises", "Low"], [falls, rises, low], GRID)
    assert (falling.x, falling.anchor) == (50, "start")
    assert (rising.x, rising.anchor) == (424, "end")
    left, right = between._ends()
    for curve in (falls, rises):
        beside = curve[(left <= GRID) & (right >= GRID)]
        assert ((beside < between.y - 18) | (beside > between.y + 6)).all()


def test_of_places_that_are_free_the_highest_is_taken() -> None:
    peak = 236 - 150 * np.exp(-(((GRID - 300) / 40) ** 2))
    [label] = name_curves(["Peak"], [peak], GRID)
    assert abs(label.x - 300) < 10
