"""The twin's rules of Xen 4.6, XenServer and Cloud Hypervisor: asked when a live round is through.

Each returns why the live rounds are over, None to go on, or "gives up" if the VM is to stay.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.helpers.twin_copying import TwinCopying


def twice_asked_rule(m: TwinCopying) -> str | None:
    """Xen 4.6: fewer than enough dirty pages are one more round, unless there are none."""
    few = m.parameter("min_dirty")
    if m.small_set or (m.number == 1 and m.vm.n_pages < few):
        return "few-pages"
    if m.number == m.parameter("max_rounds"):
        return "max-rounds"
    m.small_set = len(m.dirty) < few
    return "few-pages" if m.small_set and not m.dirty else None


def live_stage_rule(m: TwinCopying) -> str | None:
    """XenServer: a bound on rounds, or few dirty pages, which wait for the last copy."""
    if m.number == m.parameter("max_iteration"):
        return "max-rounds"
    return "few-pages" if len(m.dirty) < m.parameter("min_dirty") else None


def estimate_rule(m: TwinCopying) -> str | None:
    """Cloud Hypervisor: time for the dirty pages at the pace of the pages just sent."""
    if not m.dirty:
        return "downtime-limit"
    if m.sent:
        estimate = Fraction(m.twin.now - m.sending_since, m.sent) * len(m.dirty)
        if estimate <= m.parameter("downtime_limit") * 10**6:
            return "downtime-limit"
    assert m.base_ns is not None
    if m.twin.now - m.base_ns < m.parameter("timeout") * 10**9:
        return None
    return "gives up" if m.parameter("timeout_action") == "cancel" else "timeout"


def switch_rule(m: TwinCopying) -> str | None:
    """Hybrid: enough rounds, time, or a round that leaves no less than it sent."""
    assert m.base_ns is not None
    after = m.parameter("switch_after")
    late = after and m.twin.now - m.base_ns >= after * 10**6
    stalled = m.parameter("on_stall") and len(m.dirty) >= m.sent
    return "switched" if m.number >= m.parameter("rounds") or late or stalled else None


NEWER_RULES: dict[str, Callable[[TwinCopying], str | None]] = {
    "xen-v2": twice_asked_rule,
    "xapi-emu": live_stage_rule,
    "cloud-hypervisor": estimate_rule,
    "hybrid": switch_rule,
}
