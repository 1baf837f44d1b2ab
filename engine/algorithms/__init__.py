"""Migration algorithms: one a file, chosen by the policy's name."""

from engine.algorithms.postcopy import postcopy
from engine.algorithms.precopy import AdaptiveRule, LegacyRule, PrintedRule, precopy
from engine.algorithms.stop_and_copy import stop_and_copy
from engine.migration import Migration, Process


def process_of(m: Migration) -> Process:
    """Return the algorithm of a migration's policy, ready to be driven.

    Raises:
        KeyError: No algorithm has that name.
    """
    parameters: dict[str, object] = dict(m.parameters)
    match m.spec.policy:
        case "stop-and-copy":
            return stop_and_copy(m)
        case "postcopy":
            return postcopy(m)
        case "xen-legacy":
            return precopy(m, LegacyRule(parameters))
        case "xen-adaptive" if parameters["rule"] == "printed":
            return precopy(m, PrintedRule(parameters))
        case "xen-adaptive":
            return precopy(m, AdaptiveRule(parameters))
    raise KeyError(m.spec.policy)
