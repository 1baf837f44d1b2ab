"""Web clients of a VM: a transfer that takes what the link leaves, and TCP's time-outs.

Source of the retransmission times: RFC 6298, the time-out doubles (0.2, 0.6, 1.4 s ... after the
first lost segment for a least time-out of 0.2 s).
"""

from msgspec import Struct, field

from engine.network import Flow, PiecewiseSeries
from engine.specs import ProbeSpec


def resumed_after(stopped_ns: int, ready_ns: int, min_timeout_ns: int) -> int:
    """Return when TCP tries again first at or after `ready_ns`, having lost from `stopped_ns` on.

    Args:
        stopped_ns: When the first segment was lost.
        ready_ns: When segments arrive again.
        min_timeout_ns: The least retransmission time-out.
    """
    again_ns, timeout_ns = stopped_ns, min_timeout_ns
    while True:
        again_ns += timeout_ns
        if again_ns >= ready_ns:
            return again_ns
        timeout_ns *= 2


class WebClient(Struct):
    """One web probe while the run goes on.

    Attributes:
        name: Name of its flow.
        spec: The probe.
        serving: Whether data flows.
        stopped_ns: Since when it does not.
        link_lost: Whether a link was down since then.
        ticket: Of the planned start.
        rate: What it got, bit/s of stream.
    """

    name: str
    spec: ProbeSpec
    serving: bool = True
    stopped_ns: int = 0
    link_lost: bool = False
    ticket: int | None = None
    rate: PiecewiseSeries = field(default_factory=PiecewiseSeries)

    def flow(self, host: str) -> Flow:
        """Return its flow while the VM is on `host`."""
        side = "tx" if self.spec.sender == "vm" else "rx"
        return Flow(self.name, (f"{side}:{host}",), self.spec.rate_bps)

    def stop(self, t_ns: int) -> None:
        """Nothing gets through from `t_ns` on."""
        if self.serving:
            self.serving, self.stopped_ns, self.link_lost = False, t_ns, False

    def starts_ns(self, ready_ns: int) -> int:
        """Return when data flows again, if segments get through from `ready_ns` on."""
        if self.spec.sender == "vm" and not self.link_lost:
            return ready_ns
        return resumed_after(self.stopped_ns, ready_ns, self.spec.min_timeout_ns)
