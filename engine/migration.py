"""One migration while it goes on: the stages that all algorithms share, and its record.

An algorithm (see `engine.algorithms`) is a generator that calls these stages in its order and
yields what it waits for: `Wait` or `Send`. The simulation drives it.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import numpy as np
from msgspec import Struct

from engine.brownout import Slowdown, Stunning
from engine.events import EventKind
from engine.handover import Handover
from engine.history import MigrationRecord, PhaseRecord, Refusal, RoundRecord
from engine.memory import NEVER, DirtyLog, Pages
from engine.migrating_memory import MigratingMemory, OpenRound
from engine.network import Flow, PiecewiseSeries
from engine.page_track import Lane
from engine.policies import parameters_of, policy_of
from engine.pull import Pull
from engine.senders import BatchSender, BlobSender
from engine.specs import MigrationSpec
from engine.transfer import PAGE_WIRE_BYTES, Transfer
from engine.world import Sender, Sending, World


class Wait(Struct, frozen=True):
    """Go on after so many nanoseconds."""

    ns: int


class Send(Struct, frozen=True):
    """Go on when the sender has sent everything; `limit_bps` beside the scenario's own."""

    sender: Sender
    limit_bps: int | None = None


class GiveUp(Struct, frozen=True):
    """Stop here: the VM goes on at the source, and the migration did not converge.

    Attributes:
        reason: Why, as a clause without its full stop.
    """

    reason: str


Process = Generator[Wait | Send | GiveUp, None, None]


class RoundStats(Struct, frozen=True):
    """What a stop rule may know after a live round.

    Attributes:
        number: Rounds finished, this one included.
        sent: Pages sent in it. skipped: Pages skipped in it.
        previous_sent: Pages sent in the round before; None before round 2.
        total_sent: Pages sent in all.
        n_pages: Pages of the VM.
        dirty: Pages dirty now (PEEK).
        duration_ns: Since the round's CLEAN.
    """

    number: int
    sent: int
    skipped: int
    previous_sent: int | None
    total_sent: int
    n_pages: int
    dirty: int
    duration_ns: int


