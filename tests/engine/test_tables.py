"""Tables for other programs: opened as their users do, and held against `run --json`."""

import json
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from engine import cli, tables
from engine.history import History
from engine.instants import instant_ns
from engine.metrics import summarize
from engine.scenario import load_scenario
from engine.simulation import simulate
from engine.tables import TABLE_NAMES, TableError, csv_text, json_text, table_of


@pytest.fixture(scope="module")
def demo() -> History:
    return simulate(load_scenario("recorded-demo").spec)


@pytest.fixture(scope="module")
def web() -> History:
    return simulate(load_scenario("clark-web").spec)


def read(table: tables.Table) -> pd.DataFrame:
    """Return a table as pandas reads its CSV."""
    return pd.read_csv(StringIO(csv_text(table)))


def of(history: History, name: str) -> pd.DataFrame:
    at = instant_ns(history, "switchover") if name == tables.PAGES else None
    return read(table_of(history, name, at_ns=at))


def test_rounds_are_those_of_run_json(demo: History) -> None:
    frame = of(demo, "rounds")
    said = summarize("demo", demo)["migrations"][0]

    assert frame["pages_sent"].sum() == said["pages_sent"]
    assert frame["bytes_sent"].sum() <= said["bytes_sent"]
    for name in ("pages_sent", "pages_skipped", "pages_dirtied", "duration_s", "rate_bps"):
        assert frame[name].tolist() == [r[name] for r in said["rounds"]], name
    assert frame["live"].tolist() == [r["live"] for r in said["rounds"]]


def test_columns_have_the_types_that_their_units_ask_for(demo: History) -> None:
    frame = of(demo, "rounds")

    assert frame["live"].dtype == bool
    assert all(pd.api.types.is_integer_dtype(frame[n]) for n in ("round", "bytes_sent", "rate_bps"))
    assert all(pd.api.types.is_float_dtype(frame[n]) for n in ("start_s", "duration_s"))
    assert pd.api.types.is_float_dtype(of(demo, "pings")["rtt_ms"])
    assert pd.api.types.is_float_dtype(of(demo, "figures")["value"])


def test_the_rate_adds_up_to_the_bytes_sent(demo: History) -> None:
    frame = of(demo, "rates")
    mine = frame[frame["series"] == "migration"].reset_index(drop=True)
    lengths = mine["t_s"].shift(-1) - mine["t_s"]
    sent = (lengths * mine["rate_bps"]).sum() / 8

    assert sent == pytest.approx(demo.migrations[0].bytes_sent, rel=0.01)


def test_web_clients_have_their_rates(web: History) -> None:
    frame = of(web, "rates")
    mine = frame[frame["series"] == "web"]

    assert set(mine["vm"]) == {p.vm for p in web.probes if p.spec.kind == "web"}
    assert mine["rate_bps"].max() > 0


def test_pings_are_those_of_run_json(demo: History) -> None:
    frame = of(demo, "pings")
    said = summarize("demo", demo)["probes"]

    assert len(frame) == sum(p["sent"] for p in said)
    assert frame["rtt_ms"].isna().sum() == sum(p["lost"] for p in said)
    assert frame["rtt_ms"].max() == max(p["max_ms"] for p in said)


def test_events_are_all_there_in_order(demo: History) -> None:
    frame = of(demo, "events")

    assert frame["event"].tolist() == [event.kind.value for event in demo.events]
    assert frame["t_s"].is_monotonic_increasing


def test_pages_at_an_instant_are_those_of_the_frame(demo: History) -> None:
    at_ns = instant_ns(demo, "push")
    frame = read(table_of(demo, "pages", at_ns=at_ns))
    shown = demo.frame_at(at_ns).vms["cps"]
    counted = frame["state"].value_counts()

    assert len(frame) == demo.vm("cps").spec.n_pages
    for state, label in tables.STATE_LABELS.items():
        assert counted.get(label, 0) == shown.counts[state], label
    assert frame["times_sent"].sum() > 0
    written = len(demo.vm("cps").writes_between(0, at_ns, limit=1 << 40))
    assert frame["times_written"].sum() == pytest.approx(written, abs=1)


