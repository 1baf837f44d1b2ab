"""The orders of pushing, against the rule told slowly: lanes of pages popped in turn."""

from collections import deque
from random import Random

import numpy as np
import pytest

from engine.push_order import push_order
from tests.helpers.twin_push import pushed_in_order

KINDS = [
    {"push": "sequential"},
    {"push": "cursor"},
    {"push": "bubbling", "direction": "dual", "pivots": 1},
    {"push": "bubbling", "direction": "forward", "pivots": 3},
    {"push": "bubbling", "direction": "dual", "pivots": 7},
]


@pytest.mark.parametrize("parameters", KINDS, ids=lambda p: "-".join(map(str, p.values())))
@pytest.mark.parametrize("seed", range(12))
def test_order_is_that_of_the_slow_rule(parameters, seed):
    rng = Random(f"order {seed}")
    n_pages = rng.choice((40, 300, 3000))
    unsent = sorted(rng.sample(range(n_pages), n_pages * 2 // 3))
    order = push_order(np.array(unsent, np.uint32), n_pages, parameters)
    pivots: deque[int] = deque()
    slow = pushed_in_order(unsent, [], parameters)
    while slow:
        if rng.random() < 0.3:
            page = rng.choice(slow)
            order.request(page)
            slow.remove(page)
            if page in pivots:
                pivots.remove(page)
            pivots.appendleft(page)
            while len(pivots) > (parameters.get("pivots", 1)):
                pivots.pop()
            slow = pushed_in_order(sorted(slow), list(pivots), parameters)
        else:
            count = rng.choice((1, 1, 2, 5, 70))
            assert order.take(count).tolist() == slow[:count]
            slow = slow[count:]
        assert len(order) == len(slow)
        for place in rng.sample(range(len(slow)), min(5, len(slow))):
            assert order.ahead_of(slow[place]) == place


def test_bubble_grows_at_both_edges_in_turn():
    order = push_order(np.arange(20, dtype=np.uint32), 20, KINDS[2])
    order.request(10)
    assert order.take(6).tolist() == [11, 9, 12, 8, 13, 7]
    order.request(2)
    assert order.take(8).tolist() == [3, 1, 4, 0, 5, 6, 14, 15]


def test_cursor_goes_on_behind_the_fault_and_begins_anew():
    order = push_order(np.arange(10, dtype=np.uint32), 10, {"push": "cursor"})
    assert order.take(2).tolist() == [0, 1]
    order.request(7)
    assert order.take(20).tolist() == [8, 9, 2, 3, 4, 5, 6]
    assert len(order) == 0


def test_demand_only_pushes_nothing():
    order = push_order(np.arange(10, dtype=np.uint32), 10, {"push": "none"})
    assert not order.pushes and len(order) == 10
