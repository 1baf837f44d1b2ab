"""Versions of a scenario share what they have in common.

Every edit is validated as a whole and gives a new spec, and a window keeps versions by the hundred.
An edit changes one part: all others may as well be those of the version before, and two versions
then also compare faster.
"""

from itertools import takewhile
from typing import Any

from engine.specs import ScenarioSpec, Spec


def with_parts_of(new: ScenarioSpec, old: ScenarioSpec) -> ScenarioSpec:
    """Return a spec whose parts are those of an older one wherever they are the same.

    Items of lists are looked for from both ends: an edit puts in, takes out or changes one.
    """
    parts = {}
    for name in type(new).model_fields:
        mine, theirs = getattr(new, name), getattr(old, name)
        if _same(mine, theirs):
            parts[name] = theirs
        elif isinstance(mine, tuple):
            parts[name] = _with_items_of(mine, theirs)
    return new.model_copy(update=parts)


def _with_items_of(new: tuple[Any, ...], old: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return items, the first and the last of which may be those of an older list."""
    first = _n_same(new, old)
    last = min(_n_same(new[::-1], old[::-1]), len(new) - first, len(old) - first)
    return (*old[:first], *new[first : len(new) - last], *old[len(old) - last :])


def _n_same(new: tuple[Any, ...], old: tuple[Any, ...]) -> int:
    """Return how many items from the begin on are the same."""
    return sum(1 for _ in takewhile(lambda pair: _same(*pair), zip(new, old, strict=False)))


def _same(new: Any, old: Any) -> bool:
    """Return whether two values are equal and of one type to the last: 1, 1.0 and True are not."""
    if new is old:
        return True
    if type(new) is not type(old):
        return False
    if isinstance(new, Spec):
        return _same(vars(new), vars(old))
    if isinstance(new, dict):
        return list(new) == list(old) and all(_same(new[key], old[key]) for key in new)
    if isinstance(new, tuple):
        return len(new) == len(old) and all(map(_same, new, old))
    return bool(new == old)