def test_figures_are_those_of_run_json(demo: History) -> None:
    frame = of(demo, "figures").set_index("figure")
    said = summarize("demo", demo)["migrations"][0]

    for name in ("total_time_s", "downtime_s", "pages_sent", "bytes_sent"):
        assert frame.loc[name, "value"] == said[name], name
    parts = [n for n in frame.index if n.startswith("downtime_parts.")]
    assert frame.loc[parts, "value"].sum() == pytest.approx(said["downtime_s"])
    assert set(frame.loc[parts, "unit"]) == {"s"}
    assert frame.loc["outcome", "text"] == "completed"
    assert frame.loc["bytes_sent", "unit"] == "B"


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_json_tells_the_same_and_explains_every_column(demo: History, name: str) -> None:
    table = table_of(demo, name, at_ns=instant_ns(demo, "push"))
    data = json.loads(json_text(table))

    assert tuple(tuple(row) for row in data["rows"]) == table.rows
    assert [c["name"] for c in data["columns"]] == [c.name for c in table.columns]
    assert all(c["sentence"].endswith(".") for c in data["columns"])
    assert all(len(row) == len(table.columns) for row in table.rows)
    for column in table.columns:
        for unit, end in (("s", "_s"), ("ms", "_ms"), ("bit/s", "_bps")):
            assert (column.unit == unit) == column.name.endswith(end), column.name


def test_a_scenario_without_migrations_gives_tables_without_rows() -> None:
    scenario = load_scenario("recorded-demo")
    document = {k: v for k, v in scenario.document.items() if k not in ("migrations", "published")}
    document["run"] = {"until": "2 s"}
    from engine.scenario import scenario_from_document

    history = simulate(scenario_from_document(document, "none").spec)

    assert csv_text(table_of(history, "rounds")).count("\n") == 1
    assert json.loads(json_text(table_of(history, "rounds")))["rows"] == []
    with pytest.raises(TableError, match="no migration"):
        table_of(history, "pages", at_ns=0)


def test_pages_before_the_copying_are_refused_with_the_instant_at_which_it_begins(
    demo: History,
) -> None:
    with pytest.raises(TableError, match=r"pages of cps at 1 s: .* it begins at 6.4 s"):
        table_of(demo, "pages", at_ns=10**9)
    with pytest.raises(TableError, match=r'"nobody": there is no such VM; there are: .*cps'):
        table_of(demo, "pages", at_ns=10**9, vm="nobody")


# The command


def run(*arguments: str) -> int:
    return cli.main(["data", *arguments])


def test_the_command_writes_the_same_bytes_each_time(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.csv", "b.csv", "a.json", "b.json")]
    for file in files:
        assert run("recorded-demo", "--table", "events", "-o", str(file)) == 0

    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[2].read_bytes() == files[3].read_bytes()
    assert b"\r" not in files[0].read_bytes()


def test_without_a_file_it_goes_to_standard_output(
    capsys: pytest.CaptureFixture[str], demo: History
) -> None:
    assert run("recorded-demo", "--table", "rounds") == 0
    assert capsys.readouterr().out == csv_text(table_of(demo, "rounds"))


def test_edits_are_taken_as_by_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("recorded-demo", "--table", "figures", "--policy", "postcopy") == 0
    frame = pd.read_csv(StringIO(capsys.readouterr().out)).set_index("figure")

    assert frame.loc["policy", "text"] == "postcopy"
    assert frame.loc["pages_faulted", "value"] > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--table", "rounds", "-o", "x.xls"), "-o x.xls: use a name that ends in .csv or .json"),
        (("--table", "rounds", "--at", "4 s"), "--at and --vm are for pages only"),
        (("--table", "pages"), "pages: name an instant, as in --at switchover"),
        (("--table", "pages", "--at", "noon"), '"noon":'),
        (("--table", "pages", "--at", "1 s"), "no copying has begun; it begins at"),
        (("--table", "rounds", "-o", "/nowhere/x.csv"), "-o /nowhere/x.csv: No such file"),
    ],
)
def test_faults_are_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert run("recorded-demo", *arguments) == 2
    error = capsys.readouterr().err

    assert said in error
    assert error.count("\n") == 1
