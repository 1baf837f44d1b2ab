"""Pages pulled on a fault travel the link in another way than pushed pages, both directions."""

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from engine.scenario import load_scenario
from engine.states import PageState
from gui.app import Parts
from gui.style.theme import THEMES
from gui.views.pool_pulls import (
    LEVELS,
    NS_PER_PX,
    SLOT_NS,
    faults_of,
    level_of,
    marks,
    pulls_per_s,
    slots_at,
    still_slots,
)
from tests.gui.conftest import Opener

Settle = Callable[[Parts], None]
SECOND_NS = 1_000_000_000
PATH = [QPoint(0, 50), QPoint(160, 50)]


@pytest.fixture
def pulling(open_window: Opener, settle: Settle) -> Parts:
    parts = open_window(load_scenario("postcopy-pull"))
    settle(parts)
    return parts


def picture(parts: Parts, t_ns: int) -> np.ndarray:
    """Return the pool's pixels around the link at an instant."""
    parts.player.seek(t_ns)
    QApplication.processEvents()
    pool = parts.window.pool
    left, right = pool.host_rect("xen-1").right() + 1, pool.host_rect("xen-2").left()
    image = pool.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    return raw[:, left:right].copy() & 0xFFFFFF


def diamonds(parts: Parts, pixels: np.ndarray) -> np.ndarray:
    """Return where pixels have the colour of pulled pages, below the wire."""
    color = parts.window.theme.state_color(PageState.PULLED).rgb() & 0xFFFFFF
    found = np.argwhere(pixels == color)
    middle = parts.window.pool.part_rects()["switch"].center().y()
    return found[found[:, 0] > middle]


def test_requests_go_to_the_source_and_pages_come_from_it() -> None:
    faults = np.array([SLOT_NS, 5 * SLOT_NS], np.int64)
    t_ns = 6 * SLOT_NS
    before = [place.x() for place, _ in marks(PATH[::-1], faults, t_ns, returning=False,
                                              still=False)]
    later = [place.x() for place, _ in marks(PATH[::-1], faults, t_ns + 4 * NS_PER_PX,
                                             returning=False, still=False)]
    assert len(before) == 2
    assert [a - b for a, b in zip(before, later, strict=True)] == pytest.approx([4, 4])
    # No page is on its way before its request has come to the source.
    assert list(marks(PATH, faults, t_ns, returning=True, still=False)) == []
    way_ns = 160 * NS_PER_PX
    pages = [p.x() for p, _ in marks(PATH, faults, t_ns + way_ns, returning=True, still=False)]
    assert pages == pytest.approx([160 - x for x in before])


def test_slots_count_what_was_asked_for_and_nothing_later() -> None:
    faults = np.array([10, SLOT_NS - 1, SLOT_NS, 3 * SLOT_NS + 7], np.int64)
    assert slots_at(faults, 3 * SLOT_NS + 6, 0, 4) == [0, 0, 1, 2]
    assert slots_at(faults, 3 * SLOT_NS + 7, 0, 4) == [1, 0, 1, 2]
    assert slots_at(faults, 3 * SLOT_NS + 7, 2, 4) == [1, 2, 0, 0]
    assert [level_of(n) for n in (0, *LEVELS)] == [0, 1, 2, 3]


def test_where_nothing_moves_the_number_of_marks_tells_the_rate() -> None:
    few = np.arange(0, SECOND_NS, SECOND_NS // 10)
    many = np.arange(0, SECOND_NS, SECOND_NS // 1000)
    rates = [sum(still_slots(f, SECOND_NS, 10)) for f in (few[:0], few, many)]
    assert rates[0] == 0 < rates[1] < rates[2]
    assert still_slots(many, SECOND_NS, 10) == still_slots(many, SECOND_NS + 9_000_000, 10)


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_pulled_pages_are_seen_on_the_link_and_follow_their_rate(
    pulling: Parts, theme: str
) -> None:
    parts = pulling
    parts.wiring.layouts.set_theme(theme)
    history = parts.session.history
    assert history is not None
    (move,) = history.migrations
    assert move.resumed_ns is not None
    faults = faults_of(move)
    assert len(diamonds(parts, picture(parts, move.resumed_ns - 1_000_000))) == 0
    busy_ns, quiet_ns = 2_500_000_000, 5_300_000_000
    assert pulls_per_s(faults, busy_ns) > 4 * pulls_per_s(faults, quiet_ns) > 0
    counts = [len(diamonds(parts, picture(parts, t_ns))) for t_ns in (busy_ns, quiet_ns)]
    assert counts[0] > 1.5 * counts[1] > 0
    # To the right, from the source to the destination.
    first = diamonds(parts, picture(parts, quiet_ns))
    moved = diamonds(parts, picture(parts, quiet_ns + 6 * NS_PER_PX))
    left_most = first[:, 1].min()
    assert left_most + 6 in moved[:, 1] and left_most not in moved[:, 1]


def test_reduced_motion_lets_them_stand(pulling: Parts) -> None:
    parts = pulling
    at_ns = 3_010_000_000
    moving = [picture(parts, at_ns + k * 20_000_000) for k in range(2)]
    assert (moving[0] != moving[1]).any()
    parts.window.actions_by_name.reduced_motion.setChecked(True)
    standing = [picture(parts, at_ns + k * 20_000_000) for k in range(2)]
    assert (standing[0] == standing[1]).all() and len(diamonds(parts, standing[0])) > 0


def test_pushed_pages_alone_bring_none(open_window: Opener, settle: Settle) -> None:
    parts = open_window(load_scenario("recorded-demo"))
    settle(parts)
    assert len(diamonds(parts, picture(parts, 8 * SECOND_NS))) == 0
    switch = parts.window.pool.part_rects()["switch"].center()
    tip = parts.window.pool.tip_at(switch)
    assert "pushed from xen-1 to xen-2" in tip and "pulled" not in tip


def test_tip_and_words_tell_both_ways(pulling: Parts) -> None:
    parts = pulling
    pool = parts.window.pool
    told = set()
    for t_s in (2, 3, 5):
        parts.player.seek(t_s * SECOND_NS)
        told.add(pool.accessibleDescription())
        tip = pool.tip_at(pool.part_rects()["switch"].center())
        assert "xen-2 asks xen-1 for missing pages" in tip and "Diamonds" in tip
    assert len(told) == 3
    assert all(" pages a second" in text for text in told)
