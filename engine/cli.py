"""The headless commands: list, check, run, schema. The same numbers as text or as JSON.

`main` takes the arguments and returns an exit status (0 done, 1 an outcome that the scenario does
not expect, 2 bad input or usage, 70 a bug of ours). It never shows a traceback. The window and
`shot` are in `gui`, which hands these commands over.
"""

import json
import os
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from engine import (
    __version__,
    cli_data,
    cli_lesson,
    cli_sweep,
    cli_trace,
    importing,
    metrics,
    reproduce,
    reproduce_recordings,
)
from engine.errors import MigrascopeError, ScenarioError
from engine.history import History
from engine.policies import POLICIES
from engine.scenario import Scenario, bundled_scenarios, load_scenario
from engine.scenario_paths import json_schema
from engine.simulation import simulate
from engine.units import format_bit_rate, format_count, format_duration_ns

EXIT_DONE: Final = 0
EXIT_UNEXPECTED: Final = 1
EXIT_BAD_INPUT: Final = 2
EXIT_BUG: Final = 70
EXIT_INTERRUPTED: Final = 130
COMMANDS: Final = (
    "list", "check", "run", "reproduce", "data", "import", "trace", "lesson", "answers", "sweep",
    "schema",
)  # fmt: skip
REPORT_HINT: Final = "please report it with the command line and the scenario file"


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(__version__, prog_name="migrascope")
def commands() -> None:
    """Simulate live VM migration. Without a command, the window opens."""


@commands.command("list")
@click.option("--policies", is_flag=True, help="List the policies and their parameters instead.")
@click.option("--lessons", is_flag=True, help="List the lessons instead.")
def list_command(policies: bool, lessons: bool) -> None:
    """List the bundled scenarios."""
    if lessons:
        click.echo(cli_lesson.lessons_text())
        return
    if policies:
        click.echo("\n\n".join(_policy_text(name) for name in POLICIES))
        return
    found = bundled_scenarios()
    width = max((len(s.name) for s in found), default=0)
    for scenario in found:
        click.echo(f"{scenario.name:<{width}}  {scenario.title}")


def _policy_text(name: str) -> str:
    policy = POLICIES[name]
    lines = [f"{name}: {policy.title}", *textwrap.wrap(policy.sentence, 88)]
    width = max((len(p) for p in policy.parameters), default=0)
    for parameter, details in policy.parameters.items():
        default = json.dumps(details.default)
        choices = f" ({' or '.join(details.choices)})" if details.choices else ""
        lines.append(f"{parameter:<{width}} = {default:<10}  {details.sentence}{choices}")
    return f"{lines[0]}\n" + textwrap.indent("\n".join(lines[1:]), "  ")


@commands.command()
@click.argument("file")
def check(file: str) -> None:
    """Check a scenario or a lesson FILE: all faults at once, one sentence each."""
    if cli_lesson.is_lesson(file):
        click.echo(cli_lesson.check_text(file))
        return
    scenario = load_scenario(file)
    spec = scenario.spec
    parts = ((len(spec.hosts), "host"), (len(spec.vms), "VM"), (len(spec.migrations), "migration"))
    counts = ", ".join(f"{n} {what}{'' if n == 1 else 's'}" for n, what in parts)
    click.echo(f"{scenario.name}: right ({counts})")


@commands.command()
@click.argument("file")
@click.option("--policy", metavar="P", help="Move every VM with this policy; drops parameters.")
@click.option("--set", "values", metavar="PATH=VALUE", multiple=True, help="Change a value.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def run(file: str, policy: str | None, values: Sequence[str], as_json: bool) -> int:
    """Run a scenario FILE, or a bundled one by its name, and print its figures."""
    pairs = pairs_of(values)
    scenario = edited(load_scenario(file), policy=policy, pairs=pairs)
    history = simulate(scenario.spec)
    summary = metrics.summarize(scenario_title(scenario), history)
    if as_json:
        click.echo(json.dumps(summary, indent=2, ensure_ascii=False))
    else:
        click.echo(_run_text(scenario, history, summary))
    return outcome_status(scenario, history)


@commands.command("reproduce")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--recordings",
    metavar="DIR",
    help="Compare every recording of a real QEMU migration in DIR with the simulation instead.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a list of JSON objects.")
