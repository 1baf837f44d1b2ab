"""The network follows a VM: from its resume until the switch has learned the new port.

Any frame from the new port teaches the switch; announcements exist so that there is one.
Sources: Clark et al. 2005, section 3.2; QEMU net/announce.c; DESIGN.md, section 3.
"""

from collections.abc import Callable

from engine.events import EventKind
from engine.world import Guest, World

Note = Callable[..., None]


class Handover:
    """One handover; it ends when the VM is reachable, or runs there no more."""

    def __init__(
        self,
        world: World,
        guest: Guest,
        *,
        suspended_ns: int,
        note: Note,
        reached: Callable[[], None],
    ) -> None:
        """Prepare the handover of a guest that has just been resumed.

        Args:
            world: The pool.
            guest: The VM, placed on its new host.
            suspended_ns: When the old port fell silent.
            note: Records an event of the migration.
            reached: Called at the instant at which the VM is reachable.
        """
        self._world, self._guest, self._note, self._reached = world, guest, note, reached
        self._suspended_ns = suspended_ns
        self._turn = guest.turns
        network = world.spec.network
        self._delay_ns = network.latency_ns + network.relearn_delay_ns
        self._taught = False

    def begin(self, announcements_ns: tuple[int, ...]) -> None:
        """Plan every frame that may teach the switch, counted from now."""
        world, now = self._world, self._world.now_ns
        for after_ns in announcements_ns:
            if after_ns == 0:
                self._announce()
            else:
                world.queue.push(now + after_ns, self._announce)
        for frame_ns in self._guest.own_frames(now):
            world.queue.push(frame_ns, self._frame)
        aged_ns = self._suspended_ns + world.spec.network.mac_age_ns - self._delay_ns
        world.queue.push(max(now, aged_ns), self._teach)

    def _there(self) -> bool:
        return self._guest.turns == self._turn

    def _announce(self) -> None:
        if not self._there():
            return
        guest = self._guest
        lost = guest.announcements_to_lose > 0
        guest.announcements_to_lose -= int(lost)
        if lost or self._world.link_is_down(guest.host):
            self._note(EventKind.ANNOUNCEMENT_LOST, host=guest.host)
            return
        self._note(EventKind.ANNOUNCED, host=guest.host)
        self._teach()

    def _frame(self) -> None:
        if self._there() and not self._world.link_is_down(self._guest.host):
            self._teach()

    def _teach(self) -> None:
        if self._taught or not self._there():
            return
        self._taught = True
        self._world.queue.push(self._world.now_ns + self._delay_ns, self._reach)

    def _reach(self) -> None:
        if self._there():
            self._reached()
