"""How well a few typed letters fit a name: letters in order, best where words begin."""

from collections.abc import Iterable
from typing import Final

AT_WORD: Final = 12
"""Points for a letter with which a word begins."""
IN_A_ROW: Final = 8
"""Points for a letter right behind the one before."""
PLAIN: Final = 1


def fit(typed: str, text: str) -> int | None:
    """Return the points of the best fit of typed letters in a text; None: they are not in it.

    Args:
        typed: In any case; blanks separate parts that may stand in any order.
        text: The name.
    """
    total = 0
    for part in typed.casefold().split():
        points = _fit_part(part, text.casefold())
        if points is None:
            return None
        total += points
    return total


def _fit_part(part: str, text: str) -> int | None:
    """Return the best points of letters in order, looked for from every place they can begin."""
    starts = [i for i, letter in enumerate(text) if letter == part[0]]
    found = [points for start in starts if (points := _walk(part, text, start)) is not None]
    return max(found, default=None)


def _walk(part: str, text: str, start: int) -> int | None:
    """Take each letter at the first place from `start` on."""
    points, at = 0, start
    for i, letter in enumerate(part):
        place = text.find(letter, at)
        if place < 0:
            return None
        begins = place == 0 or not text[place - 1].isalnum()
        points += AT_WORD if begins else IN_A_ROW if i and place == at else PLAIN
        at = place + 1
    # Of equal fits the one with the least around it wins.
    return points * 100 - (at - start - len(part)) * 10 - min(len(text), 90) // 10


def ranked(typed: str, names: Iterable[tuple[str, str]]) -> list[int]:
    """Return the indices of the names that fit, best first; ties keep their order.

    Args:
        typed: What was typed; "": all fit.
        names: (name, words about it); words count for less than the name itself.
    """
    found = []
    for index, (name, words) in enumerate(names):
        points = fit(typed, name)
        if points is None:
            around = fit(typed, f"{name} {words}")
            if around is None:
                continue
            points = around // 4
        found.append((-points, index))
    return [index for _, index in sorted(found)]