def reproduce_command(names: Sequence[str], recordings: str | None, as_json: bool) -> None:
    """Compare every published figure that the project claims with what the engine makes of it.

    NAME: bundled scenarios to look at, or "models"; without one all of them.
    """
    if recordings is not None:
        if names:
            raise click.UsageError("--recordings DIR: takes no scenario names beside it")
        _reproduce_recordings(recordings, as_json)
        return
    known = [found.name for found in bundled_scenarios()] + [reproduce.MODELS]
    unknown = [name for name in names if name not in known]
    if unknown:
        clause = f"no bundled scenario; there are: {', '.join(known)}"
        raise ScenarioError([f"{name}: {clause}" for name in unknown])
    rows = reproduce.reproduce(names)
    if as_json:
        click.echo(json.dumps(reproduce.as_json(rows), indent=2, ensure_ascii=False))
        return
    click.echo(_reproduced_text(rows))


def _reproduce_recordings(folder: str, as_json: bool) -> None:
    rows, faults = reproduce_recordings.reproduce_folder(Path(folder))
    for fault in faults:
        _say(fault)
    if as_json:
        click.echo(json.dumps(reproduce_recordings.as_json(rows), indent=2, ensure_ascii=False))
    elif rows:
        click.echo(_recordings_text(rows))


def _recordings_text(rows: Sequence[reproduce_recordings.Compared]) -> str:
    cells = []
    for row in rows:
        r, s = row.recorded, row.simulated
        agreed = r.outcome == s.outcome
        figures = [metrics.format_figure("downtime_s", x) for x in (r.downtime_s, s.downtime_s)]
        cells.append(
            [
                row.name,
                row.kind,
                r.outcome if agreed else f"{r.outcome}, not {s.outcome}",
                *_pair("total_time_s", r.total_time_s, s.total_time_s, row.total_deviation),
                *_pair("bytes_sent", r.bytes_sent, s.bytes_sent, row.bytes_deviation),
                f"{r.dirty_syncs} / {s.dirty_syncs}",
                " / ".join(figures),
                {True: "yes", False: "MISSED", None: metrics.NONE_TEXT}[row.in_band],
            ]
        )
    head = ["recording", "kind", "outcome", "total time", "simulated", "deviation"]
    head += ["bytes", "simulated", "deviation", "reads", "downtime", "in band"]
    claimed = [row for row in rows if row.kind in reproduce_recordings.BANDS]
    met = sum(row.in_band is True for row in claimed)
    verdicts = sum(row.recorded.outcome == row.simulated.outcome for row in rows)
    notes = [
        f"Outcomes: {verdicts} of {len(rows)} as recorded.",
        f"Plain pre-copy: {met} of {len(claimed)} in the band (own limiter: total time and bytes "
        "1 %; link: 3 % and 2 %; reads within one). For the other kinds none is claimed.",
        "Pairs are recorded / simulated; simulated from the configuration and the guest's count "
        "before the request.",
    ]
    return "\n".join([_table(head, cells, left=3), "", *notes])


def _pair(key: str, recorded: float, simulated: float, deviation: float | None) -> list[str]:
    off = metrics.NONE_TEXT if deviation is None else f"{deviation:+.2%}"
    return [metrics.format_figure(key, recorded), metrics.format_figure(key, simulated), off]


