"""Migration algorithms: one a file, chosen by the policy's name.

Those of QEMU stand on modules of their own, which are imported with the first run that needs them.
"""

from collections.abc import Callable
from typing import Final

from engine.algorithms.cloud_hypervisor import cloud_hypervisor
from engine.algorithms.hybrid import hybrid
from engine.algorithms.postcopy import postcopy
from engine.algorithms.precopy import AdaptiveRule, LegacyRule, PrintedRule, precopy
from engine.algorithms.stop_and_copy import stop_and_copy
from engine.algorithms.xapi_emu import xapi_emu
from engine.algorithms.xen_v2 import xen_v2
from engine.migration import Migration, Process

_ALGORITHMS: Final[dict[str, Callable[[Migration], Process]]] = {
    "stop-and-copy": stop_and_copy,
    "postcopy": postcopy,
    "xen-v2": xen_v2,
    "xapi-emu": xapi_emu,
    "cloud-hypervisor": cloud_hypervisor,
    "hybrid": hybrid,
}


def process_of(m: Migration) -> Process:
    """Return the algorithm of a migration's policy, ready to be driven.

    Raises:
        KeyError: No algorithm has that name.
    """
    if m.spec.policy in _ALGORITHMS:
        return _ALGORITHMS[m.spec.policy](m)
    parameters: dict[str, object] = dict(m.parameters)
    match m.spec.policy:
        case "qemu-precopy":
            from engine.algorithms.qemu_precopy import qemu_precopy

            return qemu_precopy(m)
        case "qemu-postcopy":
            from engine.algorithms.qemu_postcopy import qemu_postcopy

            return qemu_postcopy(m)
        case "xen-legacy":
            return precopy(m, LegacyRule(parameters))
        case "xen-adaptive" if parameters["rule"] == "printed":
            return precopy(m, PrintedRule(parameters))
        case "xen-adaptive":
            return precopy(m, AdaptiveRule(parameters))
    raise KeyError(m.spec.policy)
