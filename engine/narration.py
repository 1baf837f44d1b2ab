"""What goes on at an instant, in plain words: a headline and one or two sentences.

Every sentence is bound to the events and figures of the run. Words are the field's: push,
stop-and-copy, pull, round, dirty, downtime. Nothing here computes anything that is not recorded.
"""

from typing import Final

import numpy as np
from msgspec import Struct

from engine import mishaps
from engine.events import Event, EventKind
from engine.history import History, MigrationRecord, PhaseRecord
from engine.page_track import Section
from engine.policies import POLICIES, ParameterValue, parameters_of, round_limit
from engine.qemu_words import QemuSight, live_words
from engine.recorded import RecordedHistory
from engine.recorded_words import recorded_words
from engine.states import N_STATES, PageState
from engine.units import format_bit_rate, format_count, format_duration_ns, format_size


class Narration(Struct, frozen=True):
    """What goes on, for a caption.

    Attributes:
        headline: A few words.
        sentence: One or two sentences with the figures.
    """

    headline: str
    sentence: str


class _Scene(Struct, frozen=True):
    """A migration at an instant."""

    history: History
    t_ns: int
    index: int
    migration: MigrationRecord

    @property
    def vm(self) -> str:
        return self.migration.vm

    def event(self, kind: EventKind) -> Event | None:
        """Return the newest event of a kind in this migration, if it has happened."""
        found = None
        for event in self.history.events:
            if event.t_ns > self.t_ns:
                break
            if event.kind is kind and event.migration == self.index:
                found = event
        return found

    def section(self) -> Section | None:
        """Return the section of the page track that holds the instant, if copying has begun."""
        track = self.migration.track
        if track is None or track.start_ns > self.t_ns:
            return None
        return track.section_at(min(self.t_ns, track.end_ns))

    def parameters(self) -> dict[str, ParameterValue]:
        """Return the parameters of the migration's policy, as the scenario gives them."""
        asked = self.history.spec.migrations[self.migration.request]
        given = asked.parameters if asked.policy == self.migration.policy else {}
        return parameters_of(self.migration.policy, given)


def narrate(history: History, t_ns: int, vm: str) -> Narration:
    """Return what goes on with a VM at an instant.

    Args:
        history: The run.
        t_ns: Scenario time, clipped to the run.
        vm: Name of the VM.

    Raises:
        KeyError: No VM has that name.
    """
    t_ns = max(0, min(t_ns, history.end_ns))
    placement = history.vm(vm).placement_at(t_ns)
    if isinstance(history, RecordedHistory):
        return Narration(*recorded_words(history, t_ns, vm))
    index = _newest(history, vm, t_ns)
    if index is None:
        return _before(history, vm, t_ns, host=placement.host, status=placement.status)
    scene = _Scene(history, t_ns, index, history.migrations[index])
    migration = scene.migration
    if placement.status == "lost":
        return _lost(history, vm, t_ns, migration.reason)
    if migration.outcome == "refused":
        return _refused(migration, placement.host)
    if migration.ended_ns is not None and migration.ended_ns <= t_ns:
        return _ended(scene)
    return _under_way(scene)


def _newest(history: History, vm: str, t_ns: int) -> int | None:
    """Return the VM's newest migration; a refused one only if it is the very newest."""
    found = None
    for index, migration in enumerate(history.migrations):
        if migration.vm != vm or migration.requested_ns > t_ns:
            continue
        under_way = found is not None and (
            (ended := history.migrations[found].ended_ns) is None or ended > t_ns
        )
        if not (migration.outcome == "refused" and under_way):
            found = index
    return found


