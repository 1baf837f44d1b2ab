"""Random small scenarios of post-copy in all its forms, for the comparison of engine and twin."""

from random import Random
from typing import Any

from engine.specs import ScenarioSpec
from tests.helpers.random_scenarios import random_scenario

MS = 10**6


def pull_scenario(seed: int) -> ScenarioSpec:
    """Return the scenario of a seed, its migrations made by post-copy or hybrid."""
    spec, rng = random_scenario(seed), Random(f"pull {seed}")
    migrations = []
    pages = {vm.name: vm.n_pages for vm in spec.vms}
    for m in spec.migrations:
        policy = rng.choice(("postcopy", "postcopy", "hybrid"))
        values = {"policy": policy, "parameters": _parameters(rng, policy, pages[m.vm])}
        migrations.append(m.model_copy(update=values) if rng.random() < 0.95 else m)
    changes = tuple(
        c.model_copy(
            update={"set": {k: v for k, v in c.set.items() if not k.startswith("migrations.")}}
        )
        for c in spec.changes
    )
    network = spec.network
    if rng.random() < 0.3:
        network = network.model_copy(update={"latency_ns": rng.choice((0, rng.randrange(2 * MS)))})
    values = {"migrations": tuple(migrations), "changes": changes, "network": network}
    return spec.model_copy(update=values)


def _parameters(rng: Random, policy: str, n_pages: int) -> dict[str, Any]:
    push = rng.choice(("sequential", "none", "cursor", "bubbling", "bubbling", "bubbling"))
    values: dict[str, Any] = {"push": push}
    if push == "bubbling":
        values["direction"] = rng.choice(("dual", "forward"))
        values["pivots"] = rng.choice((1, 2, 3, 7))
    values["service_rate"] = rng.choice((0, 0, rng.randrange(200, 20_000)))
    values["background_limit"] = rng.choice((0, 0, rng.randrange(200, 20_000)))
    units = [size for size in (2, 3, 4, 5, 8, 16, 32) if n_pages % size == 0]
    values["page_unit"] = rng.choice((1, 1, *units))
    if policy == "hybrid":
        values["rounds"] = rng.randrange(1, 5)
        values["switch_after"] = rng.choice((0, 0, 1, rng.randrange(1, 400)))
        values["on_stall"] = rng.random() < 0.4
    return values
