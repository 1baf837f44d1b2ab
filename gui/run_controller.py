"""The run controller: the only module of the window that simulates.

What takes longer than a frame runs in a worker process: not in a thread, because a thread of many
small numpy calls keeps the interpreter lock from the animation. What is shorter than a frame runs
here, because the way to the worker and back would take as long again. The latest request wins:
while a slider moves, what is outdated is dropped.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from engine.errors import ScenarioError
from engine.history import History
from engine.scenario import Scenario
from engine.specs import ScenarioSpec
from gui.background import end_with_parent

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

    from engine.model_rows import ConvergenceFrontier, ModelRow

    Run = tuple[History, int]
    ModelAnswer = tuple[list[ModelRow], ConvergenceFrontier | None]

BUG_SENTENCE: Final = (
    "The simulation stopped with a bug of ours ({kind}: {details}); please report it with the "
    "scenario file."
)
BRIEF_NS: Final = 20_000_000
"""A run that takes at most so long, a frame at 50 a second, is made in this process."""
OPENING_NS: Final = 40_000_000
"""So long the window may stand still for a run that something is opened with."""
BRIEF_PAGES: Final = 1 << 19
"""Above so many pages (2 GiB) a single event of a run may take longer than that."""

PATIENCE_MS: Final = 2000
"""A run that is still under way so long after a newer one was asked for is ended."""
MEMORY_SHARE: Final = 0.4
"""So much of the machine's memory a run may take at most."""
TOO_LARGE: Final = (
    "The run needs more memory than there is: fewer writes a second, a faster link or a smaller VM "
    "make it shorter."
)


def _prepare_worker() -> None:
    """Let the worker import what it needs before the first request, and end with the program."""
    end_with_parent()
    _bound_memory()
    import engine.simulation  # noqa: F401


