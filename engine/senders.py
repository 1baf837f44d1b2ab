"""What a migration puts on the link, behind one small interface (`world.Sender`)."""

from engine.pull import Pull
from engine.transfer import Pace, Transfer


class BatchSender:
    """A round of pages in batches."""

    def __init__(self, transfer: Transfer) -> None:
        """Send the transfer's pages."""
        self.transfer = transfer

    def set_rate(self, t_ns: int, rate_bps: int) -> None:
        """Go on at another rate; what is through is settled."""
        self.transfer.set_rate(t_ns, rate_bps)

    def own_limit_bps(self) -> int | None:
        """Return that it takes all that it gets."""
        return None

    def next_ns(self, t_ns: int) -> int:
        """Return the end of what is planned."""
        return self.transfer.next_ns()

    def on_wire(self, t_ns: int) -> bool:
        """Return whether it takes a share of the links."""
        return True

    def step(self, t_ns: int) -> bool:
        """Settle; return whether the round is over."""
        self.transfer.settle(t_ns)
        return self.transfer.ended_by(t_ns)


class BlobSender:
    """A number of bytes without pages: the device state."""

    def __init__(self, n_bytes: int, start_ns: int) -> None:
        """Send `n_bytes` from `start_ns` on."""
        self._pace = Pace(start_ns)
        self._pace.bits = n_bytes * 8

    def set_rate(self, t_ns: int, rate_bps: int) -> None:
        """Go on at another rate."""
        self._pace.turn(t_ns, rate_bps)

    def own_limit_bps(self) -> int | None:
        """Return that it takes all that it gets."""
        return None

    def next_ns(self, t_ns: int) -> int:
        """Return when all is through."""
        return self._pace.ready_ns()

    def on_wire(self, t_ns: int) -> bool:
        """Return whether it takes a share of the links."""
        return True

    def step(self, t_ns: int) -> bool:
        """Return whether all is through."""
        return self._pace.ready_ns() <= t_ns


class PullSender:
    """The pull phase: pushed and requested pages."""

    def __init__(self, pull: Pull) -> None:
        """Send the pull's missing pages."""
        self.pull = pull

    def set_rate(self, t_ns: int, rate_bps: int) -> None:
        """Go on at another rate."""
        self.pull.set_rate(t_ns, rate_bps)

    def own_limit_bps(self) -> int | None:
        """Return the limit of pushed pages while nothing was asked for."""
        return self.pull.own_limit_bps

    def next_ns(self, t_ns: int) -> int:
        """Return the next fault, request or arrival that matters."""
        return self.pull.next_ns(t_ns)

    def on_wire(self, t_ns: int) -> bool:
        """Return whether it takes a share of the links: not while the last page arrives."""
        return self.pull.on_wire_at(t_ns)

    def step(self, t_ns: int) -> bool:
        """Do what is due; return whether every page is there."""
        self.pull.step(t_ns)
        return self.pull.finished_by(t_ns)
