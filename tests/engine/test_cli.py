"""The headless commands: what they print, where, and their exit status."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import cli
from engine.policies import POLICIES

Capture = pytest.CaptureFixture[str]


def test_run_prints_one_object(
    write: Callable[[str], str], small_text: str, capsys: Capture
) -> None:
    status = cli.main(["run", write(small_text), "--json"])

    printed = json.loads(capsys.readouterr().out)
    assert status == 0
    assert printed["scenario"] == "demo"
    assert printed["migrations"][0]["outcome"] == "completed"


def test_run_prints_the_same_bytes_in_another_process(
    write: Callable[[str], str], small_text: str
) -> None:
    code = "import sys; from engine.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "run", write(small_text), "--json"]
    root = Path(__file__).resolve().parents[2]

    outputs = {
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
        ).stdout
        for seed in ("1", "2")
    }

    assert len(outputs) == 1


def test_run_prints_a_readable_table(
    write: Callable[[str], str], small_text: str, capsys: Capture
) -> None:
    cli.main(["run", write(small_text)])

    text = capsys.readouterr().out
    assert "cps: xen-1 to xen-2, xen-legacy: completed" in text
    assert "Downtime" in text
    assert "(stopped)" in text


def test_set_and_policy_change_the_run(
    write: Callable[[str], str], small_text: str, capsys: Capture
) -> None:
    arguments = ["--policy", "postcopy", "--set", "run.seed=9", "--json"]

    assert cli.main(["run", write(small_text), *arguments]) == 0

    printed = json.loads(capsys.readouterr().out)
    assert printed["seed"] == 9
    assert printed["migrations"][0]["policy"] == "postcopy"


def test_an_unexpected_outcome_is_status_1_and_an_expected_one_0(
    write: Callable[[str], str], small_text: str
) -> None:
    path = write(small_text)

    assert cli.main(["run", path, "--set", "migrations.cps.to=amd-1"]) == 1
    refused = ["--set", "migrations.cps.to=amd-1", "--set", "migrations.cps.expect=refused"]
    assert cli.main(["run", path, *refused]) == 0


def test_faults_are_lines_on_standard_error_and_status_2(
    write: Callable[[str], str], small_text: str, capsys: Capture
) -> None:
    path = write(small_text.replace('"16 MiB"', '"16 MB"').replace("seed", "sed"))

    assert cli.main(["check", path]) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 2
    assert 'demo.toml: vms.cps.memory = "16 MB": use B, KiB, MiB or GiB' in captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["fly"],
        ["run", "no-such-scenario"],
        ["run", "x", "--fast"],
        ["run", "x", "--set", "novalue"],
        ["check", "/"],
        [],
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(arguments: list[str], capsys: Capture) -> None:
    assert cli.main(arguments) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1


def test_a_bug_is_one_sentence_and_status_70(
    write: Callable[[str], str],
    small_text: str,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(spec: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(cli, "simulate", broken)

    assert cli.main(["run", write(small_text)]) == 70

    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert "report it" in error


def test_check_says_that_a_scenario_is_right(
    write: Callable[[str], str], small_text: str, capsys: Capture
) -> None:
    assert cli.main(["check", write(small_text)]) == 0
    assert capsys.readouterr().out == "demo.toml: right (3 hosts, 1 VM, 1 migration)\n"


def test_list_names_every_policy(capsys: Capture) -> None:
    assert cli.main(["list", "--policies"]) == 0

    text = capsys.readouterr().out
    assert all(name in text for name in POLICIES)


def test_schema_knows_units(capsys: Capture) -> None:
    assert cli.main(["schema"]) == 0

    schema = json.loads(capsys.readouterr().out)
    assert schema["$defs"]["VmSpec"]["properties"]["memory"]["type"] == "string"
    assert schema["$defs"]["RunSpec"]["properties"]["seed"]["type"] == "integer"
