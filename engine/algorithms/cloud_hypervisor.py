"""Pre-copy of Cloud Hypervisor: rounds until the rest would fit into the downtime allowed.

The estimate is naive on purpose, as its source has it: pages that are due now at the bandwidth of
the newest round, without the device state.
"""

from typing import Final

from engine.migration import GiveUp, Migration, Process

MS_NS: Final = 10**6
SECOND_NS: Final = 10**9


class DowntimeEstimate:
    """When what is due takes no longer than the downtime allowed, or time is up.

    Source: cloud-hypervisor vmm/src/lib.rs, is_precopy_converged; vm-migration/src/context.rs.
    """

    def __init__(self, *, limit_ns: int, timeout_ns: int) -> None:
        """Take the downtime allowed, and after how long of copying to stop or to give up."""
        self._limit_ns, self._timeout_ns = limit_ns, timeout_ns

    def reason(
        self, *, due_pages: int, sent_pages: int, transfer_ns: int, elapsed_ns: int
    ) -> str | None:
        """Return why the live rounds are over, or None to go on.

        Args:
            due_pages: Pages dirty now.
            sent_pages: Pages of the newest round.
            transfer_ns: How long they were on their way, reading the bitmap left out.
            elapsed_ns: Since the copying began.
        """
        # A round of no pages measures no bandwidth. W(D) / b is due x transfer / sent: no page's
        # size is in it, and no rounding.
        fits = sent_pages > 0 and due_pages * transfer_ns <= self._limit_ns * sent_pages
        if due_pages == 0 or fits:
            return "downtime-limit"
        return "timeout" if elapsed_ns >= self._timeout_ns else None


def cloud_hypervisor(m: Migration) -> Process:
    """Copy in rounds; stop by the estimate; at the timeout stop all the same, or give up.

    The pages that were due at the decision are not sent live: they join what the guest writes
    until it is paused. A second reading of the bitmap follows the last copy; nothing writes
    meanwhile, so it costs a reading and sends nothing.

    Source: cloud-hypervisor vmm/src/lib.rs, do_memory_iterations and send_migration.
    """
    timeout_s = int(m.parameters["timeout"])
    estimate = DowntimeEstimate(
        limit_ns=int(m.parameters["downtime_limit"]) * MS_NS, timeout_ns=timeout_s * SECOND_NS
    )
    yield from m.reserve()
    m.begin_phase("push")
    pages = m.begin_copying(tracked=True)
    began_ns = m.now_ns
    while True:
        stats = yield from m.live_round(pages, None)
        reason = estimate.reason(
            due_pages=stats.dirty,
            sent_pages=stats.sent,
            transfer_ns=stats.duration_ns - m.stages.round_ns,
            elapsed_ns=m.now_ns - began_ns,
        )
        if reason is not None:
            break
        pages = m.clean()
    if reason == "timeout" and m.parameters["timeout_action"] == "cancel":
        yield GiveUp(f"its timeout of {timeout_s} s was over before the rest was small enough")
    yield from m.suspend(reason)
    yield from m.copy_while_stopped(m.clean(), None, readings=2)
    yield from m.commit()
    yield from m.activate()
