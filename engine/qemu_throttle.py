"""How QEMU holds a guest back that dirties too fast: auto-converge, or the dirty limit."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from engine.brownout import Slowdown
from engine.qemu_rules import (
    FULL_SPEED,
    MIB,
    MS_NS,
    next_ring_sleep_us,
    next_throttle,
    ring_speed,
    ring_time_us,
)
from engine.specs import PAGE_BYTES
from engine.world import Guest, World


class HeldBack(Protocol):
    """What a migration shows to its throttle."""

    world: World
    guest: Guest
    slowdown: Slowdown


class AutoConverge:
    """Every vCPU sleeps a share of the time, in steps that only go up."""

    def __init__(self, m: HeldBack, *, initial: int, increment: int, most: int) -> None:
        """Hold nobody back yet.

        Args:
            m: The migration.
            initial: First step, per cent.
            increment: Each further one.
            most: The last one.
        """
        self._m = m
        self._initial, self._increment, self._most = initial, increment, most
        self.percent = 0

    def step(self) -> None:
        """Hold the guest back by one step more."""
        self.percent = next_throttle(
            self.percent, initial=self._initial, increment=self._increment, most=self._most
        )
        share = FULL_SPEED * (100 - self.percent) // 100
        self._m.slowdown.hold_back([share] * len(self._m.guest.clocks))


class DirtyLimit:
    """Each vCPU sleeps when its dirty ring is full, so that it dirties no more than its quota."""

    def __init__(self, m: HeldBack, *, quota_mbps: int, period_ms: int, ring_pages: int) -> None:
        """Hold nobody back yet.

        Args:
            m: The migration.
            quota_mbps: What a vCPU may dirty, MiB/s.
            period_ms: How often it is measured and held back anew.
            ring_pages: Size of the dirty ring.
        """
        self._m = m
        self._quota_mbps, self._ring_pages = quota_mbps, ring_pages
        self._period_ns = period_ms * MS_NS
        self._sleeps_us = [0] * len(m.guest.clocks)
        self._highest_mbps = 0
        self.on = False

    def step(self) -> None:
        """Begin, if it has not begun: the first period starts now."""
        if not self.on:
            self.on = True
            self._plan()

    def _plan(self) -> None:
        world = self._m.world
        world.queue.push(world.now_ns + self._period_ns, self._end_period)

    def _end_period(self) -> None:
        if not self._m.slowdown.active:
            return
        rates = [self._rate_mbps(i) for i in range(len(self._sleeps_us))]
        self._highest_mbps = max(self._highest_mbps, *rates)
        self._sleeps_us = [
            next_ring_sleep_us(
                sleep_us,
                quota_mbps=self._quota_mbps,
                rate_mbps=rate,
                highest_mbps=self._highest_mbps,
                ring_pages=self._ring_pages,
            )
            for sleep_us, rate in zip(self._sleeps_us, rates, strict=True)
        ]
        self._m.slowdown.hold_back(self._shares())
        self._plan()

    def _shares(self) -> Sequence[int]:
        if not self._highest_mbps:
            return [FULL_SPEED] * len(self._sleeps_us)
        ring_us = ring_time_us(self._ring_pages, self._highest_mbps)
        return [ring_speed(sleep_us, ring_us) for sleep_us in self._sleeps_us]

    def _rate_mbps(self, vcpu: int) -> int:
        """Return what a vCPU dirtied in the period that ends now: distinct pages, MiB/s."""
        guest, now = self._m.guest, self._m.world.now_ns
        clock = guest.clocks[vcpu]
        start, stop = clock.guest_at(now - self._period_ns), clock.guest_at(now)
        parts = [np.empty(0, np.uint32)]
        parts += [w.writes_between(start, stop)[0] for w in guest.writers if w.vcpu == vcpu]
        n_pages = len(np.unique(np.concatenate(parts)))
        return n_pages * PAGE_BYTES * 1000 * MS_NS // (MIB * self._period_ns)
