"""Pre-copy as XenServer and XCP-ng drive it: the toolstack stops the live stage, Xen obeys.

The toolstack's emulator manager hears how many pages remain, asks for the pause at once, and lets
the rest be copied while the VM stands still. Devices are plugged inside the downtime.
"""

from engine.migration import Migration, Process


class LiveStage:
    """When the emulator manager takes the live stage as done.

    Source: xenserver/emu-manager emum.c, emp_event_cb. (XCP-ng's own compares with "at most".)
    """

    def __init__(self, *, max_iteration: int, min_dirty: int) -> None:
        """Take the last iteration and the number of pages below which to pause."""
        self._max_iteration, self._min_dirty = max_iteration, min_dirty

    def done(self, *, iteration: int, remaining_pages: int | None) -> str | None:
        """Return why the live stage is done, or None to go on.

        Args:
            iteration: Rounds finished; in the first one nothing is decided.
            remaining_pages: Pages that remain; None while they are not counted.
        """
        if iteration == 0:
            return None
        if iteration >= self._max_iteration:
            return "max-rounds"
        few = remaining_pages is not None and remaining_pages < self._min_dirty
        return "few-pages" if few else None


def xapi_emu(m: Migration) -> Process:
    """Copy in rounds until the live stage is done, then pause at once and copy what remains.

    Reading the bitmap and pausing without sending what it said leaves those pages due: they and
    what the guest writes until it stands still are the last copy. `plug_time` is part of the
    start-up (`Migration.commit`), and `balloon` of the reservation.

    Source: xapi-project/xen-api xenops_server.ml and domain.ml; xenserver/emu-manager emum.c.
    """
    stage = LiveStage(
        max_iteration=int(m.parameters["max_iteration"]), min_dirty=int(m.parameters["min_dirty"])
    )
    yield from m.reserve()
    m.begin_phase("push")
    pages = m.begin_copying(tracked=True)
    while True:
        stats = yield from m.live_round(pages, None)
        # A report before the count and one after it, at the same instant in this model.
        reason = stage.done(iteration=stats.number, remaining_pages=None)
        reason = reason or stage.done(iteration=stats.number, remaining_pages=stats.dirty)
        if reason is not None:
            break
        pages = m.clean()
    yield from m.suspend(reason)
    yield from m.copy_while_stopped(m.clean(), None)
    yield from m.commit()
    yield from m.activate()
