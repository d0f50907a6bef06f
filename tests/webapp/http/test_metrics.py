"""The counts of one process; tests/load/test_metrics.py has those of a server with two workers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Histogram

from webapp.http.drift import BulkHistogram


@given(amounts=st.lists(st.floats(0, 10) | st.sampled_from([1.0, 2.0, 5.0])))
def test_amounts_observed_at_once_are_counted_as_one_by_one(amounts: list[float]) -> None:
    at_once = BulkHistogram("h", "h", buckets=(1, 2, 5), registry=None)
    one_by_one = Histogram("h", "h", buckets=(1, 2, 5), registry=None)
    at_once.observe_many(np.array(amounts, dtype=np.float64))
    for amount in amounts:
        one_by_one.observe(amount)
    for ours, theirs in zip(
        *(next(iter(each.collect())).samples for each in (at_once, one_by_one)), strict=True
    ):
        assert (ours.name, ours.labels) == (theirs.name, theirs.labels)
        assert ours.name == "h_created" or ours.value == pytest.approx(theirs.value)
