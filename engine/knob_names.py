"""What values of a scenario are called where people read: the same words as on the controls.

A path such as `migrations.cps.rate_limit` says where a value stands in a file; nobody should have
to read that in a lesson or on a worksheet.
"""

import re
from typing import Final

from engine.policies import POLICIES

_NAMES: Final = (
    (r"network\.bandwidth", "Link bandwidth"),
    (r"network\.relearn_delay", "Switch relearn delay"),
    (r"network\.transmit_queue", "Transmit queue"),
    (r"migrations\.[^.]+\.rate_limit", "Rate limit"),
    (r"migrations\.[^.]+\.policy", "Policy"),
    (r"vms\.[^.]+\.writers\.\d+\.rate", "Dirty rate"),
    (r"vms\.[^.]+\.writers\.\d+\.speed", "Speed of the recorded work"),
    (r"vms\.([^.]+)\.probes\.\d+\.interval", "Time between pings"),
    (r"hosts\.([^.]+)\.memory", "Memory of {}"),
    (r"migrations\.[^.]+\.parameters\.downtime_limit", "Downtime limit, in ms"),
    (r"migrations\.[^.]+\.parameters\.auto_converge", "Auto-converge"),
)


def knob_name(path: str) -> str:
    """Return what a value is called on screen and on paper.

    Args:
        path: As in a scenario file, such as `migrations.cps.rate_limit`.

    Returns:
        Its name, such as "Rate limit"; for a value without one, the last word of the path.
    """
    for pattern, name in _NAMES:
        found = re.fullmatch(pattern, path)
        if found is not None:
            return name.format(*found.groups())
    return path.rpartition(".")[2].replace("_", " ").capitalize()


def knob_choices(path: str) -> tuple[tuple[str, str], ...]:
    """Return the values that a path may have, if they are words to choose from.

    Returns:
        (as in a file, as it is read) for each; () for a value that is typed.
    """
    kind, _, last = path.rpartition(".")
    if kind.startswith("migrations.") and last == "policy":
        return tuple((name, policy.title) for name, policy in POLICIES.items())
    known = (policy.parameters.get(last) for policy in POLICIES.values())
    if kind.endswith(".parameters") and any(p and isinstance(p.default, bool) for p in known):
        return (("false", "off"), ("true", "on"))
    return ()


def knob_unset(path: str) -> str:
    """Return what holds while a scenario says nothing: "none", or a parameter's default."""
    kind, _, last = path.rpartition(".")
    if kind.endswith(".parameters"):
        known = (policy.parameters.get(last) for policy in POLICIES.values())
        defaults = {p.default for p in known if p and p.default is not None}
        if len(defaults) == 1:
            return f"{defaults.pop()}, if nothing is typed"
    return "none"


def knob_value(path: str, value: object) -> str:
    """Return a value as it is read: a policy by its title, a switch as on or off."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return dict(knob_choices(path)).get(text, text)


def knob_sentence(path: str, value: object) -> str:
    """Return "Rate limit: 500 Mbit/s"."""
    return f"{knob_name(path)}: {knob_value(path, value) or 'none'}"