def _reproduced_text(rows: Sequence[reproduce.Reproduced]) -> str:
    parts = []
    for scenario in dict.fromkeys(row.scenario for row in rows):
        mine = [row for row in rows if row.scenario == scenario]
        cells = [
            [
                row.id,
                row.quantity,
                row.published,
                row.simulated,
                metrics.NONE_TEXT if row.deviation is None else f"{row.deviation:+.1%}",
                f"{row.inside} of {len(row.runs)}" if len(row.runs) > 1 else "",
                "yes" if row.met else "MISSED",
            ]
            for row in mine
        ]
        head = ["", "quantity", "published", "simulated", "deviation", "seeds inside", "met"]
        lines = [scenario, textwrap.indent(_table(head, cells, left=2), "  ")]
        for title, keys in (
            ("given by the source", mine[0].given),
            ("fitted", mine[0].fitted),
            ("assumed", mine[0].assumed),
        ):
            if keys:
                lines.append(f"  {title}: {', '.join(keys)}")
        lines += _seed_lines(mine)
        lines += [f"  source: {s}" for s in dict.fromkeys(row.source for row in mine)]
        lines += [f"  note: {n}" for n in dict.fromkeys(row.note for row in mine if row.note)]
        parts.append("\n".join(lines))
    met = sum(row.met for row in rows)
    parts.append(f"{met} of {len(rows)} published figures are met.")
    return "\n\n".join(parts)


def _seed_lines(rows: Sequence[reproduce.Reproduced]) -> list[str]:
    """Return every seed's figure, a line a row that has chance in it."""
    lines = []
    for row in rows:
        if len(set(row.runs)) > 1:
            values = " ".join("none" if v is None else f"{v:.4g}" for v in row.runs)
            lines.append(f"  seeds 1 to {len(row.runs)}, {row.id} {row.quantity}: {values}")
    return lines


@commands.command("import")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_command(file: str, as_json: bool) -> None:
    """Print what the recording FILE of a migration knows: a log of QEMU, Xen, libvirt or ping."""
    observed = importing.read_recording(file)
    if as_json:
        click.echo(json.dumps(importing.as_json(observed), indent=2, ensure_ascii=False))
    else:
        click.echo(importing.as_text(observed))


commands.add_command(cli_trace.trace_command)
commands.add_command(cli_lesson.lesson_command)
commands.add_command(cli_lesson.answers_command)
commands.add_command(cli_sweep.sweep_command)
commands.add_command(
    cli_data.data_command(
        lambda scenario, policy, values: edited(scenario, policy=policy, pairs=pairs_of(values))
    )
)


@commands.command()
def schema() -> None:
    """Print the JSON Schema of scenario files."""
    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def scenario_title(scenario: Scenario) -> str:
    """Return what the figures call a scenario: its name without the file's ending."""
    return scenario.name.removesuffix(".toml")


def pairs_of(values: Sequence[str]) -> list[tuple[str, str]]:
    """Return path and value of every PATH=VALUE.

    Raises:
        click.UsageError: One has no `=`.
    """
    pairs = []
    for text in values:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            raise click.UsageError(f'--set {text}: use PATH=VALUE, as in vms.cps.memory="1 GiB"')
        pairs.append((path.strip(), value.strip()))
    return pairs


def edited(scenario: Scenario, *, policy: str | None, pairs: Sequence[tuple[str, str]]) -> Scenario:
    """Return a scenario after `--policy` and then every `--set`.

    Raises:
        ScenarioError: The policy, a path or a value is wrong: all faults.
    """
    faults: list[str] = []
    if policy is not None:
        try:
            scenario = scenario.with_policy(policy)
        except ScenarioError as error:
            faults += error.faults
    try:
        scenario = scenario.with_values(pairs)
    except ScenarioError as error:
        faults += error.faults
    if faults:
        raise ScenarioError(faults)
    return scenario


def outcome_status(scenario: Scenario, history: History) -> int:
    """Return the exit status of a run: whether every migration ended as the scenario expects."""
    asked = scenario.spec.migrations
    ended_well = all(m.outcome == asked[m.request].expect for m in history.migrations)
    ran_all = len(history.migrations) == len(asked)
    return EXIT_DONE if ended_well and ran_all else EXIT_UNEXPECTED


