"""Why? The reasons behind what is seen at an instant, from the figures of the run alone.

Each answer belongs to a question that a viewer may ask: why do the rounds shrink, or not; why did
the copying stop; why was the VM away so long; why was that ping late, held or lost; why was the
move refused. What would help is found by trying it: see `engine.knobs`.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from msgspec import Struct

from engine.history import History, MigrationRecord, RoundRecord
from engine.metrics import downtime_ns, service_gap_ns
from engine.network import QueueSeries
from engine.probes import LOST_NS, Fate, ProbeRecord
from engine.specs import PAGE_BYTES
from engine.units import format_bit_rate, format_count, format_duration_ns, format_size

SECOND_NS: Final = 10**9
PART_NAMES: Final = {
    "suspend": "suspending the guest",
    "last_copy": "copying the last pages",
    "device_state": "sending the state of processors and devices",
    "handshake": "the handshake between the hosts",
    "start_up": "starting at the destination",
}
STOP_WORDS: Final = {
    "few-pages": "so few pages were left that they fit into a short stop",
    "max-rounds": "its policy allows no more rounds, however much is left",
    "max-factor": "its policy limits what is sent in all, however much is left",
    "not-shrinking": "a round at the highest rate was no smaller than the one before",
    "rate-over-max": "the guest writes faster than the highest rate of the policy",
    "downtime-limit": "what was left fitted into the downtime that the policy allows",
    "timeout": "its time was up",
    "non-live": "its policy copies nothing while the VM runs",
    "switched": "its policy lets the VM go first and brings the memory afterwards",
}


class Answer(Struct, frozen=True):
    """An answer to one question.

    Attributes:
        question: As a viewer would ask it.
        answer: One to three sentences with the figures.
    """

    question: str
    answer: str


def why(history: History, t_ns: int, vm: str) -> list[Answer]:
    """Return the questions that an instant raises about a VM, with their answers.

    Args:
        history: The run.
        t_ns: Scenario time, clipped to the run.
        vm: Name of the VM.

    Raises:
        KeyError: No VM has that name.
    """
    t_ns = max(0, min(t_ns, history.end_ns))
    history.vm(vm)
    newest = [m for m in history.migrations if m.vm == vm and m.requested_ns <= t_ns]
    answers: list[Answer] = []
    if newest:
        answers += _of_migration(newest[-1], t_ns)
    for probe in history.probes:
        if probe.vm == vm and (found := telling_reply(probe, t_ns)) is not None:
            answer = why_reply(history, probe, found)
            answers += [answer] if answer is not None else []
    return answers


def _of_migration(m: MigrationRecord, t_ns: int) -> Iterator[Answer]:
    if m.outcome == "refused":
        sentences = " ".join(r.sentence for r in m.refusals)
        yield Answer(f"Why may {m.vm} not go to {m.destination}?", sentences or m.reason)
        return
    live = [r for r in m.rounds if r.live and r.end_ns <= t_ns]
    sending = [r for r in live if r.pages_sent]  # QEMU's last stretch decides, and sends nothing
    if len(sending) > 1:
        yield _rounds(sending)
    if m.stop_reason is not None and m.suspended_ns is not None and m.suspended_ns <= t_ns:
        yield Answer("Why did it stop when it did?", _stopped(m, live))
    if m.resumed_ns is not None and m.resumed_ns <= t_ns and m.downtime_parts:
        yield Answer("Where did the downtime go?", _parts(m))
    if m.reachable_ns is not None and m.reachable_ns <= t_ns:
        yield from _gap(m)
    if m.outcome not in ("completed", "refused") and m.ended_ns is not None and m.ended_ns <= t_ns:
        reason = m.reason.rstrip(".")
        yield Answer(f"Why did it end as {m.outcome}?", f"{reason[:1].upper()}{reason[1:]}.")


def _dirtying_bps(record: RoundRecord) -> int:
    return _rate(record.pages_dirtied * PAGE_BYTES, record)


def _rate(n_bytes: int, record: RoundRecord) -> int:
    duration_ns = record.end_ns - record.start_ns
    return n_bytes * 8 * SECOND_NS // duration_ns if duration_ns > 0 else 0


def _rounds(live: list[RoundRecord]) -> Answer:
    last, before = live[-1], live[-2]
    dirtied, sent = _dirtying_bps(last), _rate(last.bytes_sent, last)
    facts = (
        f"In round {last.number} {format_bit_rate(sent)} were sent, and the guest dirtied "
        f"{format_count(last.pages_dirtied)} pages, {format_bit_rate(dirtied)} of memory that has "
        "to be sent again."
    )
    shrinks = last.pages_sent < before.pages_sent
    if shrinks and dirtied < sent:
        ratio = f"about {dirtied * 100 // max(1, sent)} % of"
        return Answer(
            "Why do the rounds shrink?",
            f"{facts} It is sent faster than it is dirtied, so every round leaves {ratio} what "
            "it had.",
        )
    return Answer(
        "Why do the rounds not shrink?",
        f"{facts} The guest writes its working set anew in every round; a round cannot become "
        "shorter than it takes to send that set.",
    )


def _stopped(m: MigrationRecord, live: list[RoundRecord]) -> str:
    words = STOP_WORDS.get(str(m.stop_reason), str(m.stop_reason))
    if not live:
        return f"Because {words}."
    last = live[-1]
    if m.policy == "qemu-precopy":
        return f"Because {words}. {_left_over(m, live)}"
    left = format_size(last.pages_dirtied * PAGE_BYTES)
    return (
        f"Because {words}. After {len(live)} round{'s' if len(live) > 1 else ''} "
        f"{format_count(last.pages_dirtied)} pages were dirty, {left}; they were sent while the "
        "VM stood still."
    )


def _left_over(m: MigrationRecord, live: list[RoundRecord]) -> str:
    """Return what QEMU's last copy was: pages not sent yet, and those written since the read."""
    pages = sum(r.pages_sent for r in m.rounds if not r.live)
    return (
        f"The bitmap had been read {format_count(len(live))} times by then; "
        f"{format_count(pages)} pages, {format_size(pages * PAGE_BYTES)}, were still marked or "
        "written meanwhile, and were sent while the VM stood still."
    )


