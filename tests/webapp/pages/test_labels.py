"""The labels of a chart never overlap."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from webapp.pages.labels import CHARACTER_WIDTH, TICK_WIDTH, Label, drop_overlapping, stack_overlapping

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