def _run_text(scenario: Scenario, history: History, summary: dict[str, Any]) -> str:
    title = scenario.spec.title or scenario_title(scenario)
    head = (
        f"{title}\n{format_duration_ns(history.end_ns)} simulated, seed {summary['seed']}, "
        f"digest {summary['digest'][:16]}"
    )
    parts = [head, *(_migration_text(m) for m in summary["migrations"])]
    published = [r for r in metrics.outcome_rows(scenario.spec, history) if r.published]
    if published:
        rows = [[r.label, r.simulated, r.published, r.band] for r in published]
        columns = ["Compared with the source", "simulated", "published", "band"]
        parts.append(_table(columns, rows, left=1))
    if summary["probes"]:
        parts.append(_probes_text(summary["probes"]))
    return "\n\n".join(parts)


def _migration_text(m: dict[str, Any]) -> str:
    lines = [f"{m['vm']}: {m['source']} to {m['destination']}, {m['policy']}: {m['outcome']}"]
    sentences = [r["sentence"] for r in m["refusals"]] or ([m["reason"]] if m["reason"] else [])
    lines += [f"  {sentence}" for sentence in sentences]
    if m["outcome"] == "refused":
        return "\n".join(lines)
    rows = []
    for key in ("total_time_s", "downtime_s", "service_gap_s", "relearn_s"):
        if m[key] is not None:
            rows.append([metrics.label_of(key), metrics.format_figure(key, m[key])])
    if m["stop_reason"]:
        rows.append(["Stopped because", m["stop_reason"]])
    for key in ("pages_total", "pages_sent", "bytes_sent"):
        rows.append([metrics.label_of(key), metrics.format_figure(key, m[key])])
    for key in ("pages_skipped", "pages_faulted", "zero_pages"):
        if m[key]:
            rows.append([metrics.label_of(key), format_count(m[key])])
    width = max(len(label) for label, _ in rows)
    lines += [f"  {label:<{width}}  {value}" for label, value in rows]
    if m["rounds"]:
        lines += ["", textwrap.indent(_rounds_text(m["rounds"]), "  ")]
    return "\n".join(lines)


def _rounds_text(rounds: Sequence[dict[str, Any]]) -> str:
    rows = [
        [
            str(r["round"]) if r["live"] else f"{r['round']} (stopped)",
            format_count(r["pages_sent"]),
            format_count(r["pages_skipped"]),
            format_count(r["pages_dirtied"]),
            metrics.format_figure("duration_s", r["duration_s"]),
            format_bit_rate(r["rate_bps"]),
            format_bit_rate(r["rate_limit_bps"]) if r["rate_limit_bps"] else metrics.NONE_TEXT,
        ]
        for r in rounds
    ]
    head = ["round", "sent", "skipped", "dirtied", "duration", "rate", "limit"]
    return _table(head, rows, left=1)


def _probes_text(probes: Sequence[dict[str, Any]]) -> str:
    rows = []
    for p in probes:
        times = (p["min_ms"], p["median_ms"], p["p99_ms"], p["max_ms"])
        figures = [metrics.format_figure("rtt_ms", value) for value in times]
        rows.append([f"{p['kind']} {p['vm']}", str(p["sent"]), str(p["lost"]), *figures])
    return _table(["probe", "sent", "lost", "min", "median", "99 %", "max"], rows, left=1)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int) -> str:
    """Return a table as text: the first `left` columns to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [
        "  ".join(
            f"{cell:<{width}}" if i < left else f"{cell:>{width}}"
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]
    return "\n".join(lines)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one headless command.

    Args:
        argv: Arguments without the program's name; None: those of the process.

    Returns:
        The exit status.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        status = commands.main(arguments, prog_name="migrascope", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else EXIT_DONE
    except click.exceptions.NoArgsIsHelpError as error:
        _say(error.format_message())
    except click.ClickException as error:
        _say(f"migrascope: {' '.join(error.format_message().split())}")
    except ScenarioError as error:
        for fault in error.faults:
            _say(fault)
    except MigrascopeError as error:
        _say(str(error))
    except click.exceptions.Abort:
        _say("migrascope: interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`| head`): nothing is left to say, and nothing to flush at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE
    except Exception as error:  # the last line of defence: a bug of ours, said in one sentence
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        _say(f"migrascope: a bug of ours ({what}); {REPORT_HINT}")
        return EXIT_BUG
    return EXIT_BAD_INPUT