def _before(history: History, vm: str, t_ns: int, *, host: str, status: str) -> Narration:
    if status == "lost":
        return _lost(history, vm, t_ns, "")
    trouble = _joined(
        mishaps.host_trouble(history, t_ns, host), mishaps.cancel_refused(history, t_ns, vm)
    )
    later = [m for m in history.migrations if m.vm == vm and m.requested_ns > t_ns]
    if not later:
        return Narration(
            f"{vm} runs on {host}",
            trouble
            or "Nothing migrates: the guest writes its memory. Drag the VM onto another host to "
            "move it.",
        )
    wait = format_duration_ns(later[0].requested_ns - t_ns)
    return Narration(
        f"{vm} runs on {host}",
        f"{trouble or 'The guest works and writes its memory; nothing is copied yet.'} In {wait} "
        f"its move to {later[0].destination} is asked for.",
    )


def _joined(*sentences: str) -> str:
    """Return the sentences that there are, one after the other."""
    return " ".join(sentence for sentence in sentences if sentence)


def _lost(history: History, vm: str, t_ns: int, reason: str) -> Narration:
    for event in history.events:
        if event.kind is EventKind.LOST and event.subject == vm and event.t_ns <= t_ns:
            reason = str(event.detail("reason", reason))
    why = _capital(_sentence(reason)) if reason else "No host holds all of its memory."
    return Narration(f"{vm} is lost", f"{why} There is no copy left that could run.")


def _sentence(text: str) -> str:
    """Return a reason with its full stop."""
    return text if text.endswith(".") else f"{text}."


def _refused(migration: MigrationRecord, host: str) -> Narration:
    sentences = " ".join(_sentence(r.sentence) for r in migration.refusals[:2])
    more = len(migration.refusals) - 2
    also = f" {more} more {'rules forbid' if more > 1 else 'rule forbids'} it." if more > 0 else ""
    return Narration(
        f"The move of {migration.vm} to {migration.destination} was refused",
        f"{sentences}{also} The VM runs on at {host}.",
    )


def _ended(scene: _Scene) -> Narration:
    m, vm = scene.migration, scene.vm
    if m.outcome == "completed":
        return _completed(scene)
    reason = _sentence(m.reason) if m.reason else ""
    dropped = f"{m.destination} drops its part of the memory and gives the reservation back."
    if m.outcome == "does-not-converge":
        return Narration(
            f"The migration did not converge; {vm} stays on {m.source}",
            f"The move was given up: {reason} {dropped}",
        )
    stays = f"{vm} goes on at {m.source}"
    if m.outcome == "cancelled":
        sent = format_size(m.bytes_sent)
        return Narration(
            f"The migration was cancelled; {stays}",
            f"It was cancelled before {m.destination} was responsible, so the VM never left "
            f"{m.source} and every write is kept. {dropped} {sent} were sent for nothing.",
        )
    again = "" if stays in reason else f" {stays}."
    return Narration(
        f"The migration {m.outcome}; {stays}"
        if m.outcome == "failed"
        else f"The migration was {m.outcome}; {stays}",
        f"{_capital(reason)}{again} {dropped}",
    )


def _capital(text: str) -> str:
    """Return a sentence that begins with a capital; a name keeps its small letter."""
    first = text.partition(" ")[0]
    return f"{text[:1].upper()}{text[1:]}" if first in ("the", "it", "its") else text


def _completed(scene: _Scene) -> Narration:
    m = scene.migration
    total = format_duration_ns((m.released_ns or scene.t_ns) - m.requested_ns)
    facts = f"The migration took {total}"
    if m.suspended_ns is not None and m.resumed_ns is not None:
        facts += f", with a downtime of {format_duration_ns(m.resumed_ns - m.suspended_ns)}"
    if m.suspended_ns is None or m.reachable_ns is None or m.reachable_ns > scene.t_ns:
        gap = "The switch has not relearned the port yet, so clients still wait."
    else:
        gap = (
            "For clients the service gap was "
            f"{format_duration_ns(m.reachable_ns - m.suspended_ns)}."
        )
    if m.reachable_ns is None or m.reachable_ns > scene.t_ns:
        gap = mishaps.announcement_lost(scene.history, scene.t_ns, scene.index) or gap
    trouble = mishaps.host_trouble(scene.history, scene.t_ns, m.destination)
    if trouble:
        gap = trouble
    return Narration(f"{m.vm} runs on {m.destination}; {m.source} is released", f"{facts}. {gap}")


