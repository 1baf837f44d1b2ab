"""What a closed-form model says of a run that is still being simulated, in one sentence."""

from __future__ import annotations

from typing import Final

from engine.scenario import Scenario
from engine.units import format_duration_ns

SECOND_NS: Final = 1_000_000_000


def preview_text(scenario: Scenario, vm: str) -> str:
    """Return what the capped linear model says of a VM's first migration, in one sentence."""
    from engine.model_rows import first_look

    spec = scenario.spec
    request = next((i for i, m in enumerate(spec.migrations) if m.vm == vm), None)
    found = None if request is None else first_look(spec, request)
    if found is None:
        return "The new run is being simulated…"
    if found.total_time_s == float("inf"):
        return "Coarse preview, by a model: it never ends. The exact run follows…"
    total, downtime = (
        format_duration_ns(round(s * SECOND_NS)) for s in (found.total_time_s, found.downtime_s)
    )
    return f"Coarse preview, by a model: {total}, downtime {downtime}. The exact run follows…"