def _parts(m: MigrationRecord) -> str:
    total = downtime_ns(m) or 0
    parts = sorted(m.downtime_parts, key=lambda part: -part[1])
    told = [
        f"{format_duration_ns(ns)} on {PART_NAMES.get(name, name.replace('_', ' '))}"
        for name, ns in parts
        if ns > 0
    ]
    return f"Of {format_duration_ns(total)}: {', '.join(told)}."


def _gap(m: MigrationRecord) -> Iterator[Answer]:
    gap, down = service_gap_ns(m), downtime_ns(m)
    if gap is None or down is None or gap <= down:
        return
    relearning = gap - down
    yield Answer(
        "Why did clients wait longer than the VM stood still?",
        f"The VM was down for {format_duration_ns(down)}, but the switch still sent its packets to "
        f"{m.source}: {format_duration_ns(relearning)} passed from the resume until the switch "
        f"had learned the port of {m.destination}.",
    )


# Replies


def telling_reply(probe: ProbeRecord, t_ns: int) -> int | None:
    """Return the reply that asks most for a reason at an instant, None if there is none yet.

    A lost one before a held one, that before a late one; of several the longest, then the newest.
    A lost packet is known from the instant at which it was sent.
    """
    known = np.flatnonzero(probe.sent_ns + np.maximum(probe.rtt_ns, 0) <= t_ns)
    if not len(known):
        return None
    fates = probe.fates[known]
    worst = known[fates == fates.max()]
    longest = worst[probe.rtt_ns[worst] == probe.rtt_ns[worst].max()]
    return int(longest[-1])


