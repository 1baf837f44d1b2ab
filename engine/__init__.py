"""Migrascope's engine: a page-accurate simulator of live VM migration, without Qt.

For programs of one's own: `API.md` beside this file is a worked example, and a test runs it.
What `__all__` names is imported when it is first asked for, so that `import engine` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from engine.errors import MigrascopeError, ScenarioError
    from engine.history import Frame, History, MigrationRecord, VmFrame
    from engine.instants import instant_ns
    from engine.metrics import downtime_ns, service_gap_ns, summarize, total_time_ns
    from engine.scenario import Scenario, bundled_scenarios, load_scenario
    from engine.simulation import simulate
    from engine.states import PageState
    from engine.tables import Table, csv_text, json_text, table_of

__version__ = "0.1.0"

__all__ = [
    "Frame", "History", "MigrascopeError", "MigrationRecord", "PageState", "Scenario",
    "ScenarioError", "Table", "VmFrame", "bundled_scenarios", "csv_text", "downtime_ns",
    "instant_ns", "json_text", "load_scenario", "service_gap_ns", "simulate", "summarize",
    "table_of", "total_time_ns",
]  # fmt: skip

_HOMES: Final = {
    "errors": ("MigrascopeError", "ScenarioError"),
    "history": ("Frame", "History", "MigrationRecord", "VmFrame"),
    "instants": ("instant_ns",),
    "metrics": ("downtime_ns", "service_gap_ns", "summarize", "total_time_ns"),
    "scenario": ("Scenario", "bundled_scenarios", "load_scenario"),
    "simulation": ("simulate",),
    "states": ("PageState",),
    "tables": ("Table", "csv_text", "json_text", "table_of"),
}
"""Which module each public name lives in."""


def __getattr__(name: str) -> Any:
    """Import a public name from where it lives."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"engine.{module}"), name)
    raise AttributeError(f"module 'engine' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return what there is, the names not yet imported included."""
    return sorted({*globals(), *__all__})
