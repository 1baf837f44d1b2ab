"""What the page view says beside its grids, in words and figures."""

from typing import Final

from engine.history import History, MigrationRecord, VmFrame
from engine.metrics import outcome_text
from engine.policies import parameters_of, round_limit
from engine.states import PENDING, PageState
from engine.units import format_count
from gui.views.page_lens import Lens

HEAT_WORDS: Final = ("marked: written in the last 0.5 s", "dim", 11)
ARRIVED: Final = (
    PageState.UP_TO_DATE,
    PageState.SENT_WHILE_STOPPED,
    PageState.PULLED,
    PageState.PUSHED,
)

FEWEST_CELLS: Final = 1000
"""A grid has more, as long as it is no smaller than a hand."""


class PageWords:
    """Words about one run."""

    def __init__(self, history: History) -> None:
        """Take the run."""
        self._history = history

    def migration(self, vm: VmFrame) -> MigrationRecord | None:
        """Return the migration that the words are about: the newest, or the first to come."""
        if vm.migration is not None:
            return self._history.migrations[vm.migration]
        ours = [m for m in self._history.migrations if m.vm == vm.name]
        return ours[0] if ours else None

    def source_note(self, shown: str, lens: Lens, per_cell: int, counts: list[int]) -> str:
        """Return what is at the source.

        Args:
            shown: The condition, as the page view names it.
            lens: Which pages are shown.
            per_cell: Pages in a cell.
            counts: Pages in each state.
        """
        if shown == "arrived":
            return "memory released"
        if not lens.is_whole:
            part = f"pages {format_count(lens.first)} to {format_count(lens.last)}"
            return f"{part} of {format_count(lens.n_pages)}"
        cell = "1 page a cell" if per_cell == 1 else f"{per_cell} to a cell"
        dirty = counts[PageState.DIRTY_AGAIN] + counts[PageState.SKIPPED]
        tail = f" · {format_count(dirty)} dirty" if any(counts) else ""
        return f"{format_count(lens.n_pages)} pages, {cell}{tail}"

    def destination_note(self, shown: str, m: MigrationRecord | None, counts: list[int]) -> str:
        """Return what is at the destination; arguments as in `source_note`."""
        if m is None:
            return "no migration planned"
        if not any(counts):
            return "memory released" if shown == "stayed" else "nothing sent yet"
        missing = counts[PageState.MISSING]
        tail = f" · {format_count(missing)} missing" if missing else ""
        return f"{format_count(sum(counts[s] for s in ARRIVED))} up to date{tail}"

    def widest_notes(self, vm: str) -> tuple[str, str]:
        """Return the longest notes on source and destination that a run can have of a VM."""
        n_pages = self._history.vm(vm).spec.n_pages
        count, per_cell = format_count(n_pages), max(999, n_pages // FEWEST_CELLS)
        ours = [m for m in self._history.migrations if m.vm == vm]
        pulls = any(phase.name == "pull" for m in ours for phase in m.phases)
        missing = f" · {count} missing" if pulls else ""
        source = f"{count} pages, {per_cell} to a cell · {count} dirty"
        return source, f"{count} up to date{missing}"

    def middle(
        self, vm: VmFrame, m: MigrationRecord | None, counts: list[int], t_ns: int
    ) -> tuple[str, tuple[tuple[str, str, int], ...]]:
        """Return the arrow, and lines of (text, colour, size), for the column between."""
        if m is None or t_ns < m.requested_ns:
            return "", (("at rest", "ink", 14), HEAT_WORDS)
        if m.ended_ns is not None and t_ns >= m.ended_ns:
            ended = (outcome_text(m.outcome), "ink", 14)
            if vm.status == m.outcome:  # lost: said once
                return "done", (ended,)
            where = f"runs on {vm.host}" if vm.status == "running" else vm.status
            return "done", (ended, (where, "dim", 12), HEAT_WORDS)
        lines: list[tuple[str, str, int]] = [(vm.phase or "", "ink", 14)]
        if vm.round is not None:
            lines.append((self._round_text(m, vm), "dim", 12))
        left = sum(counts[s] for s in PENDING)
        if any(counts):
            # Some of them are dirty again: more than what is left of the round.
            to_come = "to come" if counts[PageState.MISSING] else "to send"
            lines.append((f"{format_count(left)} pages {to_come}", "dim", 12))
        if counts[PageState.SKIPPED]:
            skipped = format_count(counts[PageState.SKIPPED])
            lines.append((f"{skipped} skipped, dirty again", "warn", 12))
        if counts[PageState.PULLED]:
            lines.append((f"{format_count(counts[PageState.PULLED])} pulled on faults", "dim", 12))
        arrow = "pull" if counts[PageState.MISSING] else "push"
        return (arrow if any(counts) else ""), tuple(lines)

    def _round_text(self, m: MigrationRecord, vm: VmFrame) -> str:
        assert vm.round is not None
        if not vm.round.live:
            return "last copy, the VM stands still"
        given = next(
            (
                spec.parameters
                for spec in self._history.spec.migrations
                if spec.vm == m.vm and spec.at_ns == m.requested_ns and spec.policy == m.policy
            ),
            {},
        )
        most = round_limit(parameters_of(m.policy, given))
        return f"round {vm.round.number}" + (f" of at most {most}" if most else "")