def _bound_memory() -> None:
    """Let a run that asks for too much memory fail by itself, before the machine stands still."""
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return
    most = int(MEMORY_SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or most <= hard:
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _warm_up() -> None:
    """Do nothing: the worker starts with the first task."""


def simulate_spec(spec: ScenarioSpec) -> Run:
    """Simulate, in this process; views need the samples that large memories are shown by.

    Returns:
        The run, and the nanoseconds that it took.

    Raises:
        ScenarioError: It cannot be run, or not with the memory that there is.
    """
    from engine.sampling import add_samples
    from engine.simulation import simulate

    begin_ns = time.perf_counter_ns()
    try:
        history = simulate(spec)
        add_samples(history)
    except MemoryError:
        raise ScenarioError([TOO_LARGE]) from None  # the frames of the run hold what it has taken
    return history, time.perf_counter_ns() - begin_ns


def simulate_briefly(spec: ScenarioSpec, room_ns: int) -> Run | None:
    """Simulate, in this process, what is over within so many nanoseconds.

    Returns:
        The run, and the nanoseconds that it took; None if there was not time enough.

    Raises:
        ScenarioError: It cannot be run.
    """
    from engine.sampling import add_samples
    from engine.simulation import simulate_while

    begin_ns = time.perf_counter_ns()
    history = simulate_while(spec, lambda: time.perf_counter_ns() < begin_ns + room_ns)
    if history is None:
        return None
    add_samples(history)
    return history, time.perf_counter_ns() - begin_ns


def _n_pages(scenario: Scenario) -> int:
    return sum(vm.n_pages for vm in scenario.spec.vms)


def bug_sentence(error: BaseException) -> str:
    """Return what is said of a run that ended with an error of ours."""
    return BUG_SENTENCE.format(kind=type(error).__name__, details=error)


def _models(spec: ScenarioSpec, request: int) -> ModelAnswer:
    from engine.model_rows import frontier_for, models_for

    migration = spec.migrations[request]
    vm = next(vm for vm in spec.vms if vm.name == migration.vm)
    return models_for(spec, vm, migration), frontier_for(spec, vm, migration)


class RunController(QObject):
    """Simulates scenarios, one at a time: in a worker process, or here if they are brief.

    Attributes:
        run_finished: With the `Scenario` that was asked for and its `History`.
        run_failed: With the `Scenario` and its faults, one sentence each.
        models_finished: With the spec, the request's number, what closed-form models say (rows),
            and the convergence frontier (or None).
    """

    run_finished = Signal(object, object)
    run_failed = Signal(object, object)
    models_finished = Signal(object, object, object, object)
    _here_wanted = Signal()
    _arrived = Signal(object, object)
    _models_arrived = Signal(object, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        """Make a controller; the worker starts with `warm_up` or the first request."""
        super().__init__(parent)
        self._executor: ProcessPoolExecutor | None = None
        self._running: Scenario | None = None
        self._waiting: Scenario | None = None
        self._given_up: Scenario | None = None
        self._aside: weakref.ref[Future[Run]] | None = None
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._give_up)
        self._models_wanted: tuple[ScenarioSpec, int] | None = None
        self._closed = False
        self._brief = False
        self._soon = False
        # Queued: it comes before the window paints what the edit alone has changed.
        self._here_wanted.connect(self._run_here, Qt.ConnectionType.QueuedConnection)
        # The future is done in a thread of the executor, which has unpickled the history there.
        self._arrived.connect(self._on_arrived, Qt.ConnectionType.QueuedConnection)
        self._models_arrived.connect(
            self._on_models_arrived, Qt.ConnectionType.QueuedConnection
        )

    @property
    def busy(self) -> bool:
        """Return whether a run is under way or waits."""
        return self._running is not None

    def warm_up(self) -> None:
        """Start the worker, so that the first edit does not wait for it."""
        if not self._closed:
            self._pool().submit(_warm_up)
            if self._models_wanted is not None:
                self.request_models(*self._models_wanted)

    def request(self, scenario: Scenario) -> None:
        """Simulate a scenario; a request that has not begun yet is dropped for it."""
        if self._closed:
            return
        if self._soon:
            self._running = scenario
        elif self._running is not None:
            self._waiting = scenario
            if not self._patience.isActive():
                self._patience.start()
        else:
            self._start(scenario)

    def request_models(self, spec: ScenarioSpec, request: int) -> None:
        """Ask closed-form models about a migration; the worker answers when it has time.

        Nothing happens while a run is under way: a run goes first. Before there is a worker the
        newest wish waits for `warm_up`.

        Args:
            spec: The scenario.
            request: The migration's number in it.
        """
        self._models_wanted = (spec, request) if self._executor is None else None
        if self._closed or self.busy or self._executor is None:
            return
        try:
            future = self._executor.submit(_models, spec, request)
        except BrokenExecutor:
            self._executor = None
            return

        def emit(future: Future[ModelAnswer]) -> None:
            if not self._closed and not future.cancelled():
                self._models_arrived.emit(spec, request, future)

        future.add_done_callback(emit)

    def simulate_now(self, scenario: Scenario) -> History:
        """Simulate here and wait for it: for the first picture, screenshots and tests.

        Raises:
            ScenarioError: The scenario cannot be run.
        """
        history, took_ns = simulate_spec(scenario.spec)
        self._brief = took_ns <= BRIEF_NS
        return history

    def simulate_at_once(self, scenario: Scenario, *, share: int = 1) -> History | None:
        """Simulate here and wait for it, if that is over in a moment; None if it is not.

        Args:
            scenario: What is run.
            share: It may take one part in so many of the usual time: more is done in that turn.

        Raises:
            ScenarioError: The scenario cannot be run.
        """
        if _n_pages(scenario) > BRIEF_PAGES:
            return None
        run = simulate_briefly(scenario.spec, OPENING_NS // share)
        if run is None:
            return None
        history, took_ns = run
        self._brief = took_ns <= BRIEF_NS
        return history

    def simulate_aside(self, scenario: Scenario) -> Future[Run]:
        """Have the worker make a run that is not one of the scenario in force.

        Returns:
            Done, in another thread, with the run and the nanoseconds that it took.
        """
        self._brief = False
        future = self._submit(scenario)
        self._aside = weakref.ref(future)  # until it is done the executor holds it, then nobody
        return future

    def close(self) -> None:
        """Stop the worker; nothing is emitted any more."""
        self._closed = True
        self._patience.stop()
        self._running = self._waiting = None
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def _pool(self) -> ProcessPoolExecutor:
        if self._executor is None:
            # Here, not above: the window is on screen before a worker is made.
            import multiprocessing
            from concurrent.futures import ProcessPoolExecutor

            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(
                1, mp_context=context, initializer=_prepare_worker
            )
        return self._executor

    def _start(self, scenario: Scenario) -> None:
        """Begin a run: soon and here if the one before was brief, at the worker's otherwise."""
        self._running = scenario
        if self._brief and _n_pages(scenario) <= BRIEF_PAGES:
            self._soon = True
            self._here_wanted.emit()
        else:
            self._send(scenario)

    def _run_here(self) -> None:
        """Make the run that is asked for, unless it turns out to be a long one."""
        scenario, self._soon = self._running, False
        if scenario is None:
            return
        from concurrent.futures import Future

        future: Future[Run] = Future()
        try:
            run = simulate_briefly(scenario.spec, 2 * BRIEF_NS)
        except Exception as error:  # told as those of the worker are
            future.set_exception(error)
        else:
            if run is None:
                self._brief = False
                self._send(scenario)
                return
            future.set_result(run)
        # Queued too: the event loop turns between the run and its showing.
        self._arrived.emit(scenario, future)

    def _send(self, scenario: Scenario) -> None:
        """Have the worker make a run."""
        self._submit(scenario).add_done_callback(self._callback(scenario))

    def _submit(self, scenario: Scenario) -> Future[Run]:
        try:
            return self._pool().submit(simulate_spec, scenario.spec)
        except BrokenExecutor:
            # The worker died while it was idle: another one takes over.
            self._executor = None
            return self._pool().submit(simulate_spec, scenario.spec)

    def _give_up(self) -> None:
        """End a run that nobody waits for any more, and the worker with it."""
        executor = self._executor
        if self._waiting is None or executor is None:
            return
        aside = None if self._aside is None else self._aside()
        if aside is not None and not aside.done():
            self._patience.start()  # something is being opened: that one is waited for
            return
        self._executor, self._given_up = None, self._running
        # WORKAROUND for Python below 3.14: an executor cannot end its processes; remove when
        # `terminate_workers` can be called.
        for process in list(executor._processes.values()):
            process.terminate()
        executor.shutdown(wait=False, cancel_futures=True)

    def _callback(self, scenario: Scenario) -> Callable[[Future[Run]], None]:
        def emit(future: Future[Run]) -> None:
            if not self._closed:
                self._arrived.emit(scenario, future)

        return emit

    def _on_models_arrived(
        self, spec: ScenarioSpec, request: int, future: Future[ModelAnswer]
    ) -> None:
        if not self._closed and future.exception() is None:
            rows, frontier = future.result()
            self.models_finished.emit(spec, request, rows, frontier)

    def _on_arrived(self, scenario: Scenario, future: Future[Run]) -> None:
        given_up = scenario is self._given_up
        if self._closed or (future.cancelled() and not given_up):
            return
        self._patience.stop()
        waiting, self._waiting, self._running = self._waiting, None, None
        error = None if future.cancelled() else future.exception()
        if given_up:
            self._given_up = None
        elif isinstance(error, BrokenExecutor):
            self._executor = None
        if waiting is not None:
            self._start(waiting)
        if given_up:
            return  # that it was ended is nobody's fault
        if error is None:
            history, took_ns = future.result()
            self._brief = took_ns <= BRIEF_NS
            self.run_finished.emit(scenario, history)
        elif isinstance(error, ScenarioError):
            self.run_failed.emit(scenario, error.faults)
        else:
            self.run_failed.emit(scenario, (bug_sentence(error),))