def why_reply(history: History, probe: ProbeRecord, index: int) -> Answer | None:
    """Return why a reply took as long as it did; None where no kind of reply is told.

    Args:
        history: The run.
        probe: One of its probes: ping, typing or game.
        index: Which of its replies.
    """
    names = {"ping": "ping", "typing": "echo", "game": "game packet"}
    name = names.get(probe.spec.kind)
    if name is None:
        return None
    sent_ns, rtt_ns = int(probe.sent_ns[index]), int(probe.rtt_ns[index])
    fate = Fate(int(probe.fates[index]))
    at = format_duration_ns(sent_ns)
    took = "" if rtt_ns == LOST_NS else format_duration_ns(rtt_ns)
    if fate is Fate.LOST:
        return Answer(f"Why was the {name} of {at} lost?", _lost(history, probe.vm, sent_ns))
    if fate is Fate.HELD:
        return Answer(
            f"Why was the {name} of {at} held for {took}?", _held(history, probe.vm, sent_ns)
        )
    if fate is Fate.LATE:
        return Answer(
            f"Why did the {name} of {at} take {took}?",
            _late(history, probe, sent_ns, rtt_ns),
        )
    latency = format_duration_ns(history.spec.network.latency_ns)
    ways = "two ways" if probe.spec.kind != "game" else "the way"
    return Answer(
        f"Why did the {name} of {at} take {took}?",
        f"That is the network alone: {ways} of {latency}, and no queue in between.",
    )


def _migration_around(history: History, vm: str, t_ns: int) -> MigrationRecord | None:
    """Return the VM's migration in whose service gap an instant lies, or lies just before it."""
    for m in history.migrations:
        if m.vm != vm or m.suspended_ns is None:
            continue
        end_ns = m.reachable_ns if m.reachable_ns is not None else history.end_ns
        # A packet may be under way when the VM stops.
        if m.suspended_ns - 2 * history.spec.network.latency_ns <= t_ns <= end_ns:
            return m
    return None


def _held(history: History, vm: str, sent_ns: int) -> str:
    m = _migration_around(history, vm, sent_ns)
    if m is None or m.suspended_ns is None or m.reachable_ns is None:
        return "It waited until the VM could be reached again."
    gap = format_duration_ns(m.reachable_ns - m.suspended_ns)
    return (
        f"It met the VM in the switchover: suspended at {format_duration_ns(m.suspended_ns)}, "
        f"reached again at {format_duration_ns(m.reachable_ns)}. Whoever sends in these {gap} "
        "waits for the rest of them."
    )


def _lost(history: History, vm: str, sent_ns: int) -> str:
    m = _migration_around(history, vm, sent_ns)
    if history.vm(vm).placement_at(sent_ns).status == "lost":
        return "There is no copy of the VM left that could answer."
    if m is None or m.suspended_ns is None:
        return "The link of the VM's host was down, or its host had failed."
    until = (
        f"until {format_duration_ns(m.reachable_ns)}"
        if m.reachable_ns is not None
        else "to the end of the run"
    )
    return (
        f"It met the VM in the switchover: from {format_duration_ns(m.suspended_ns)} {until} the "
        f"switch sent its packets to a port of {m.source} where nobody listened any more, and "
        "nobody kept them."
    )


def _late(history: History, probe: ProbeRecord, sent_ns: int, rtt_ns: int) -> str:
    latency_ns = history.spec.network.latency_ns
    waited = [
        (name, wait) for name, wait in _waits(history, probe, sent_ns + latency_ns) if wait > 0
    ]
    ways = 1 if probe.spec.kind == "game" else 2
    queued = format_duration_ns(max(0, rtt_ns - ways * latency_ns))
    who = [m for m in history.migrations if _sends(m, sent_ns)]
    behind = f" behind the pages of {' and '.join(dict.fromkeys(m.vm for m in who))}" if who else ""
    where = " and ".join(dict.fromkeys(name for name, _ in waited)) or "a port"
    if not who:
        return f"It waited {queued} in the transmit queue of {where}."
    return (
        f"It waited {queued} in the transmit queue of {where}{behind}: the migration offers more "
        "than the link takes, so the queue stays full. A rate limit below the link would keep the "
        "queue empty."
    )


def _sends(m: MigrationRecord, t_ns: int) -> bool:
    return m.rate.value_at(t_ns) > 0


def _waits(history: History, probe: ProbeRecord, t_ns: int) -> Iterator[tuple[str, int]]:
    host = history.vm(probe.vm).placement_at(t_ns).host
    for port, words in ((f"rx:{host}", f"the switch to {host}"), (f"tx:{host}", host)):
        queue: QueueSeries | None = history.queues.get(port)
        if queue is not None:
            yield words, queue.wait_at(t_ns)
