"""Twenty seconds of random clicks, keys, drags, seeks and slider moves: nothing breaks."""

import pytest

from gui.app import Parts
from tests.helpers.monkey import Monkey

SECONDS = 20.0


@pytest.mark.slow
def test_random_hands_do_no_harm(parts: Parts) -> None:
    monkey = Monkey(parts, seed=20)
    monkey.play(SECONDS)

    assert monkey.failures == []
    assert sum(monkey.done.values()) > 100 and len(monkey.done) >= 6
    assert 0 <= parts.player.t_ns <= parts.player.end_ns
    assert parts.session.history is not None