def _under_way(scene: _Scene) -> Narration:
    phases = {
        p.name: p
        for p in scene.migration.phases
        if p.start_ns <= scene.t_ns and (p.end_ns is None or scene.t_ns < p.end_ns)
    }
    for name, tell in (
        ("pull", _pull),
        ("activation", _activation),
        ("commitment", _commitment),
        ("stop-and-copy", _stop_and_copy),
        ("push", _push),
        ("reservation", _reservation),
    ):
        if name in phases:
            return tell(scene, phases[name])
    m = scene.migration
    return Narration(
        f"{m.vm} moves to {m.destination}",
        f"The migration from {m.source} with policy {_title(m)} is under way.",
    )


def _title(migration: MigrationRecord) -> str:
    policy = POLICIES.get(migration.policy)
    return policy.title if policy else migration.policy


def _reservation(scene: _Scene, phase: PhaseRecord) -> Narration:
    m = scene.migration
    size = format_size(m.pages_total * 4096)
    return Narration(
        f"Reservation on {m.destination}",
        f"{m.destination} keeps {size} free for {m.vm}. The VM runs on at {m.source}; "
        "nothing has been copied yet.",
    )


class _Progress(Struct, frozen=True):
    """How far a round has come."""

    number: int
    pages: int
    sent: int
    skipped: int

    @property
    def left(self) -> int:
        """Return how many pages of the round still wait for their turn."""
        return max(0, self.pages - self.sent - self.skipped)


def _progress(scene: _Scene) -> _Progress | None:
    """Return how far the newest round has come, from the lanes of its section."""
    started = scene.event(EventKind.ROUND_STARTED)
    if started is None:
        return None
    number, pages = int(started.detail("round", 0)), int(started.detail("pages", 0))
    sent = skipped = 0
    closed = next((r for r in scene.migration.rounds if r.number == number), None)
    if closed is not None and closed.end_ns <= scene.t_ns:
        return _Progress(number, pages, closed.pages_sent, closed.pages_skipped)
    section, of_this_round = scene.section(), False
    for lane in section.lanes if section else ():
        if lane.begin_ns is not None:
            # A section may hold several rounds; the skips of a round follow its batches.
            of_this_round = len(lane.begin_ns) > 0 and int(lane.begin_ns[0]) >= started.t_ns
            sent += lane.count_at(scene.t_ns) if of_this_round else 0
        elif lane.states is PageState.SKIPPED and of_this_round:
            skipped += lane.count_at(scene.t_ns)
    return _Progress(number, pages, sent, skipped)


def _push(scene: _Scene, phase: PhaseRecord) -> Narration:
    m, progress = scene.migration, _progress(scene)
    if scene.event(EventKind.SUSPEND_REQUESTED) is not None:
        return Narration(
            "Push ends: the VM is asked to suspend",
            f"{_why_stopped(scene)} {m.vm} runs until it has suspended itself.",
        )
    if progress is None:
        return Narration(
            "Push begins", f"From now on every page that {m.vm} writes is noted in a dirty bitmap."
        )
    if m.policy == "qemu-precopy":
        return _qemu_push(scene, progress)
    rounds = round_limit(scene.parameters())
    at_most = f" of at most {rounds}" if rounds else ""
    headline = f"Push, round {progress.number}{at_most}"
    skipped = (
        f", {format_count(progress.skipped)} skipped because they are dirty again"
        if progress.skipped
        else ""
    )
    what = "memory" if progress.number == 1 else "pages that were written in the round before"
    rate = scene.migration.rate.value_at(scene.t_ns)
    speed = f" at {format_bit_rate(rate)}" if rate else ""
    return Narration(
        headline,
        f"{m.source} sends {what}{speed}: {format_count(progress.sent)} of "
        f"{format_count(progress.pages)} pages sent{skipped}, {format_count(progress.left)} left. "
        f"{_helped(scene, progress)}",
    )


