"""Faults at random instants of many small runs: nothing of a guest is ever lost without a reason.

Everything is worked out here from the history alone; the engine's own checks are not asked.
"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from engine.history import History, MigrationRecord, VmRecord
from engine.simulation import simulate
from engine.specs import ScenarioSpec
from engine.states import PageState
from tests.helpers.fault_scenarios import small_scenario, with_faults

N_CHUNKS = 20
CHUNK = 100
PAGE_ON_WIRE = 4096 + 8
GONE_ON = ("failed", "cancelled", "does-not-converge")
ARRIVED = {
    "post": {PageState.PULLED, PageState.PUSHED, PageState.FREE},
    "pre": {PageState.UP_TO_DATE, PageState.SENT_WHILE_STOPPED, PageState.FREE},
}


def _run(seed: int) -> tuple[ScenarioSpec, History]:
    spec = with_faults(small_scenario(seed), seed)
    return spec, simulate(spec)


@pytest.mark.parametrize("chunk", range(N_CHUNKS))
def test_no_fault_breaks_a_law(chunk: int) -> None:
    """Bytes add up, one copy runs, every write is kept, and losses have their reason."""
    found = {}
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        spec, history = _run(seed)
        if broken := list(_broken_laws(spec, history)):
            found[seed] = broken[:3]

    assert found == {}


def _broken_laws(spec: ScenarioSpec, history: History) -> Iterator[str]:
    quiet = simulate(
        spec.model_copy(
            update={
                "migrations": (),
                "faults": (),
                "run": spec.run.model_copy(update={"until": (False, history.end_ns)}),
            }
        )
    )
    for m in history.migrations:
        for law in (_bytes, _reasons, _goes_on, _arrival, _rounds):
            yield from (f"{m.vm} ({m.policy}): {text}" for text in law(spec, history, m))
    for vm in history.vms:
        undisturbed = quiet.vm(vm.spec.name)
        for check in (partial(_one_copy, spec, history), partial(_losses, spec, history)):
            yield from (f"{vm.spec.name}: {text}" for text in check(vm))
        yield from _writes(history, vm, undisturbed)


def _bytes(spec: ScenarioSpec, history: History, m: MigrationRecord) -> Iterator[str]:
    """Pages of the rounds and bytes of the pages add up; the device state was sent or not."""
    device = spec.stages.device_state_bytes
    beside = m.bytes_sent - m.pages_sent * PAGE_ON_WIRE
    moved = m.resumed_ns is not None
    if beside not in ((device,) if moved else (0, device)):
        yield f"{beside} bytes beside the pages"
    if m.policy != "postcopy" and sum(r.pages_sent for r in m.rounds) != m.pages_sent:
        yield "the pages of the rounds do not add up"
    if any(r.bytes_sent != r.pages_sent * PAGE_ON_WIRE for r in m.rounds):
        yield "the bytes of a round do not add up"


def _reasons(spec: ScenarioSpec, history: History, m: MigrationRecord) -> Iterator[str]:
    if bool(m.reason) == (m.outcome == "completed"):
        yield f"{m.outcome}: {m.reason!r}"


def _goes_on(spec: ScenarioSpec, history: History, m: MigrationRecord) -> Iterator[str]:
    """What was not committed leaves the VM running, at once, where it was."""
    if m.outcome not in GONE_ON or m.ended_ns is None or m.resumed_ns is not None:
        return
    if m.ended_ns >= history.end_ns:
        return  # cut off by the end of the run
    vm, t = history.vm(m.vm), m.ended_ns
    place = vm.placement_at(t)
    if (place.status, place.host) != ("running", m.source):
        yield f"{m.outcome}, but {place}"
    lost = [p.t_ns for p in vm.placements if p.status != "running" and p.t_ns > t]
    until = min([*lost, history.end_ns, t + 1000])
    for clock in vm.clocks:
        others = [o for o in history.migrations if o is not m and o.vm == m.vm]
        if not others and clock.guest_at(until) - clock.guest_at(t) != until - t:
            yield "its guest clock does not go on"


def _arrival(spec: ScenarioSpec, history: History, m: MigrationRecord) -> Iterator[str]:
    """After a completed move the destination holds the newest version of every page."""
    if m.outcome != "completed":
        return
    assert m.track is not None
    assert m.released_ns is not None
    assert m.suspended_ns is not None
    allowed = ARRIVED["post" if m.policy == "postcopy" else "pre"]
    states = m.track.states_at(m.released_ns)
    found = {PageState(int(s)) for s in np.unique(states)}
    if not found <= allowed:
        yield f"pages are {found - allowed}"
    if m.policy == "postcopy":
        return
    vm = history.vm(m.vm)
    live = [r for r in m.rounds if r.live]
    if live:  # what was written since the last live CLEAN was sent while the VM was stopped
        last = np.unique(vm.writes_between(live[-1].start_ns, m.suspended_ns))
        if (states[last] != PageState.SENT_WHILE_STOPPED).any():
            yield "a page written in the last live round was not sent while stopped"
    ever = np.unique(vm.writes_between(m.track.start_ns, m.suspended_ns))
    if (states[ever] == PageState.FREE).any():
        yield "a written page counts as free"


def _rounds(spec: ScenarioSpec, history: History, m: MigrationRecord) -> Iterator[str]:
    """What is dirtied between two CLEANs, and only that, is the work of the next round."""
    vm = history.vm(m.vm)
    for r in m.rounds:
        dirtied = np.unique(vm.writes_between(r.start_ns, r.end_ns)).size if r.live else 0
        if r.pages_dirtied != dirtied:
            yield f"round {r.number} dirtied {r.pages_dirtied}, written were {dirtied}"
    for r, following in pairwise(m.rounds):
        cut_off = following is m.rounds[-1] and m.outcome != "completed"
        work = following.pages_sent + following.pages_skipped
        if work != r.pages_dirtied and not (cut_off and work <= r.pages_dirtied):
            yield f"round {following.number} had {work} pages to do, not {r.pages_dirtied}"


def _one_copy(spec: ScenarioSpec, history: History, vm: VmRecord) -> Iterator[str]:
    """A VM runs on one host, changes it only while suspended, and never runs on a dead one."""
    places = vm.placements
    for before, after in pairwise(places):
        if after.t_ns < before.t_ns:
            yield "placements are not in order"
        if before.status == "lost":
            yield "it lives on after it was lost"
        if before.status == after.status == "running" and before.host != after.host:
            yield f"it runs on {before.host} and on {after.host} at {after.t_ns}"
    ends = [p.t_ns for p in places[1:]] + [history.end_ns]
    for place, end in zip(places, ends, strict=True):
        for f in spec.faults:
            dies = f.kind == "host-dies" and f.on == place.host
            if dies and place.status == "running" and end > f.at_ns:
                yield f"it runs on {place.host}, dead since {f.at_ns}"
    for clock in vm.clocks:
        for place, end in zip(places, ends, strict=True):
            stands = place.status != "running"
            if stands and clock.guest_at(end) != clock.guest_at(place.t_ns):
                yield f"its guest time runs while it is {place.status}"


def _losses(spec: ScenarioSpec, history: History, vm: VmRecord) -> Iterator[str]:
    """A VM is lost with its host, or in a post-copy that lacks pages; otherwise never."""
    last = vm.placements[-1]
    if last.status != "lost":
        return
    t = last.t_ns
    dead = {f.on for f in spec.faults if f.kind == "host-dies" and f.at_ns == t}
    home = vm.placement_at(t - 1)
    if home.host in dead:
        return
    ended = [m for m in history.migrations if m.vm == vm.spec.name and m.ended_ns == t]
    ended = [m for m in ended if m.outcome == "lost"]
    if len(ended) != 1:
        yield "lost without a host or a migration that is lost"
        return
    [m] = ended
    broken = dead | {f.on for f in spec.faults if f.kind == "link-down" and f.at_ns == t}
    if not broken & {m.source, m.destination}:
        yield "lost without a fault"
    if m.policy != "postcopy":
        if m.destination not in dead or home.status != "suspended":
            yield "a pre-copy is lost though its host lives"
    elif m.resumed_ns is not None:
        assert m.track is not None
        states = m.track.states_at(t)
        if not np.isin(states, (PageState.MISSING, PageState.IN_FLIGHT)).any():
            yield "a post-copy is lost though no page is missing"


def _writes(history: History, vm: VmRecord, undisturbed: VmRecord) -> Iterator[str]:
    """Over equal guest time the guest writes what it writes in a run without migrations."""
    for writer, other in zip(vm.writers, undisturbed.writers, strict=True):
        guest = vm.clocks[writer.vcpu].guest_at(history.end_ns)
        pages, times = writer.writes_between(-1, guest)
        expected, expected_times = other.writes_between(-1, guest)
        if not (np.array_equal(pages, expected) and np.array_equal(times, expected_times)):
            yield f"{vm.spec.name}: a writer's writes are not those of an undisturbed run"


def test_random_faults_hit_every_phase() -> None:
    """The scenarios hold each policy, each outcome, and failures before and after suspension."""
    seen: Counter[str] = Counter()
    for seed in range(200):
        for m in _run(seed)[1].migrations:
            seen[m.outcome] += 1
            live = "live" if m.suspended_ns is None else "stopped"
            seen[f"{m.policy} {m.outcome} {live}"] += 1
    expected = [
        "completed",
        "refused",
        "postcopy lost stopped",
        *(f"{p} completed stopped" for p in ("stop-and-copy", "xen-legacy", "xen-adaptive")),
        *(f"{p} failed live" for p in ("xen-legacy", "xen-adaptive")),
        "stop-and-copy failed stopped",
        "xen-legacy cancelled live",
    ]

    assert [name for name in expected if not seen[name]] == []
