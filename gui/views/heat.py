"""Which pages a VM wrote lately, and how bright a cell of so many writes is."""

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.history import VmRecord

Pages = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]

HEAT_WINDOW_NS: Final = 500_000_000
HEAT_HALF: Final = 1.5
HEAT_CONTRAST: Final = 2.5
SECOND_NS: Final = 1_000_000_000


def recent_writes(record: VmRecord, t_ns: int, *, limit: int) -> tuple[Pages, Floats]:
    """Return the pages that a VM wrote in the last half second, and how fresh each write is.

    Args:
        record: The VM.
        t_ns: Scenario time.
        limit: At most so many writes of each writer, the newest.

    Returns:
        Pages with repeats, and weights from 0 (fading) to 1 (now); a writer's pace is taken to be
        even in that half second.
    """
    pages, weights = [np.empty(0, np.uint32)], [np.empty(0)]
    for writer in record.writers:
        clock = record.clocks[writer.vcpu]
        start, stop = clock.guest_at(t_ns - HEAT_WINDOW_NS), clock.guest_at(t_ns)
        part = writer.pages_between(start, stop, limit=limit)
        if not len(part):
            continue
        ran = (stop - start) / HEAT_WINDOW_NS
        paced = len(part) * SECOND_NS / max(1, writer.rate_at(stop)) / HEAT_WINDOW_NS
        newest = 1.0 if clock.running_at(t_ns) else ran
        pages.append(part)
        weights.append(np.linspace(max(0.0, newest - min(ran, paced)), newest, len(part)))
    return np.concatenate(pages), np.concatenate(weights)


def warmth(heat: Floats) -> Floats:
    """Return how bright cells of so many fresh writes are, 0 to 1.

    One write shows already; where all cells are written much, the hot ones still stand out.
    """
    half = max(HEAT_HALF, HEAT_CONTRAST * float(heat.mean()))
    return heat / (heat + half)
