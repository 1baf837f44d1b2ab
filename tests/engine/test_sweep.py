"""Sweeps: the grid, its order, the same bytes everywhere, cancelling, faults."""

import csv
import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from engine import cli
from engine.cli_sweep import SerialExecutor, executor_of
from engine.errors import ScenarioError
from engine.metrics import summarize_migration
from engine.scenario import load_scenario
from engine.simulation import simulate
from engine.sweep import FIGURES, SweepCancelledError, plan_sweep, run_sweep
from engine.worker_processes import worker_processes

AXES = (
    "network.bandwidth=200 Mbit/s:1 Gbit/s:4",
    "vms.cps.writers.0.rate=500, 2000, 30000 pages/s",
)


@pytest.fixture(scope="module")
def plan():
    return plan_sweep(load_scenario("recorded-demo"), AXES, ["xen-legacy", "postcopy"])


@pytest.fixture(scope="module")
def result(plan):
    return run_sweep(plan, SerialExecutor())


def test_the_grid_is_in_its_order(plan):
    points = list(plan.points())
    assert len(points) == plan.n_points == 24
    assert points[0] == ("xen-legacy", ("200000000 bit/s", "500 pages/s"))
    assert points[1][1][1] == "2000 pages/s" and points[-1][0] == "postcopy"


def test_a_point_is_the_whole_run(plan, result):
    for number in (0, 5, 13, 23):
        policy, values = list(plan.points())[number]
        scenario = plan.scenario.with_policy(policy).with_values(
            [(axis.path, value) for axis, value in zip(plan.axes, values, strict=True)]
        )
        history = simulate(scenario.spec)
        found = summarize_migration(next(m for m in history.migrations if m.vm == "cps"))
        row = dict(zip(FIGURES, result.rows[number], strict=True))
        for name in ("total_time_s", "downtime_s", "bytes_sent", "pages_sent", "outcome"):
            assert row[name] == found[name], name
        assert row["rounds"] == len(found["rounds"])


def test_models_stand_beside_the_runs(result):
    simulated, model = result.column("total_time_s"), result.column("model_total_time_s")
    pairs = [(s, m) for s, m in zip(simulated, model, strict=True) if m is not None]
    assert len(pairs) == 12  # post-copy has no rounds, and no such model
    # Every write dirties another page: the model is never much below, and right for calm guests.
    assert all(s < 1.02 * m for s, m in pairs)
    assert all(s > 0.9 * m for s, m in pairs[0::3])


def test_all_executors_give_the_same_bytes(plan, result):
    with ProcessPoolExecutor(2) as pool:
        assert run_sweep(plan, pool, workers=2).to_json() == result.to_json()
    with ThreadPoolExecutor(3) as pool:
        assert run_sweep(plan, pool, workers=3).to_csv() == result.to_csv()


def test_a_cluster_gives_the_same_bytes(plan, result):
    pytest.importorskip("distributed")
    with executor_of("dask", 2) as cluster:
        assert run_sweep(plan, cluster, workers=2).to_json() == result.to_json()


def test_progress_is_told_and_ends_at_all(plan):
    told = []
    run_sweep(plan, SerialExecutor(), progress=lambda done, total: told.append((done, total)))
    assert told[0] == (0, 24) and told[-1] == (24, 24)
    assert told == sorted(told) and len(told) >= 3


def test_a_cancelled_sweep_ends_at_once_and_keeps_nothing(plan):
    told = []
    with pytest.raises(SweepCancelledError):
        run_sweep(
            plan, SerialExecutor(), progress=lambda done, total: told.append(done),
            cancelled=lambda: bool(told) and told[-1] > 0,
        )
    assert told[-1] < plan.n_points


