"""The command `trace`: records which pages a real program writes, as the workload of a VM."""

import sys
from pathlib import Path
from typing import Final

import click

from engine import units
from engine.tracing import kernel, recorder, scenario_file, target, trace_file

_SHORTEST_NS: Final = 1_000_000


class _TraceCommand(click.Command):
    """Options may stand behind a PID; behind a COMMAND they are the command's own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, a second time where options follow a PID."""
        given = list(args)
        result = super().parse_args(ctx, args)
        words: tuple[str, ...] = ctx.params.get("program") or ()
        before = given[: len(given) - len(words)]
        if len(words) > 1 and words[0].isdecimal() and "--" not in before:
            ctx.params.clear()
            result = super().parse_args(ctx, [*before, *words[1:], words[0]])
        return result


def _duration(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return an option's duration in ns, None where it is not given."""
    if value is None:
        return None
    try:
        found = units.parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(f'"{value}": {error}, as in 100ms', ctx, param) from error
    if found < _SHORTEST_NS:
        raise click.BadParameter(f'"{value}": must be 1 ms or more', ctx, param)
    return found


@click.command(
    "trace",
    cls=_TraceCommand,
    context_settings={"allow_interspersed_args": False, "help_option_names": ["-h", "--help"]},
)
@click.argument("program", nargs=-1, type=click.UNPROCESSED, metavar="PID|COMMAND...")
@click.option("-o", "output", metavar="OUT.npz", help="Keep the recording in this file.")
@click.option(
    "--scenario",
    "scenario",
    metavar="OUT.toml",
    help="Write a scenario whose VM does the same; without -o the recording lies beside it.",
)
@click.option(
    "--interval",
    "interval_ns",
    metavar="TIME",
    callback=_duration,
    default="100ms",
    show_default=True,
    help="Time from look to look.",
)
@click.option(
    "--duration",
    "duration_ns",
    metavar="TIME",
    callback=_duration,
    help="Stop after this time; without it at the program's end or at Ctrl+C.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as a JSON object.")
def trace_command(
    program: tuple[str, ...],
    output: str | None,
    scenario: str | None,
    interval_ns: int,
    duration_ns: int | None,
    as_json: bool,
) -> int:
    """Record which pages a program writes in every interval (Linux).

    The program is a running process, by its PID, or a COMMAND to start, which is ended with the
    recording. Attaching changes nothing in it. Only that one process is seen, not its children.
    """
    if not program:
        raise click.UsageError("trace: name a PID or a COMMAND")
    if duration_ns is not None and duration_ns < interval_ns:
        raise click.UsageError("--duration: is shorter than one --interval")
    kernel.check_platform()
    paths = _paths(output, scenario)
    for path in paths:
        if path is not None:
            trace_file.check_writable(path)
    by_pid = len(program) == 1 and program[0].isdecimal()
    if len(program) > 1 and program[0].isdecimal():
        raise click.UsageError(f"trace {program[0]}: takes nothing behind a PID but options")
    sys.stdout.flush()
    with recorder.interruptible() as stop_fd:
        traced = target.running(int(program[0])) if by_pid else target.started(list(program))
        with traced:
            recording = recorder.record(
                traced.watcher,
                interval_ns=interval_ns,
                duration_ns=duration_ns,
                pidfd=traced.pidfd,
                stop_fd=stop_fd,
            )
        clause = traced.end(asked_already=recording.ending != "duration")
    _say(recording, traced, clause)
    if len(recording.looks) < 2:
        return 1
    _keep(recording, traced, paths, as_json=as_json, to_stderr=not by_pid)
    return 0


def _paths(output: str | None, scenario: str | None) -> tuple[Path | None, Path | None]:
    trace_path = Path(output) if output else None
    scenario_path = Path(scenario) if scenario else None
    if scenario_path is not None and trace_path is None:
        trace_path = scenario_path.with_suffix(".npz")
    if scenario_path is not None and scenario_path == trace_path:
        raise click.UsageError(f"{scenario_path}: named for the scenario and the recording")
    return trace_path, scenario_path


def _say(recording: recorder.Recording, traced: target.Target, clause: str) -> None:
    """Say why the recording is over, where it is not simply its time."""
    after = units.format_duration_ns(recording.end_ns)
    kept = "what was recorded until then is kept"
    if len(recording.looks) < 2:
        interval = units.format_duration_ns(recording.interval_ns)
        kept = f"that is less than one interval ({interval}), so nothing is kept"
    name = f"{traced.name} (process {traced.pid})"
    sentences = {
        "duration": "",
        "interrupted": f"interrupted after {after}; {kept}",
        "process-ended": f"{name} ended after {after}; {kept}",
        "full": f"the recording is full after {after}; {kept}",
    }
    parts = [part for part in (sentences[recording.ending], clause) if part]
    if parts:
        click.echo(f"trace: {'; '.join(parts)}", err=True)


def _keep(
    recording: recorder.Recording,
    traced: target.Target,
    paths: tuple[Path | None, Path | None],
    *,
    as_json: bool,
    to_stderr: bool,
) -> None:
    """Write the files and print the figures; a command's standard output stays its own."""
    trace = trace_file.trace_of(recording)
    trace_path, scenario_path = paths
    mechanism = traced.watcher.mechanism
    if trace_path is not None:
        trace_file.save(trace, trace_path, name=traced.name, mechanism=mechanism)
    if scenario_path is not None and trace_path is not None:
        n_pages = len(trace.columns)
        text = scenario_file.scenario_text(traced.name, n_pages=n_pages, trace_path=trace_path)
        scenario_file.save_scenario(text, scenario_path)
    if as_json:
        names = [
            ("program", traced.name),
            ("pid", traced.pid),
            ("mechanism", mechanism),
            ("ended_by", recording.ending),
            ("trace", str(trace_path) if trace_path else None),
            ("scenario", str(scenario_path) if scenario_path else None),
        ]
        click.echo(trace_file.as_json(trace_file.figures(trace), names=names))
        return
    title = f"{traced.name} (process {traced.pid})"
    lines = [trace_file.as_text(trace, title=title)]
    if trace_path is not None:
        lines.append(f"recording: {trace_path} ({mechanism})")
    if scenario_path is not None:
        lines.append(f"scenario: {scenario_path} (migrascope {scenario_path} opens it)")
    click.echo("\n".join(lines), err=to_stderr)
