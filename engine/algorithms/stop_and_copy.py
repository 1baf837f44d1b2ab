"""Non-live migration: the VM is suspended first, then everything is copied."""

from engine.migration import Migration, Process


def stop_and_copy(m: Migration) -> Process:
    """Suspend, copy all pages that hold something, resume at the destination.

    Source: Clark et al. 2005, section 3.1 (pure stop-and-copy).
    """
    yield from m.reserve()
    yield from m.suspend("non-live")
    pages = m.begin_copying(tracked=False)
    yield from m.copy_while_stopped(pages, None)
    yield from m.commit()
    yield from m.activate()
