"""Pre-copy of Xen since 4.6: at most five live rounds, and a policy that is asked twice in each.

The rule is told the number of dirty pages before a round and not after it, so a count below the
threshold ends the live rounds only when that small set was sent live once more.
"""

from engine.migration import Migration, Process


class SimplePrecopyPolicy:
    """Xen's built-in answer: stop when few pages are dirty, or after enough rounds.

    Source: Xen xg_sr_save.c, simple_precopy_policy; xenguest.h, struct precopy_stats.
    """

    def __init__(self, *, max_rounds: int, min_dirty: int) -> None:
        """Take the bound on rounds and the count of pages below which to stop."""
        self._max_rounds, self._min_dirty = max_rounds, min_dirty

    def ask(self, *, rounds: int, dirty_pages: int | None) -> str | None:
        """Return why to stop, or None to go on.

        Args:
            rounds: Live rounds finished.
            dirty_pages: Pages dirty now; None after a round, before they are counted.
        """
        if dirty_pages is not None and dirty_pages < self._min_dirty:
            return "few-pages"
        return "max-rounds" if rounds >= self._max_rounds else None


def xen_v2(m: Migration) -> Process:
    """Copy in rounds, ascending and without a skip bitmap, until the policy says stop.

    The first count is that of all page frames, free ones included, although only pages that hold
    something are sent. Where nothing is dirty when the policy says stop, nothing is sent live, so
    no round is counted: reading an empty bitmap leaves no trace.

    Source: Xen xg_sr_save.c, send_memory_live and suspend_and_send_dirty.
    """
    policy = SimplePrecopyPolicy(
        max_rounds=int(m.parameters["max_rounds"]), min_dirty=int(m.parameters["min_dirty"])
    )
    yield from m.reserve()
    m.begin_phase("push")
    pages = m.begin_copying(tracked=True)
    before = policy.ask(rounds=0, dirty_pages=m.n_pages)
    while True:
        stats = yield from m.live_round(pages, None)
        reason = before or policy.ask(rounds=stats.number, dirty_pages=None)
        if reason is None:
            before = policy.ask(rounds=stats.number, dirty_pages=stats.dirty)
            reason = None if stats.dirty else before
        if reason is not None:
            break
        pages = m.clean()
    yield from m.suspend(reason)
    yield from m.copy_while_stopped(m.clean(), None)
    yield from m.commit()
    yield from m.activate()
