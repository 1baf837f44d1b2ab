"""The twin's migrations: the six stages, the pull of post-copy and what goes wrong."""

from engine.states import PageState
from tests.helpers.twin_brownout import TwinBrownout
from tests.helpers.twin_copying import (
    LIVE_POLICIES,
    PAGE_BITS,
    PULLING_POLICIES,
    TwinCopying,
)
from tests.helpers.twin_push import pushed_in_order
from tests.helpers.twin_qemu import TwinQemu


class TwinMigration(TwinCopying):
    """One migration, from its request to its end."""

    ahead: list[int] | None = None
    """Pages in the order of pushing, as it stood at the newest request."""

    # Stages 0 and 1.

    def request(self) -> None:
        """Ask for the move."""
        stages = self.twin.spec.stages
        self.requested = True
        self.twin.requested.append(self)
        self.source = self.vm.host
        if self.twin.refuses(self.vm, self.spec.to):
            self.end("refused")
            return
        if self.policy == "xen-adaptive":
            self.rate = self.parameter("start_rate")
        balloon = stages.balloon_ns if self.parameter("balloon") else 0
        self.after(stages.pre_migration_ns + stages.reservation_ns + balloon, self.reserved)
        self.after(self.spec.time_limit_ns, self.timed_out)

    def reserved(self) -> None:
        """Begin to copy, or to stop."""
        if self.policy in LIVE_POLICIES:
            self.begin_copying(PageState.NOT_SENT)
            self.brownout = TwinBrownout(self)
            self.clean(live=True)
        elif self.policy == "qemu-precopy":
            self.begin_copying(PageState.NOT_SENT)
            self.brownout = TwinBrownout(self)
            self.qemu = TwinQemu(self)
            self.qemu.decide()
        else:
            self.decide_to_stop("non-live" if self.policy == "stop-and-copy" else "switched")

    def decide_to_stop(self, reason: str) -> None:
        """Ask the guest to suspend."""
        self.stop_reason = reason
        self.after(self.twin.spec.stages.suspend_delay_ns, self.suspended)

    def suspended(self) -> None:
        """The VM runs nowhere."""
        stages = self.twin.spec.stages
        self.suspended_ns = self.twin.now
        self.vm.suspend()
        self.stunning.suspended()
        if self.brownout is not None:
            self.brownout.end()
        if self.policy == "postcopy":
            self.begin_copying(PageState.NOT_SENT)
            self.after(stages.suspend_ns, self.send_device_state)  # no round, no cost
            return
        if self.policy == "hybrid":
            self.close_round()
            self.after(stages.suspend_ns, self.send_device_state)
            return
        if self.policy == "stop-and-copy":
            self.begin_copying(PageState.NOT_SENT)
        elif self.parameter_rule() == "printed":
            self.rate = self.parameter("max_rate")
        else:
            self.adapt()
        if self.policy == "xen-adaptive" and self.parameter("last_rate"):
            self.rate = self.parameter("last_rate")
        self.clean(live=False)

    def send_device_state(self) -> None:
        """Send registers and devices, in a stretch of their own."""
        bits = self.twin.spec.stages.device_state_bytes * 8
        if bits:
            self.start_sending()
            self.sender.follow(bits)
        else:
            self.all_sent()

    # Stages 4 and 5.

    def all_sent(self) -> None:
        """Ask the destination to take over."""
        latency = self.twin.spec.network.latency_ns
        wait = latency + self.twin.spec.stages.handshake_ns + latency
        self.after(wait, self.commit)

    def commit(self) -> None:
        """The destination is primary."""
        self.committed = True
        self.vm.move(self.spec.to)
        plug_ns = self.parameter("plug_time") * 10**6
        self.after(self.twin.spec.stages.start_up_ns + plug_ns, self.resume)

    def resume(self) -> None:
        """The VM runs at the destination."""
        self.resumed_ns = self.twin.now
        self.vm.run()
        self.stunning.end()
        self.vm.switch.resumed(self)
        if self.policy in PULLING_POLICIES:
            self.begin_pull()
            return
        for page in range(self.vm.n_pages):
            assert self.there[page] == self.vm.version[page], "an old page at the destination"
        self.frozen = True
        self.after(self.twin.spec.stages.activation_ns, self.release)

    def release(self) -> None:
        """The source may forget the VM."""
        self.released_ns = self.twin.now
        self.end("completed")

    def end(self, outcome: str) -> None:
        """Nothing follows; a round that was going on is over, and nothing is skipped any more."""
        self.close_round()
        for page, before in self.skipped.items():
            self.put(page, before)
        self.outcome, self.over, self.ended_ns = outcome, True, self.twin.now
        self.frozen = True
        if self.sending:
            self.stop_sending()
        if self.brownout is not None:
            self.brownout.end()
        self.stunning.end()
        for follower in self.twin.followers_of(self):
            self.twin.schedule(self.twin.now + follower.spec.at_ns, follower.request)

    # The pull of post-copy.

    def begin_pull(self) -> None:
        """Push what is missing: what the destination has not, or has in an older version."""
        self.missing = {
            page
            for page, state in enumerate(self.states)
            if state is not PageState.FREE
            and (page in self.dirty or self.there.get(page) != self.vm.version[page])
        }
        self.missing = {p for page in self.missing for p in self.pages_of(self.unit_of(page))}
        for page in self.missing:
            self.there.pop(page, None)
        self.unsent = sorted({self.unit_of(page) for page in self.missing})
        for page in sorted(self.missing):
            self.put(page, PageState.MISSING)
        self.vm.pull = self
        self.pulling = True
        if not self.missing:
            self.pulled_all()
            return
        if self.has_to_send():
            self.start_sending()

    def unit_of(self, page: int) -> int:
        """Return the page of the host that a page of the guest lies in."""
        return page // int(self.parameter("page_unit") or 1)

    def pages_of(self, unit: int) -> range:
        """Return the guest's pages in a page of the host."""
        size = int(self.parameter("page_unit") or 1)
        return range(unit * size, (unit + 1) * size)

    def pushes(self) -> bool:
        """Return whether anything is sent that nobody asked for."""
        return bool(self.parameter("push") != "none")

    def has_to_send(self) -> bool:
        """Return whether a page is to be sent as things stand."""
        asked = any(page in self.unsent for page in self.requests)
        return asked or (bool(self.unsent) and self.pushes())

    def lingers(self) -> bool:
        """Return whether it waits for the guest alone, so that the run does not wait for it."""
        return not self.over and self.pulling and not self.pushes() and bool(self.unsent)

    def last_ns(self) -> int:
        """Return from when on the rest of the run is counted, as far as this one says."""
        if self.lingers():
            assert self.resumed_ns is not None
            return self.resumed_ns
        return self.ended_ns or 0

    def choose_page(self) -> None:
        """Send the oldest request, or else the next unit; called at the end of an instant."""
        page = None
        while self.requests and page is None:
            asked = self.requests.pop(0)
            if asked in self.unsent:
                self.served.add(asked)
                self.faulted.update(self.pages_of(asked))
                page = asked
        if page is None:
            given = {name: self.parameter(name) for name in ("push", "direction")}
            if self.ahead is None:
                self.ahead = pushed_in_order(self.unsent, self.pivots, given)
            page = next(p for p in self.ahead if p in self.unsent)
            self.ahead = self.ahead[self.ahead.index(page) + 1 :]
        self.unsent.remove(page)
        self.on_wire = page
        self.twin.rates_may_change()
        for each in self.pages_of(page):
            self.put(each, PageState.IN_FLIGHT)
        self.sender.follow(PAGE_BITS * len(self.pages_of(page)))

    def page_through(self) -> None:
        """The link has carried a unit."""
        page = self.on_wire
        assert page is not None
        self.on_wire = None
        if not self.has_to_send():
            self.stop_sending()
        self.twin.schedule(
            self.twin.now + self.twin.spec.network.latency_ns,
            lambda: self.arrive(page),
            priority=self.twin.ARRIVE,
        )

    def arrive(self, page: int) -> None:
        """A unit is there: vCPUs that wait for a page of it go on."""
        if self.over:
            return
        for each in self.pages_of(page):
            assert each in self.missing and each not in self.there, "a page came twice"
            self.missing.remove(each)
            self.there[each] = self.vm.version[each]
            self.put(each, PageState.PULLED if each in self.faulted else PageState.PUSHED)
        self.vm.wake(self.pages_of(page))
        if not self.missing:
            self.pulled_all()

    def pulled_all(self) -> None:
        """The destination holds everything."""
        self.pulling = False
        self.vm.pull = None
        self.sending = False
        self.twin.rates_may_change()
        assert len(self.there) == self.vm.n_pages
        assert self.resumed_ns is not None
        activated = self.resumed_ns + self.twin.spec.stages.activation_ns
        self.after(max(0, activated - self.twin.now), self.release)

    def ask_for(self, page: int) -> None:
        """A vCPU stops at a missing page; its request travels."""
        latency, unit = self.twin.spec.network.latency_ns, self.unit_of(page)
        self.after(latency, lambda: self.asked_for(unit))

    def asked_for(self, page: int) -> None:
        """A request has reached the source."""
        if page not in self.unsent or page in self.requests:
            return
        self.requests.append(page)
        most = 1 if self.parameter("push") == "cursor" else self.parameter("pivots") or 1
        self.pivots = [page, *(p for p in self.pivots if p != page)][:most]
        self.ahead = None
        if not self.sending:
            self.start_sending()
        self.twin.rates_may_change()

    # What goes wrong.

    def timed_out(self) -> None:
        """Give up what has not been committed in time."""
        if not self.committed:
            self.give_up()

    def give_up(self) -> None:
        """Let the VM stay where it is."""
        self.end("does-not-converge")
        self.vm.go_on()

    def cancel(self) -> None:
        """Give up, if that can still be done."""
        if not self.committed:
            self.end("cancelled")
            self.vm.go_on()

    def lacks_pages(self) -> bool:
        """Return whether a committed post-copy still needs its source."""
        return self.policy in PULLING_POLICIES and (self.resumed_ns is None or bool(self.missing))

    def broken(self, *, source_lives: bool, destination_lives: bool) -> None:
        """A link or a host of this migration is gone."""
        if not self.committed:
            self.end("failed" if source_lives else "lost")
            if source_lives:
                self.vm.go_on()
        elif self.lacks_pages() or not destination_lives:
            self.end("lost")
            self.vm.die()
