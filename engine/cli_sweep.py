"""The command `sweep`: many runs over one or two parameters and some policies."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from engine.errors import MigrascopeError
from engine.scenario import load_scenario
from engine.sweep import FIGURES, NUMBERS, SweepResult, plan_sweep, run_sweep
from engine.whole_file import write_whole
from engine.worker_processes import worker_processes


class SweepError(MigrascopeError):
    """A sweep cannot be run here, in one sentence."""


class SerialExecutor(Executor):
    """Runs everything at once, here: one process, no thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a function and return its finished future."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@click.command("sweep")
@click.argument("scenario", metavar="FILE|NAME")
@click.option(
    "--vary", "axes", multiple=True, metavar="PATH=FROM:TO:COUNT[:log]", required=True,
    help="A parameter and its values, or PATH=A,B,C; once or twice.",
)
@click.option("--policy", "policies", multiple=True, metavar="P", help="Also under this policy.")
@click.option("--set", "values", metavar="PATH=VALUE", multiple=True, help="Change a value.")
@click.option("--vm", default="", help="Whose migration counts; the first one else.")
@click.option(
    "--figure", type=click.Choice(FIGURES), default="downtime_s", show_default=True,
    help="What the printed table shows; files hold all.",
)
@click.option("--jobs", type=click.IntRange(1, 256), default=None, help="Runs at once; all cores.")
@click.option(
    "--executor", "kind", default="processes", show_default=True,
    metavar="processes|threads|serial|dask[:ADDRESS]", help="What runs them.",
)
@click.option("-o", "--output", metavar="OUT.{csv,json}", help="Write all figures there.")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def sweep_command(
    scenario: str, axes: Sequence[str], policies: Sequence[str], values: Sequence[str], vm: str,
    figure: str, jobs: int | None, kind: str, output: str | None, as_json: bool,
) -> None:
    """Run a scenario over a grid of values."""
    if output is not None and not output.endswith((".csv", ".json")):
        raise SweepError(f'-o {output}: use a name that ends in ".csv" or ".json"')
    base = load_scenario(scenario)
    pairs = [_pair(text) for text in values]
    plan = plan_sweep(base.with_values(pairs) if pairs else base, axes, policies, vm)
    workers = jobs or os.cpu_count() or 1
    with executor_of(kind, workers) as executor:
        result = run_sweep(plan, executor, workers=workers, progress=_progress())
    if output is not None:
        _write(Path(output), result.to_csv() if output.endswith(".csv") else result.to_json())
    if as_json:
        click.echo(result.to_json(), nl=False)
    elif output is None:
        click.echo(_table(result, figure))


def _pair(text: str) -> tuple[str, str]:
    path, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set {text}: use PATH=VALUE")
    return path.strip(), value.strip()


@contextmanager
def executor_of(kind: str, workers: int) -> Iterator[Executor]:
    """Yield an executor by its name; what is under way is given up when the caller fails.

    Args:
        kind: processes, threads, serial, dask (a cluster on this machine) or dask:ADDRESS.
        workers: How many at once.

    Raises:
        SweepError: There is no such executor, or Dask is not installed or not reached.
    """
    if kind == "serial":
        yield SerialExecutor()
        return
    if kind == "dask" or kind.startswith("dask:"):
        with _dask(kind.partition(":")[2], workers) as executor:
            yield executor
        return
    if kind not in ("processes", "threads"):
        raise SweepError(f"--executor {kind}: use processes, threads, serial or dask[:ADDRESS]")
    if kind == "processes":
        with worker_processes(workers, _leave_interrupts) as executor:
            yield executor
        return
    threads = ThreadPoolExecutor(workers)
    try:
        yield threads
    finally:
        threads.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _dask(address: str, workers: int) -> Iterator[Executor]:
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise SweepError(
            "--executor dask: Dask is not installed; install migrascope[dask]"
        ) from error
    if address:
        try:
            client = Client(address, timeout="5s")
        except (OSError, TimeoutError, ValueError) as error:
            raise SweepError(f"--executor dask:{address}: no scheduler answers there") from error
        with client:
            yield client.get_executor()
        return
    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None, processes=True
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor()


def _leave_interrupts() -> None:
    """Let Ctrl+C be for the command alone, which then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _progress() -> Callable[[int, int], None]:
    """Return what tells how far it is, on a terminal alone."""
    if not sys.stderr.isatty():
        return lambda done, total: None

    def tell(done: int, total: int) -> None:
        end = "\n" if done == total else ""
        print(f"\r{done:,} of {total:,} runs", end=end, file=sys.stderr, flush=True)

    return tell


def _table(result: SweepResult, figure: str) -> str:
    """Return one figure as a table: a line a value, or a line and a column for two parameters."""
    plan, found = result.plan, result.column(figure)
    parts = []
    per_policy = len(found) // len(plan.policies)
    for i, policy in enumerate(plan.policies):
        mine = found[i * per_policy : (i + 1) * per_policy]
        head = f"{figure}{f', {policy}' if policy else ''}"
        rows = plan.axes[0].values
        columns = plan.axes[1].values if len(plan.axes) > 1 else ("",)
        lines = [[head, *columns]]
        for r, name in enumerate(rows):
            line = mine[r * len(columns) : (r + 1) * len(columns)]
            lines.append([name, *(_cell(figure, value) for value in line)])
        widths = [max(len(line[c]) for line in lines) for c in range(len(lines[0]))]
        parts.append("\n".join(
            "  ".join(f"{cell:>{w}}" for cell, w in zip(line, widths, strict=True))
            for line in lines
        ))  # fmt: skip
    return "\n\n".join(parts)


def _cell(figure: str, value: Any) -> str:
    if value is None:
        return "-"
    if figure in NUMBERS and isinstance(value, float):
        return f"{value:.4g}"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else (
        str(value)
    )


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise SweepError(f"-o {path}: cannot be written: {error.strerror}") from error
