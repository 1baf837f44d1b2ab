"""How the twin copies memory: rounds, batches, skips and stop rules, one page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.specs import MigrationSpec
from engine.states import PageState
from tests.helpers.twin_brownout import TwinBrownout, TwinStunning
from tests.helpers.twin_network import Sender
from tests.helpers.twin_order import visiting_order
from tests.helpers.twin_stop_rules import NEWER_RULES

if TYPE_CHECKING:
    from tests.helpers.twin import Twin, TwinVm
    from tests.helpers.twin_guest import Writer
    from tests.helpers.twin_qemu import TwinQemu

BATCH_PAGES = 1024
PAGE_BITS = (4096 + 8) * 8
PERMUTED_POLICIES = ("xen-legacy", "xen-adaptive")
LIVE_POLICIES = (*PERMUTED_POLICIES, "xen-v2", "xapi-emu", "cloud-hypervisor", "hybrid")
PULLING_POLICIES = ("postcopy", "hybrid")
DEFAULTS: dict[str, Any] = {
    "max_rounds": 29,
    "max_factor": 3,
    "min_dirty": 50,
    "order": "permuted",  # of Xen; all others visit in ascending order
    "skip": True,
    "start_rate": 100,
    "max_rate": 500,
    "increment": 50,
    "rule": "code",
    "min_remaining": 256 * 1024,
    "last_rate": 0,
    "balloon": False,
    "stun_after": 0,
    "stun_faults": 40,
    "plug_time": 0,
    "push": "sequential",
    "direction": "dual",
    "pivots": 1,
}
OWN_DEFAULTS: dict[str, dict[str, Any]] = {
    "xen-v2": {"max_rounds": 5, "skip": False},
    "xapi-emu": {"max_iteration": 4, "skip": False, "plug_time": 100},
    "hybrid": {"rounds": 1, "switch_after": 0, "on_stall": False, "skip": False},
    "cloud-hypervisor": {
        "downtime_limit": 300, "timeout": 3600, "timeout_action": "cancel", "skip": False,
    },
}  # fmt: skip


@dataclass
class TwinRound:
    """What is known of a round at its end."""

    number: int
    live: bool
    start: int
    end: int
    pages_sent: int
    pages_skipped: int
    pages_dirtied: int
    limit: int | None


class TwinCopying:
    """The pages of one migration, and the rounds in which they are sent."""

    def __init__(self, twin: Twin, index: int, spec: MigrationSpec) -> None:
        """Nothing happens before the request."""
        self.twin, self.index, self.spec = twin, index, spec
        self.vm: TwinVm = twin.vms[spec.vm]
        self.policy = spec.policy
        self.given: dict[str, Any] = dict(spec.parameters)
        self.rate_limit = spec.rate_limit_bps
        self.source = ""
        self.requested = False
        self.over = False
        self.committed = False
        self.outcome: str | None = None
        self.stop_reason: str | None = None
        self.suspended_ns: int | None = None
        self.resumed_ns: int | None = None
        self.reachable_ns: int | None = None
        self.released_ns: int | None = None
        self.ended_ns: int | None = None
        self.rounds: list[TwinRound] = []
        self.sender = Sender()
        self.sending = False
        # Pages.
        self.states: list[PageState] = []
        self.base: list[PageState] = []
        self.base_ns: int | None = None
        self.log: list[tuple[int, int, PageState]] = []
        self.frozen = False
        self.dirty: dict[int, int] = {}  # page: instant of its first write since CLEAN
        self.skipped: dict[int, PageState] = {}
        self.there: dict[int, int] = {}  # page: version at the destination
        # The round under way.
        self.in_round = False
        self.number = 0
        self.limit: int | None = None
        self.live = False
        self.clean_ns = 0
        self.to_send: set[int] = set()
        self.position = 0
        self.batch: list[tuple[int, int]] = []
        self.sent = self.skips = 0
        self.rate = 0
        self.small_set = False  # xen-v2: what is sent now is sent live once more, and no more
        self.sending_since = 0
        # The pull.
        self.pulling = False
        self.missing: set[int] = set()
        self.unsent: list[int] = []
        self.requests: list[int] = []
        self.pivots: list[int] = []
        self.on_wire: int | None = None
        self.faulted: set[int] = set()
        self.served: set[int | None] = set()
        self.stalls: list[tuple[int, int]] = []
        self.stall_vcpus: list[tuple[int, int, int]] = []
        # What the guest feels.
        self.brownout: TwinBrownout | None = None
        self.stunning = TwinStunning(self)  # type: ignore[arg-type]
        self.qemu: TwinQemu | None = None

    # Small helpers.

    def parameter(self, name: str) -> Any:
        """Return a parameter of the policy, or what it is without being given."""
        if name == "order" and self.policy not in PERMUTED_POLICIES:
            return "ascending"
        own = OWN_DEFAULTS.get(self.policy, {})
        return self.given[name] if name in self.given else own.get(name, DEFAULTS.get(name))

    def after(self, delay: int, action: Any) -> None:
        """Schedule a stage's end, unless the migration ends before."""

        def act() -> None:
            if not self.over:
                action()

        self.twin.schedule(self.twin.now + delay, act)

    def go_on(self) -> None:
        """Continue with the next part once this instant's writes are made."""

        def act() -> None:
            if self.sending and not self.over:
                self.next_batch()

        self.twin.schedule(self.twin.now, act, priority=self.twin.CONTINUE)

    def put(self, page: int, state: PageState) -> None:
        """Give a page a state from now on."""
        if not self.frozen and self.states[page] != state:
            self.states[page] = state
            self.log.append((self.twin.now, page, state))

    def states_at(self, t: int) -> list[PageState]:
        """Return the state of every page at any instant from the start of the copying on."""
        result = list(self.base)
        for when, page, state in self.log:
            if when > t:
                break
            result[page] = state
        return result

    def pages_sent(self) -> int:
        """Return how many pages were put on the wire, those under way included."""
        pulled = 0
        if self.policy in PULLING_POLICIES:
            gone = (PageState.PULLED, PageState.PUSHED)
            pulled = sum(1 for s in self.states if s in gone)
            if self.resumed_ns is not None:
                pulled += sum(1 for s in self.states if s is PageState.IN_FLIGHT)
        return pulled + sum(r.pages_sent for r in self.rounds)

    def own_limit(self) -> int | None:
        """Return the most bit/s that the policy and the request allow now."""
        limits = [] if self.rate_limit is None else [self.rate_limit]
        if self.policy == "xen-adaptive":
            limits.append(self.rate * 2**20)
        if self.pulling and self.parameter("service_rate"):
            limits.append(self.parameter("service_rate") * PAGE_BITS)
        if self.pulling and self.parameter("background_limit") and not self.serves():
            limits.append(self.parameter("background_limit") * PAGE_BITS)
        return min(limits) if limits else None

    def serves(self) -> bool:
        """Return whether something that was asked for is under way or waits."""
        return self.on_wire in self.served or any(u in self.unsent for u in self.requests)

    def flow_limit(self) -> int | None:
        """Return the most bit/s that this migration sends now."""
        limits = [self.own_limit()]
        if self.vm.status == "running" and self.vm.host == self.source:
            limits.append(self.vm.spec.sending_ceiling_bps)
        return min((limit for limit in limits if limit is not None), default=None)

    def begin_copying(self, unsent: PageState) -> None:
        """Look at which pages are zero, or given back by the guest."""
        spec = self.vm.spec
        first_free = spec.first_cache_page if self.parameter("balloon") else spec.first_zero_page
        for page in range(self.vm.n_pages):
            zero = page >= first_free and self.vm.version[page] == 0
            self.base.append(PageState.FREE if zero else unsent)
            if zero:
                self.there[page] = 0
        self.states = list(self.base)
        self.base_ns = self.twin.now
        self.order = visiting_order(self.vm.n_pages, self.parameter("order"))

    # Stage 2 and the copy of stage 3.

    def clean(self, *, live: bool) -> None:
        """Read and clean the bitmap, and begin a round."""
        if self.qemu is not None:
            self.qemu.last_read()
            return
        if self.number == 0:
            self.to_send = {p for p, s in enumerate(self.states) if s is not PageState.FREE}
        else:
            self.to_send = set(self.dirty)
            self.close_round()
        self.dirty = {}
        for page, before in self.skipped.items():
            self.put(page, before)
        self.skipped = {}
        self.live, self.clean_ns, self.position = live, self.twin.now, 0
        self.sent = self.skips = 0
        if live:
            self.stunning.cleaned(self.number + 1)
            self.open_round()
        else:
            self.after(self.twin.spec.stages.suspend_ns, self.open_round)

    def open_round(self) -> None:
        """Count the round; its first batch follows."""
        self.in_round = True
        self.number += 1
        self.limit = self.own_limit()
        self.after(self.twin.spec.stages.round_ns, self.first_batch)

    def first_batch(self) -> None:
        """Begin to send, unless the VM is stopped and nothing is left."""
        self.sending_since = self.twin.now
        if self.live or self.to_send:
            self.start_sending()
        self.next_batch()

    def next_batch(self) -> None:
        """Read the bitmap and the contents of the next pages, or end the round."""
        if self.qemu is not None:
            self.qemu.next_buffer()
            return
        skipping = self.live and self.parameter("skip")
        self.batch = []
        waiting: list[int] = []  # skipped, if another page of this batch follows
        at = self.position
        while at < len(self.order) and len(self.batch) < BATCH_PAGES:
            page = self.order[at]
            at += 1
            if page in self.to_send and skipping and page in self.dirty:
                waiting.append(page)
            elif page in self.to_send:
                self.skip(waiting)
                waiting = []
                self.batch.append((page, self.vm.version[page]))
                self.position = at
        if self.batch:
            for page, _ in self.batch:
                self.put(page, PageState.IN_FLIGHT)
            self.sender.follow(len(self.batch) * PAGE_BITS)
        else:
            self.skip(waiting)
            self.after(0, self.copied)

    def skip(self, pages: list[int]) -> None:
        """Leave out pages that were written since the bitmap was cleaned."""
        for page in pages:
            self.skipped[page] = self.states[page]
            self.skips += 1
            self.put(page, PageState.SKIPPED)

    def part_ended(self) -> None:
        """Take what was under way as arrived: a batch, a pulled page or the device state."""
        self.sender.end_part()
        if self.pulling:
            self.page_through()
        elif self.batch or (self.qemu is not None and self.qemu.under_way):
            for page, version in self.batch:
                self.there[page] = version
                stale = self.vm.version[page] != version
                arrived = PageState.UP_TO_DATE if self.live else PageState.SENT_WHILE_STOPPED
                self.put(page, PageState.DIRTY_AGAIN if stale else arrived)
            self.sent += len(self.batch)
            self.batch = []
            if self.qemu is not None:
                self.qemu.buffer_through()
            self.go_on()
        else:
            self.stop_sending()
            self.all_sent()

    def start_sending(self) -> None:
        """Be on the wire, in a stretch that begins now."""
        self.sending = True
        self.sender.start(self.twin.now, 0)
        self.sender.end_part()
        self.twin.rates_may_change()

    def stop_sending(self) -> None:
        """Leave the wire."""
        self.sending = False
        self.sender.left = None
        self.twin.rates_may_change()

    def copied(self) -> None:
        """All pages of the round are through."""
        if self.sending:
            self.stop_sending()
        if not self.live:
            self.close_round()
            self.second_reading()
            return
        reason = self.reason_to_stop()
        if reason == "gives up":
            self.give_up()
        elif reason is not None:
            self.decide_to_stop(reason)
        else:
            self.adapt()
            self.clean(live=True)

    def second_reading(self) -> None:
        """Read the bitmap of the stopped VM again, if the policy does; nothing is there."""
        if self.policy == "cloud-hypervisor":
            self.after(self.twin.spec.stages.round_ns, self.send_device_state)
        else:
            self.send_device_state()

    def reason_to_stop(self) -> str | None:
        """Return why the live rounds are over, or None, by the policy."""
        if self.policy in NEWER_RULES:
            return NEWER_RULES[self.policy](self)
        return self.printed_rule() if self.parameter_rule() == "printed" else self.code_rules()

    def close_round(self) -> None:
        """Write down the figures of the round, if one is going on: at the next CLEAN."""
        if self.in_round:
            self.in_round = False
            sent = self.sent + len(self.batch)
            dirtied = len(self.dirty) if self.qemu is None else self.qemu.n_new()
            self.rounds.append(
                TwinRound(
                    self.number,
                    self.live,
                    self.clean_ns,
                    self.twin.now,
                    sent,
                    self.skips,
                    dirtied,
                    self.limit,
                )
            )

    def parameter_rule(self) -> str:
        """Return which rule of rates is followed."""
        return str(self.parameter("rule")) if self.policy == "xen-adaptive" else "none"

    def dirtied_mbit(self) -> int:
        """Return the rate of dirtying since CLEAN in Mbit/s."""
        microseconds = (self.twin.now - self.clean_ns) // 1000
        return len(self.dirty) * 32768 // max(1, microseconds)

    def code_rules(self) -> str | None:
        """Return why the live rounds are over, or None."""
        before = self.rounds[-1].pages_sent if self.rounds else None
        at_most = self.policy == "xen-adaptive" and self.rate >= self.parameter("max_rate")
        if at_most and before is not None and self.sent > before:
            return "not-shrinking"
        if self.number >= self.parameter("max_rounds"):
            return "max-rounds"
        if self.sent + self.skips < self.parameter("min_dirty"):
            return "few-pages"
        total = sum(r.pages_sent for r in self.rounds) + self.sent
        if total > self.parameter("max_factor") * self.vm.n_pages:
            return "max-factor"
        return None

    def printed_rule(self) -> str | None:
        """Return why the live rounds are over by the rule as it was printed, or None."""
        if self.dirtied_mbit() + self.parameter("increment") > self.parameter("max_rate"):
            return "rate-over-max"
        if len(self.dirty) * 4096 < self.parameter("min_remaining"):
            return "few-pages"
        if self.number >= self.parameter("max_rounds"):
            return "max-rounds"
        return None

    def adapt(self) -> None:
        """Choose the rate of the next copy, at the instant of CLEAN."""
        rule, d = self.parameter_rule(), self.dirtied_mbit()
        most, increment = self.parameter("max_rate"), self.parameter("increment")
        if rule == "code" and d > self.rate:
            self.rate = min(most, d + increment)
        elif rule == "printed":
            self.rate = max(self.parameter("start_rate"), d + increment)

    # What the guest does.

    def written(self, page: int, writer: Writer) -> None:
        """Note a write of the guest at the source (or, after the pull began, elsewhere)."""
        if self.base_ns is None or self.frozen:
            return
        if self.resumed_ns is not None:
            return  # post-copy: what is at the destination stays what it was when it came
        if self.brownout is not None and page not in self.dirty:
            self.brownout.first_write()
        if self.qemu is not None:
            self.qemu.written(page, writer.vcpu)
        if self.dirty.setdefault(page, self.twin.now) == self.twin.now:
            self.stunning.fault(writer)
        state = self.states[page]
        if state is PageState.UP_TO_DATE:
            self.put(page, PageState.DIRTY_AGAIN)
        elif state is PageState.FREE:
            self.put(page, PageState.NOT_SENT)

    # What follows, see `twin_migration`.

    def decide_to_stop(self, reason: str) -> None:
        """Ask the guest to suspend."""
        raise NotImplementedError

    def give_up(self) -> None:
        """Let the VM stay where it is."""
        raise NotImplementedError

    def send_device_state(self) -> None:
        """Send registers and devices."""
        raise NotImplementedError

    def all_sent(self) -> None:
        """Ask the destination to take over."""
        raise NotImplementedError

    def page_through(self) -> None:
        """The link has carried a page of the pull."""
        raise NotImplementedError
