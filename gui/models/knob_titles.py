"""What a value of a scenario is called on screen, from its path in the file."""

from typing import Final

_TITLES: Final = {
    "bandwidth": "Link bandwidth",
    "relearn_delay": "Switch relearn delay",
    "latency": "Latency of the network",
    "rate_limit": "Rate limit",
    "policy": "Policy",
    "memory": "Memory",
    "rate": "Dirty rate",
    "speed": "Speed of the recorded work",
    "interval": "Interval of the ping",
}


def knob_title(path: str) -> str:
    """Return the title of a value, as the controls have it where they have it.

    Args:
        path: As in `migrations.cps.rate_limit`.

    Returns:
        As in "Rate limit of cps". A value without a title of its own has the words of its key.
    """
    first, *rest = path.split(".")
    key = rest[-1] if rest else first
    title = _TITLES.get(key, key.replace("_", " ").capitalize())
    named = first in ("vms", "migrations", "hosts", "storage") and len(rest) > 1
    return f"{title} of {rest[0]}" if named else title
