"""The policies that a scenario may name: their words, parameters and defaults.

This module says what exists and what it is called; how a policy moves pages is in
`engine.algorithms`. It is low in the house so that validation, command line and window share it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.errors import UnknownNameError

ParameterValue = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number or word that a policy's rule uses.

    Attributes:
        default: Value when the scenario does not give one; its type is the parameter's type.
        sentence: What it does, with its unit.
        choices: All allowed words, when it is a word.
        minimum: Smallest allowed number.
    """

    default: ParameterValue
    sentence: str
    choices: tuple[str, ...] = ()
    minimum: int = 0

    def fault_of(self, value: object) -> str | None:
        """Return in a clause what was expected instead of `value`, or None if it is right."""
        if self.choices:
            if value in self.choices:
                return None
            return "use " + " or ".join(f'"{choice}"' for choice in self.choices)
        if isinstance(self.default, bool):
            return None if isinstance(value, bool) else "use true or false"
        if not isinstance(value, int) or isinstance(value, bool):
            return "must be a whole number"
        return None if value >= self.minimum else f"must be {self.minimum} or more"


@dataclass(frozen=True, slots=True)
class Policy:
    """A way to move a VM.

    Attributes:
        name: Its name in scenario files.
        title: Its name on screen.
        sentence: What it does, in one sentence.
        family: "non-live", "pre-copy" or "post-copy".
        parameters: By name, in the order in which they are explained.
        announcements_ns: When after the resume the destination announces the VM.
    """

    name: str
    title: str
    sentence: str
    family: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    announcements_ns: tuple[int, ...] = (0,)


_LEGACY: Final[dict[str, Parameter]] = {
    "max_rounds": Parameter(29, "At most so many rounds while the VM runs.", minimum=1),
    "max_factor": Parameter(
        3, "Stop when more than so many times the VM's pages were sent.", minimum=1
    ),
    "min_dirty": Parameter(50, "Stop when fewer pages than this were left in a round."),
    "skip": Parameter(True, "Skip a page that is dirty again before its turn in the round."),
    "order": Parameter(
        "permuted", "Order in which a round visits the pages.", choices=("permuted", "ascending")
    ),
    "balloon": Parameter(False, "Let the guest give free and cached pages back before round 1."),
    "stun_after": Parameter(
        0, "From the round after this one on, stun writers that fault too often; 0: never."
    ),
    "stun_faults": Parameter(
        40, "A writer with more write faults than this in a round waits until the VM has moved."
    ),
}

_ADAPTIVE: Final[dict[str, Parameter]] = {
    **_LEGACY,
    "start_rate": Parameter(
        100, "Rate limit of the first round, in Mbit/s of 2^20 bit.", minimum=1
    ),
    "max_rate": Parameter(500, "Highest rate limit, in Mbit/s of 2^20 bit.", minimum=1),
    "last_rate": Parameter(
        0, "Rate limit of the copy while stopped, in Mbit/s of 2^20 bit; 0: the one in force."
    ),
    "increment": Parameter(
        50, "How far the limit lies above the measured dirtying rate, in Mbit/s of 2^20 bit."
    ),
    "rule": Parameter(
        "code",
        "The rule of the code of 2004, or the rule that the paper prints.",
        choices=("code", "printed"),
    ),
    "min_remaining": Parameter(
        262_144, "Printed rule only: stop when fewer bytes than this are dirty."
    ),
}

POLICIES: Final[dict[str, Policy]] = {
    policy.name: policy
    for policy in (
        Policy(
            "stop-and-copy",
            "Stop and copy",
            "Suspends the VM, copies all of its memory and resumes it: not live, the baseline.",
            "non-live",
        ),
        Policy(
            "xen-legacy",
            "Pre-copy, Xen 2005 to 2015",
            "Copies memory in rounds at full rate while the VM runs; stops after 29 rounds, when "
            "few pages are left, or when three times the memory was sent.",
            "pre-copy",
            _LEGACY,
        ),
        Policy(
            "xen-adaptive",
            "Pre-copy with adaptive rate, Clark et al. 2005",
            "Copies in rounds and raises its rate limit with the dirtying rate, from 100 to "
            "500 Mbit/s; stops when a round at the highest rate does not shrink.",
            "pre-copy",
            _ADAPTIVE,
        ),
        Policy(
            "postcopy",
            "Post-copy",
            "Moves the running state first and resumes at the destination; pages follow, pushed "
            "in order and pulled when the guest faults on a missing one.",
            "post-copy",
        ),
    )
}


def policy_of(name: str) -> Policy:
    """Return a policy by its name.

    Raises:
        UnknownNameError: No policy has that name.
    """
    if name not in POLICIES:
        raise UnknownNameError(f'no policy "{name}"; there are: {", ".join(POLICIES)}')
    return POLICIES[name]


def parameters_of(
    policy: Policy | str, given: Mapping[str, ParameterValue]
) -> dict[str, ParameterValue]:
    """Return all parameters of a policy: the given ones, and defaults for the rest.

    Args:
        policy: The policy or its name.
        given: What the scenario says; names that the policy does not have are left out.

    Raises:
        UnknownNameError: No policy has that name.
    """
    found = policy_of(policy) if isinstance(policy, str) else policy
    return {
        name: given.get(name, parameter.default) for name, parameter in found.parameters.items()
    }
