"""The command `data`: a run as tables for a spreadsheet or a program of one's own."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from engine import tables
from engine.instants import EVENT_WORDS, instant_ns
from engine.scenario import Scenario, load_scenario
from engine.simulation import simulate
from engine.whole_file import write_whole

Edited = Callable[[Scenario, str | None, Sequence[str]], Scenario]


def data_command(edited: Edited) -> click.Command:
    """Return the command.

    Args:
        edited: Gives a scenario `--policy` and every `--set`.
    """

    @click.command("data")
    @click.argument("file", metavar="FILE|NAME")
    @click.option(
        "--table", "name", type=click.Choice(tables.TABLE_NAMES), required=True,
        help="What to write.",
    )
    @click.option(
        "--at", metavar="T",
        help=f"For pages: an instant, as in '4.2 s', or {', '.join(EVENT_WORDS)}, round N.",
    )
    @click.option("--vm", default="", help="For pages: whose; without it the first that migrates.")
    @click.option("--policy", metavar="P", help="Move every VM with this policy.")
    @click.option("--set", "values", metavar="PATH=VALUE", multiple=True, help="Change a value.")
    @click.option(
        "-o", "--output", metavar="OUT.csv|OUT.json",
        help="The file; without it CSV goes to standard output.",
    )
    def data(
        file: str, name: str, at: str | None, vm: str, policy: str | None,
        values: Sequence[str], output: str | None,
    ) -> None:
        """Write a table of the run of a scenario FILE, or of a bundled one by its name.

        The header names the unit, as in duration_s; JSON explains each column in a sentence.
        """
        if name != tables.PAGES and (at is not None or vm):
            raise click.UsageError(f"--table {name}: --at and --vm are for pages only")
        if output is not None and not output.lower().endswith(tuple(tables.FORMATS)):
            raise click.UsageError(f"-o {output}: use a name that ends in .csv or .json")
        history = simulate(edited(load_scenario(file), policy, values).spec)
        at_ns = None if at is None else instant_ns(history, at, vm)
        table = tables.table_of(history, name, at_ns=at_ns, vm=vm)
        if output is None:
            click.echo(tables.csv_text(table), nl=False)
            return
        try:
            write_whole(Path(output), tables.text_for(table, output).encode())
        except OSError as error:
            raise click.UsageError(f"-o {output}: {error.strerror or error}") from error

    return data