def test_even_ratios_are_even():
    axis = plan_sweep(
        load_scenario("recorded-demo"), ["network.bandwidth=10 Mbit/s:10 Gbit/s:4:log"]
    ).axes[0]
    assert axis.numbers == (1e7, 1e8, 1e9, 1e10)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("vms.cps.zero_pages=0:50 %:3", ("0 %", "25 %", "50 %")),
        ("network.relearn_delay=0 ms:30 ms:3", ("0 ns", "15000000 ns", "30000000 ns")),
        ("vms.cps.memory=512 MiB:1 GiB:2", ("536870912 B", "1073741824 B")),
        ("migrations.cps.parameters.max_rounds=2:6:3", ("2", "4", "6")),
        ("network.to_old_port=lost,forwarded", ("lost", "forwarded")),
        ("network.transmit_queue=100,200 packets", ("100 packets", "200 packets")),
    ],
)
def test_values_are_texts_of_a_scenario(text, values):
    plan = plan_sweep(load_scenario("recorded-demo"), [text])
    assert plan.axes[0].values == values


def test_all_faults_come_at_once():
    with pytest.raises(ScenarioError) as caught:
        plan_sweep(
            load_scenario("recorded-demo"),
            ["network.bandwith=1:2:3", "network.bandwidth=2 Gbit/s:1 Gbit/s:5"], ["fast"], "xenapp",
        )
    told = "\n".join(caught.value.faults)
    for part in ('did you mean "bandwidth"', "is not less than", "no such policy",
                 "--vm xenapp: does not migrate; these do: cps"):
        assert part in told


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("network.bandwidth", "use PATH=FROM:TO:COUNT"),
        ("network.bandwidth=1 Gbit/s:2 Gbit/s", "use FROM:TO:COUNT with 2 to 1000 steps"),
        ("network.bandwidth=1 Gbit/s:2 Gbit/s:1", "use FROM:TO:COUNT with 2 to 1000 steps"),
        ("network.bandwidth=soon,later", "use bit/s"),
        ("network.to_old_port=lost:forwarded:3", "a range needs numbers"),
        ("network.relearn_delay=0 ms:1 s:3:log", "a beginning above 0"),
        ("vms.cps.memory=1 GiB:64 GiB:3", "4 GiB"),
    ],
)
def test_a_wrong_axis_is_one_sentence(text, part):
    with pytest.raises(ScenarioError) as caught:
        plan_sweep(load_scenario("recorded-demo"), [text])
    assert part in caught.value.faults[0] or any(part in fault for fault in caught.value.faults)


def test_the_command_writes_what_others_read(tmp_path, capsys):
    out = tmp_path / "grid.csv"
    arguments = ["sweep", "recorded-demo", "--vary", AXES[0], "--executor", "serial"]
    assert cli.main([*arguments, "-o", str(out)]) == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8"))))
    assert len(rows) == 4 and {row["policy"] for row in rows} == {"xen-legacy"}
    assert cli.main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["downtime_s"] for row in rows] == [
        str(row[document["figures"].index("downtime_s")]) for row in document["rows"]
    ]
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out.count("\n") == 5
    assert cli.main([*arguments, "-o", "grid.txt"]) == 2
    assert cli.main(["sweep", "recorded-demo", "--vary", AXES[0], "--executor", "gpu"]) == 2
    assert cli.main(["sweep", "recorded-demo", "--vary", AXES[0], "--executor", "dask:x:1"]) == 2
    assert "\n" not in capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interrupt_ends_the_command_in_one_sentence():
    process = subprocess.Popen(
        [sys.executable, "-m", "gui", "sweep", "recorded-demo", "--jobs", "2",
         "--vary", "network.bandwidth=100 Mbit/s:1 Gbit/s:900"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    time.sleep(3)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == "" and err.strip() == "migrascope: interrupted"


def test_an_interrupt_waits_until_the_workers_are_started(monkeypatch):
    steps = []
    honest = ProcessPoolExecutor.submit

    def submit(executor, *work):
        os.kill(os.getpid(), signal.SIGINT)
        future = honest(executor, *work)
        steps.append("started")
        return future

    monkeypatch.setattr(ProcessPoolExecutor, "submit", submit)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), worker_processes(2):
        steps.append("worked")
    assert steps == ["started", "started"]
    assert signal.getsignal(signal.SIGINT) is before
    assert multiprocessing.active_children() == []
