"""The twin's orders of pushing: every bubble takes a page at each edge in turn."""

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import pairwise


def pushed_in_order(
    unsent: Sequence[int], pivots: Sequence[int], parameters: Mapping[str, object]
) -> list[int]:
    """Return ascending unsent pages in the order in which they are pushed.

    Args:
        unsent: Ascending.
        pivots: Pages that were asked for, newest first, as many as the policy keeps.
        parameters: `push`, `direction`.
    """
    push = parameters.get("push", "sequential")
    if push in ("sequential", "none") or not pivots:
        return list(unsent)
    dual = push == "bubbling" and parameters.get("direction", "dual") == "dual"
    ordered = sorted(pivots)
    edges = [-1, *ordered, 1 << 60]
    gaps = [
        deque(p for p in unsent if low < p < high)
        for low, high in pairwise(edges)
    ]
    result: list[int] = []
    while any(gaps if dual else gaps[1:]):
        for pivot in pivots:
            place = ordered.index(pivot)
            above, below = gaps[place + 1], gaps[place]
            if above:
                result.append(above.popleft())
            if dual and below:
                result.append(below.pop())
    return result + list(gaps[0])