def _qemu_push(scene: _Scene, progress: _Progress) -> Narration:
    m, values = scene.migration, scene.parameters()
    started = scene.event(EventKind.ROUND_STARTED)
    sight = QemuSight(
        source=m.source,
        vm=m.vm,
        reads=progress.number,
        marked=progress.pages,
        sent=progress.sent,
        zero_pages=m.zero_pages,
        rate_bps=m.rate.value_at(scene.t_ns),
        threshold_bytes=int(started.detail("threshold", 0)) if started else 0,
        downtime_limit_ms=int(values["downtime_limit"]),
        max_bandwidth=int(values["max_bandwidth"]),
        speed=scene.history.vm(m.vm).speed_at(scene.t_ns),
        throttle=int(started.detail("throttle", 0)) if started else 0,
    )
    return Narration(*live_words(sight))


def _helped(scene: _Scene, progress: _Progress) -> str:
    """Return what the guest does meanwhile, its help included."""
    waits = mishaps.stunned(scene.history, scene.t_ns, scene.index)
    gave = mishaps.ballooned(scene.history, scene.t_ns, scene.index)
    runs_on = f"{scene.vm} runs on, and what it writes meanwhile has to be sent again."
    return waits or (gave if progress.number == 1 else "") or runs_on


def _why_stopped(scene: _Scene) -> str:
    """Return in a sentence why the live rounds ended."""
    values, reason = scene.parameters(), scene.migration.stop_reason
    sentences: Final = {
        "few-pages": "So few pages are left that the rest can be sent while the VM stands still.",
        "max-rounds": f"The limit of {round_limit(values)} rounds is reached.",
        "max-factor": f"More than {values.get('max_factor')} times the memory has been sent.",
        "not-shrinking": "The last round at the highest rate was no smaller than the one before.",
        "rate-over-max": "The VM dirties pages faster than the highest rate allowed.",
        "downtime-limit": "What is left fits into the downtime limit of "
        f"{values.get('downtime_limit')} ms.",
        "timeout": f"Its timeout of {values.get('timeout')} s is over: it stops at any downtime.",
        "non-live": "This policy copies only while the VM stands still.",
        "switched": "Post-copy moves the running state first and the memory afterwards.",
    }
    return sentences.get(reason or "", "The rule of the policy ends the live rounds.")


def _stop_and_copy(scene: _Scene, phase: PhaseRecord) -> Narration:
    m, progress = scene.migration, _progress(scene)
    since = scene.t_ns - (phase.start_ns if m.suspended_ns is None else m.suspended_ns)
    down = f"Downtime so far: {format_duration_ns(max(0, since))}."
    last = scene.event(EventKind.ROUND_STARTED)
    if last is not None and not int(last.detail("live", 1)) and progress and progress.left:
        rest = (
            f"{format_count(progress.sent)} of the last {format_count(progress.pages)} pages are "
            f"sent, {format_count(progress.left)} left."
        )
    else:
        rest = "The state of processors and devices is sent."
    return Narration(f"Stop-and-copy: {m.vm} runs nowhere", f"{_why_stopped(scene)} {rest} {down}")


def _commitment(scene: _Scene, phase: PhaseRecord) -> Narration:
    m = scene.migration
    since = scene.t_ns - (phase.start_ns if m.suspended_ns is None else m.suspended_ns)
    down = f"Downtime so far: {format_duration_ns(max(0, since))}."
    if scene.event(EventKind.COMMITTED) is None:
        return Narration(
            f"Commitment: {m.destination} acknowledges",
            f"{m.destination} says that it holds all it needs; until then {m.source} could go "
            f"on with {m.vm}. {down}",
        )
    return Narration(
        f"Commitment: {m.destination} starts {m.vm}",
        f"From here on {m.destination} is responsible for {m.vm}; it builds up the VM"
        f"{', plugs in its devices' if scene.parameters().get('plug_time') else ''} and starts "
        f"it. {down}",
    )