@dataclass
class Migration:
    """A migration of one VM to another host."""

    index: int
    spec: MigrationSpec
    world: World
    request: int = 0
    process: Process | None = None
    outcome: str | None = None
    reason: str = ""
    refusals: tuple[Refusal, ...] = ()
    stop_reason: str | None = None
    committed: bool = False
    times: dict[str, int] = field(default_factory=dict)
    downtime_parts: dict[str, int] = field(default_factory=dict)
    phases: list[PhaseRecord] = field(default_factory=list)
    rounds: list[RoundRecord] = field(default_factory=list)
    extra_bytes: int = 0
    zero_pages: int = 0
    rate: PiecewiseSeries = field(default_factory=PiecewiseSeries)
    memory: MigratingMemory | None = None
    pull: Pull | None = None

    def __post_init__(self) -> None:
        """Look up the guest and the two hosts."""
        self.guest = self.world.guests[self.spec.vm]
        self.source, self.destination = self.guest.host, self.spec.to
        self.stages = self.world.spec.stages
        self.requested_ns = self.world.now_ns
        self.parameters = parameters_of(self.spec.policy, self.spec.parameters)
        self._open: OpenRound | None = None
        self._open_phases: dict[str, int] = {}
        self._limit_bps: int | None = None
        self.slowdown = Slowdown(self)
        self.stunning = Stunning(self, self.parameters)

    @property
    def name(self) -> str:
        """Return the name of this migration's flow: by index, unique in the run."""
        return f"migration:{self.index:06d}"

    @property
    def now_ns(self) -> int:
        """Return the present instant."""
        return self.world.now_ns

    @property
    def n_pages(self) -> int:
        """Return the pages of the VM."""
        return self.guest.spec.n_pages

    @property
    def pulls(self) -> bool:
        """Return whether its policy lets the VM go before its memory."""
        return policy_of(self.spec.policy).family == "post-copy"

    @property
    def lingers(self) -> bool:
        """Return whether it does not end by itself: the run does not wait for it."""
        return self.pull is not None and self.pull.lingers

    @property
    def stands_since_ns(self) -> int:
        """Return since when it lingers, -1 if it does not."""
        if not self.lingers:
            return -1
        return max(self.times["resumed"], self.times.get("paused", -1))

    @property
    def can_pause(self) -> bool:
        """Return whether a lost network pauses its pull, so that it can be recovered."""
        return policy_of(self.spec.policy).recoverable and self.pull is not None

    def pause(self) -> None:
        """Let the pull stand still: the link is down; the guest runs until it needs a page."""
        if self.pull is not None and not self.pull.paused:
            self.pull.pause(self.now_ns)
            self.times["paused"] = self.now_ns
            self.note(EventKind.PAUSED, pages=self.pull.n_left)

    def recover(self) -> bool:
        """Let a paused pull go on, if both links are up; return whether it does."""
        down = any(self.world.link_is_down(h) for h in (self.source, self.destination))
        if self.pull is None or not self.pull.paused or down:
            return False
        self.pull.recover()
        self.note(EventKind.RECOVERED)
        return True

    @property
    def ended(self) -> bool:
        """Return whether an outcome is known."""
        return self.outcome is not None

    def note(self, kind: EventKind, **details: int | str) -> None:
        """Record an event of this migration."""
        self.world.note(kind, self.spec.vm, migration=self.index, **details)

    def begin_phase(self, name: str) -> None:
        """Begin a phase now."""
        self._open_phases[name] = self.now_ns

    def end_phase(self, name: str) -> None:
        """End a phase now, if it is open."""
        start = self._open_phases.pop(name, None)
        if start is not None:
            self.phases.append(PhaseRecord(name, start, self.now_ns))

    def effective_limit(self) -> int | None:
        """Return the smaller of the algorithm's and the scenario's rate limit."""
        limits = [x for x in (self._limit_bps, self.spec.rate_limit_bps) if x is not None]
        return min(limits) if limits else None

    def sending(self, send: Send) -> Sending:
        """Return the sender as the world takes it."""
        self._limit_bps = send.limit_bps
        return Sending(send.sender, self.flow(), self.rate)

    def flow(self) -> Flow:
        """Return this migration's flow with the limit that is in force now."""
        limits = [self.effective_limit()]
        if self.guest.status == "running" and self.guest.host == self.source:
            limits.append(self.guest.spec.sending_ceiling_bps)
        ports = (f"tx:{self.source}", f"rx:{self.destination}")
        return Flow(self.name, ports, min((x for x in limits if x is not None), default=None))

    # Stages 0 and 1

    def reserve(self) -> Process:
        """Pass stages 0 and 1: the destination keeps memory for the VM."""
        self.begin_phase("reservation")
        self.world.take_memory(self.destination, self.guest.spec.memory_bytes)
        self.times["reserved"] = self.now_ns
        yield Wait(self.stages.pre_migration_ns + self.stages.reservation_ns)
        if self.parameters.get("balloon"):
            yield Wait(self.stages.balloon_ns)
        self.end_phase("reservation")
        self.note(EventKind.RESERVED, host=self.destination)

    def begin_copying(
        self, *, tracked: bool, make: Callable[..., MigratingMemory] = MigratingMemory
    ) -> Pages:
        """Know every page's state from now on; return the pages that a first round visits.

        Args:
            tracked: Whether the VM runs on, so that log-dirty is needed.
            make: Makes the memory; takes the arguments of `MigratingMemory`.
        """
        balloon = bool(self.parameters.get("balloon", False))
        self.memory = make(
            self.guest,
            self.now_ns,
            order=str(self.parameters.get("order", "ascending")),
            skip=bool(self.parameters.get("skip", False)),
            tracked=tracked,
            balloon=balloon,
        )
        held = self.memory.held_pages()
        self.zero_pages = self.n_pages - len(held)
        if balloon:
            self.note(EventKind.BALLOONED, pages=self.zero_pages)
        if tracked:
            self.slowdown.begin()
        return held

    def dirty_log(self) -> DirtyLog:
        """Return the dirty log of the running guest."""
        log = self._memory().log
        assert log is not None, "log-dirty is off"
        return log

    def _memory(self) -> MigratingMemory:
        assert self.memory is not None, "the copying has not begun"
        return self.memory

    # Stage 2

    def live_round(
        self, pages: Pages, limit_bps: int | None
    ) -> Generator[Wait | Send | GiveUp, None, RoundStats]:
        """Send pages while the VM runs; return what the stop rule may know."""
        number = len(self.rounds) + 1
        previous = self.rounds[-1].pages_sent if self.rounds else None
        self._open_round(number, pages, live=True, limit_bps=limit_bps)
        self.stunning.begin_round(number)
        yield Wait(self.stages.round_ns)
        opened = self._opened()
        opened.transfer.pace.t0_ns = self.now_ns
        yield Send(BatchSender(opened.transfer), limit_bps)
        transfer, log = opened.transfer, self.dirty_log()
        self.note_round_ended()
        return RoundStats(
            number=number,
            sent=transfer.n_sent,
            skipped=transfer.n_skipped,
            previous_sent=previous,
            total_sent=sum(r.pages_sent for r in self.rounds) + transfer.n_sent,
            n_pages=self.n_pages,
            dirty=log.count(self.now_ns),
            duration_ns=self.now_ns - opened.start_ns,
        )

    def note_round_ended(self) -> None:
        """Record that the round under way has sent what it sends."""
        transfer = self._opened().transfer
        self.note(
            EventKind.ROUND_ENDED,
            round=len(self.rounds) + 1,
            sent=transfer.n_sent,
            skipped=transfer.n_skipped,
        )

    def _opened(self) -> OpenRound:
        assert self._open is not None
        return self._open

    def open_stretch(self, pages: Pages, limit_bps: int | None, **details: int | str) -> Transfer:
        """Begin a live round whose sending the algorithm itself drives, in several parts.

        Args:
            pages: What it is to send, in order.
            limit_bps: Limit of its mean rate, for the record.
            details: What the event tells beside the round's number and pages.

        Returns:
            What is being sent; the next `clean` closes it.
        """
        number = len(self.rounds) + 1
        self._open_round(number, pages, live=True, limit_bps=limit_bps, **details)
        return self._opened().transfer

    def _open_round(
        self,
        number: int,
        pages: Pages,
        *,
        live: bool,
        limit_bps: int | None,
        **details: int | str,
    ) -> None:
        self._limit_bps = limit_bps
        self._open = self._memory().open_round(
            number, pages, self.now_ns, live=live, limit_bps=self.effective_limit()
        )
        self.note(
            EventKind.ROUND_STARTED, round=number, pages=len(pages), live=int(live), **details
        )

    def clean(self) -> Pages:
        """Read and clean the dirty bitmap: the round is over; return what is dirty, in order."""
        opened, self._open = self._opened(), None
        dirty, record = self._memory().clean(opened, self.now_ns)
        self.slowdown.cleaned(self._memory().n_written)
        self.rounds.append(record)
        self.zero_pages += opened.transfer.n_zero
        return dirty

    def last_round_ns(self) -> int:
        """Return how long the newest closed round took, from CLEAN to CLEAN."""
        return self.rounds[-1].end_ns - self.rounds[-1].start_ns

    def _close_stopped(self) -> None:
        opened, self._open = self._opened(), None
        self.rounds.append(self._memory().close_stopped(opened, self.now_ns))
        self.zero_pages += opened.transfer.n_zero

    # Stages 3 to 5

    def suspend(self, reason: str) -> Process:
        """Ask the guest to suspend, and wait until it has."""
        self.stop_reason = reason
        self.note(EventKind.SUSPEND_REQUESTED, reason=reason)
        yield Wait(self.stages.suspend_delay_ns)
        self.end_phase("push")
        self.begin_phase("stop-and-copy")
        self.times["suspended"] = self.now_ns
        self.guest.place(self.now_ns, self.source, "suspended")
        self.stunning.end()
        self.slowdown.end()
        self.world.serve(self.guest, None)
        self.world.share_links()
        self.note(EventKind.SUSPENDED)

    def copy_while_stopped(
        self, pages: Pages, limit_bps: int | None, *, readings: int = 1
    ) -> Process:
        """Send the last pages and the device state; the VM runs nowhere.

        Args:
            pages: What the last reading of the bitmap said.
            limit_bps: Rate limit of this copy.
            readings: How often the bitmap is read; after the first one nothing is found.
        """
        started = self.now_ns
        yield Wait(self.stages.suspend_ns)
        self.downtime_parts["suspend"] = self.now_ns - started
        started = self.now_ns
        self._open_round(len(self.rounds) + 1, pages, live=False, limit_bps=limit_bps)
        opened = self._opened()
        opened.start_ns = self.times["suspended"]
        yield Wait(self.stages.round_ns)
        opened.transfer.pace.t0_ns = self.now_ns
        if len(pages):
            yield Send(BatchSender(opened.transfer), limit_bps)
        self._close_stopped()
        if readings > 1:
            yield Wait((readings - 1) * self.stages.round_ns)
        self.downtime_parts["last_copy"] = self.now_ns - started
        yield from self.copy_device_state(limit_bps)

    def stop_without_pages(self) -> Process:
        """Stop for the device state alone: all pages follow later."""
        started = self.now_ns
        yield Wait(self.stages.suspend_ns)
        self.downtime_parts["suspend"] = self.now_ns - started
        self.downtime_parts["last_copy"] = 0
        yield from self.copy_device_state(None)

    def copy_device_state(self, limit_bps: int | None) -> Process:
        """Send the state of processors and devices."""
        started, n_bytes = self.now_ns, self.stages.device_state_bytes
        if n_bytes:
            yield Send(BlobSender(n_bytes, self.now_ns), limit_bps)
        self.extra_bytes += n_bytes
        self.downtime_parts["device_state"] = self.now_ns - started
        self.end_phase("stop-and-copy")
        self.note(EventKind.COPIED)

    def commit(self) -> Process:
        """Stage 4: the destination acknowledges, is primary, and starts the VM."""
        self.begin_phase("commitment")
        started, latency_ns = self.now_ns, self.world.spec.network.latency_ns
        yield Wait(2 * latency_ns + self.stages.handshake_ns)
        self.committed, self.guest.home = True, self.destination
        self.downtime_parts["handshake"] = self.now_ns - started
        self.note(EventKind.COMMITTED, host=self.destination)
        started = self.now_ns
        plug_ns = int(self.parameters.get("plug_time", 0)) * 10**6
        yield Wait(self.stages.start_up_ns + plug_ns)
        self.downtime_parts["start_up"] = self.now_ns - started
        self.end_phase("commitment")
        self.times["resumed"] = self.now_ns
        self.stunning.release()
        self.guest.place(self.now_ns, self.destination, "running")
        self.world.share_links()
        self.note(EventKind.RESUMED, host=self.destination)
        handover = Handover(
            self.world,
            self.guest,
            suspended_ns=self.times["suspended"],
            note=self.note,
            reached=self._reached,
        )
        handover.begin(policy_of(self.spec.policy).announcements_ns)

    def _reached(self) -> None:
        self.times["reachable"] = self.now_ns
        self.world.serve(self.guest, self.destination)
        self.note(EventKind.REACHABLE, host=self.destination)
        self.world.share_links()

    def activate(self) -> Process:
        """Stage 5; the source is released at its end."""
        self.check_destination()
        self.begin_phase("activation")
        yield Wait(self.stages.activation_ns)
        self.end_phase("activation")

    def check_destination(self) -> None:
        """Assert that the destination holds the newest version of every page."""
        stale = self._memory().count_stale()
        assert stale == 0, f"{stale} pages are stale at the destination"

    def before_guest_changes(self) -> None:
        """Settle everything up to now: the guest will write differently from here on."""
        if self._open is not None:
            self._open.transfer.settle(self.now_ns)
        if self.pull is not None:
            self.pull.step(self.now_ns)

    def after_guest_changed(self) -> None:
        """Forget what was looked at ahead of now."""
        log = None if self.memory is None else self.memory.log
        if log is not None and "suspended" not in self.times:
            log.forget_after(self.now_ns)
            self.stunning.watch()
        if self._open is not None:
            self._open.transfer.replan()
        if self.pull is not None:
            self.pull.writers_changed(self.now_ns)

    # The end

    def close(self, outcome: str, reason: str = "") -> None:
        """End this migration with an outcome, and finish its record."""
        self.outcome, self.reason = outcome, reason
        self.times["ended"] = self.now_ns
        if self.process is not None:
            self.process.close()
        if self._open is not None:
            self._abandon_round(self._open)
        if self.pull is not None:
            self.pull.close(self.now_ns)
        self.stunning.release()
        self.slowdown.end()
        for name in list(self._open_phases):
            self.end_phase(name)
        self.phases.sort(key=lambda p: p.start_ns)
        self.world.migrating.discard(self.spec.vm)
        if self.memory is not None:
            self.memory.release()

    def _abandon_round(self, opened: OpenRound) -> None:
        opened.transfer.settle(self.now_ns)
        if opened.live:
            self.clean()
        else:
            self._close_stopped()

    def record(self, end_ns: int) -> MigrationRecord:
        """Return the finished record."""
        track = None
        if self.memory is not None:
            recorder = self.memory.recorder
            if self.pull is not None and self.pull.n_sent:
                begins, arrivals, pages, states = self.pull.arrived()
                known = arrivals <= self.times.get("ended", end_ns)
                ends = np.where(known, arrivals, NEVER)
                recorder.add(Lane(ends, None, pages, states, begins))
            track = recorder.finish(self.times.get("ended", end_ns))
            self.memory = None
        stalls = sorted(self.pull.stalls) if self.pull else []
        pull_sent = self.pull.n_sent if self.pull else 0
        pages_sent = sum(r.pages_sent for r in self.rounds) + pull_sent
        round_bytes = sum(r.bytes_sent for r in self.rounds)
        return MigrationRecord(
            vm=self.spec.vm,
            source=self.source,
            destination=self.destination,
            policy=self.spec.policy,
            requested_ns=self.requested_ns,
            outcome=self.outcome or "does-not-converge",
            reason=self.reason or ("" if self.outcome else "it was still going on at the end"),
            refusals=self.refusals,
            stop_reason=self.stop_reason,
            suspended_ns=self.times.get("suspended"),
            resumed_ns=self.times.get("resumed"),
            reachable_ns=self.times.get("reachable"),
            released_ns=self.times.get("released"),
            ended_ns=self.times.get("ended"),
            downtime_parts=tuple(self.downtime_parts.items()),
            phases=tuple(self.phases),
            rounds=tuple(self.rounds),
            pages_total=self.n_pages,
            pages_sent=pages_sent,
            bytes_sent=round_bytes + pull_sent * PAGE_WIRE_BYTES + self.extra_bytes,
            pages_skipped=sum(r.pages_skipped for r in self.rounds),
            pages_faulted=self.pull.n_faulted if self.pull else 0,
            zero_pages=self.zero_pages,
            track=track,
            rate=self.rate,
            stalls=tuple((since, ns) for since, ns, _ in stalls),
            stall_vcpus=tuple(vcpu for _, _, vcpu in stalls),
            request=self.request,
        )
