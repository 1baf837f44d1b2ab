"""What a scenario holds at instants: dated changes, faults and notes, one by one."""

from typing import Literal

from msgspec import Struct

from engine.scenario import Scenario, exact_duration, scenario_from_document
from engine.scenario_paths import Document
from engine.units import format_duration_ns

Kind = Literal["changes", "faults", "notes"]


class Dated(Struct, frozen=True):
    """An entry of a scenario at an instant.

    Attributes:
        kind: The list in the file that it stands in.
        index: Its place there.
        at_ns: Scenario time.
        text: What it says, in words.
    """

    kind: Kind
    index: int
    at_ns: int
    text: str


def dated_entries(scenario: Scenario) -> list[Dated]:
    """Return all entries, sorted by time; at one instant changes, then faults, then notes."""
    spec = scenario.spec
    found = [
        Dated("changes", i, change.at_ns, ", ".join(f"{k} = {v}" for k, v in change.set.items()))
        for i, change in enumerate(spec.changes)
    ]
    found += [Dated("faults", i, f.at_ns, f"{f.kind} {f.on}") for i, f in enumerate(spec.faults)]
    found += [Dated("notes", i, n.at_ns, n.text) for i, n in enumerate(spec.notes)]
    return sorted(found, key=lambda entry: entry.at_ns)


def entry_words(entry: Dated) -> str:
    """Return an entry for a menu: "the change at 6 s: network.bandwidth = 500 Mbit/s"."""
    what = {"changes": "change", "faults": "fault", "notes": "note"}[entry.kind]
    return f"the {what} at {format_duration_ns(entry.at_ns)}: {entry.text}"


def without_entry(scenario: Scenario, entry: Dated) -> Scenario:
    """Return a scenario without one of its entries.

    Raises:
        ScenarioError: What is left makes no valid scenario.
    """
    kept = list(scenario.document[entry.kind])
    del kept[entry.index]
    return _with_list(scenario, entry.kind, kept)


def with_note(scenario: Scenario, at_ns: int, text: str, instead: Dated | None = None) -> Scenario:
    """Return a scenario with a note.

    Args:
        scenario: Any.
        at_ns: Scenario time.
        text: What it says.
        instead: The note that it replaces.

    Raises:
        ScenarioError: The text is empty or too long.
    """
    kept = list(scenario.document.get("notes", []))
    if instead is not None:
        del kept[instead.index]
    times = [note.at_ns for i, note in enumerate(scenario.spec.notes)
             if instead is None or i != instead.index]
    kept.insert(sum(t <= at_ns for t in times), {"at": exact_duration(at_ns), "text": text})
    return _with_list(scenario, "notes", kept)


def _with_list(scenario: Scenario, kind: Kind, entries: list[Document]) -> Scenario:
    document = {k: v for k, v in scenario.document.items() if k != kind}
    if entries:
        document[kind] = entries
    return scenario_from_document(document, scenario.name, scenario)