def _activation(scene: _Scene, phase: PhaseRecord) -> Narration:
    m = scene.migration
    return Narration(
        f"Activation: {m.vm} runs on {m.destination}",
        _joined(
            _reachability(scene),
            f"{m.source} keeps its copy until devices are attached.",
            _too_late(scene),
        ),
    )


def _too_late(scene: _Scene) -> str:
    """Return why this migration could not be cancelled any more, "" if nobody wished it."""
    m = scene.migration
    return mishaps.cancel_refused(scene.history, scene.t_ns, m.vm, since_ns=m.requested_ns)


def _reachability(scene: _Scene) -> str:
    m = scene.migration
    if m.reachable_ns is not None and m.reachable_ns <= scene.t_ns:
        return "The switch has relearned the port; clients reach the VM again."
    lost = mishaps.announcement_lost(scene.history, scene.t_ns, scene.index)
    if lost:
        return lost
    forwarded = scene.history.spec.network.to_old_port == "forwarded"
    return (
        "The VM has announced itself, but the switch has not relearned its port yet: packets to "
        f"it are {'held' if forwarded else 'lost'}."
    )


_PUSHED: Final = {
    "none": "pushed, since nothing is unless the guest asks,",
    "bubbling": "pushed around the places of its faults",
    "cursor": "pushed behind its newest fault",
}


def _still_missing(scene: _Scene) -> int:
    """Return how many pages are not at the destination."""
    track = scene.migration.track
    if track is None:
        return 0
    states = track.states_at(min(scene.t_ns, track.end_ns))
    counts = np.bincount(states, minlength=N_STATES)
    return int(counts[PageState.MISSING] + counts[PageState.IN_FLIGHT])


def _paused(scene: _Scene) -> bool:
    """Return whether a lost network has paused the pull."""
    paused, went_on = scene.event(EventKind.PAUSED), scene.event(EventKind.RECOVERED)
    return paused is not None and (went_on is None or went_on.t_ns < paused.t_ns)


def _pull(scene: _Scene, phase: PhaseRecord) -> Narration:
    m, section = scene.migration, scene.section()
    pushed = pulled = 0
    for lane in section.lanes if section else ():
        upto = lane.count_at(scene.t_ns)
        if isinstance(lane.states, PageState):
            pulled += upto if lane.states is PageState.PULLED else 0
            pushed += upto if lane.states is PageState.PUSHED else 0
        else:
            states = lane.states[:upto]
            pulled += int((states == PageState.PULLED).sum())
            pushed += int((states == PageState.PUSHED).sum())
    missing = _still_missing(scene)
    if _paused(scene):
        return Narration(
            f"Post-copy is paused: {m.vm} runs on {m.destination} without its memory",
            f"The link is down, and {format_count(missing)} pages are only on {m.source}. {m.vm} "
            "runs until it needs one of them, and stands still then. Mend the link, and it goes "
            "on; if nobody does, the VM is lost.",
        )
    how = _PUSHED.get(str(scene.parameters().get("push", "")), "pushed in order")
    stalls = [ns for at, ns in m.stalls if at <= scene.t_ns]
    stood = (
        f" Its processors stopped {format_count(len(stalls))} times at a missing page."
        if len(stalls) > 1
        else ""
    )
    return Narration(
        f"Pull: {m.vm} runs on {m.destination} while pages follow",
        f"{format_count(missing)} pages are still only on {m.source}; {format_count(pushed)} were "
        f"{how} and {format_count(pulled)} pulled when the guest needed them.{stood} "
        f"If the source failed now, the VM would be lost. {_too_late(scene)}".rstrip(),
    )
