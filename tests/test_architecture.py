"""The walls of the house, and what the project promises about its set-up."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

BLOCK_QT = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("PySide6", "shiboken6", "pyqtgraph", "gui"):
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Blocker())
import importlib, pkgutil
import engine
for module in pkgutil.walk_packages(engine.__path__, "engine."):
    importlib.import_module(module.name)
from engine.scenario import load_scenario
from engine.simulation import simulate
assert simulate(load_scenario("faq-downtime").spec).migrations[0].outcome == "completed"
"""


def test_engine_runs_with_qt_blocked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCK_QT], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_import_contracts_name_real_packages() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

    assert config["root_packages"] == ["engine", "gui"]
    for contract in config["contracts"]:
        for line in contract.get("layers", []) + contract.get("source_modules", []):
            for name in line.replace("|", ":").split(":"):
                path = ROOT / name.strip().replace(".", "/")
                assert path.is_dir() or path.with_suffix(".py").exists(), name


def test_ci_runs_the_test_command_of_the_readme() -> None:
    mark, _, fence = (ROOT / "README.md").read_text().partition("<!-- tests -->\n")[2].partition(
        "\n"
    )
    command = fence.partition("\n```")[0]
    script = (ROOT / ".ci" / "run").read_text()
    taken = subprocess.run(
        ["sed", "-n", r"/<!-- tests -->/,/^```$/p", "README.md"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()[2]

    assert mark == "```sh"
    assert "\n" not in command
    assert taken == command
    assert r"sed -n '/<!-- tests -->/,/^```$/p' README.md" in script
    for tool in ("ruff check", "mypy", "lint-imports", "pytest -n 2"):
        assert tool in command


@pytest.mark.parametrize(
    "data", ["assets/scenarios/recorded-demo.toml", "assets/fonts/DejaVuSans.ttf",
             "assets/traces/sqlite.npz", "engine/MODEL.md",
             "assets/lessons/01-what-xenmotion-is.toml"],
)
def test_a_plain_install_carries_its_data(data: str) -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    path = Path(data)

    assert (ROOT / data).exists()
    assert config["packages"]["find"]["namespaces"]
    assert path.parts[0] in config["packages"]["find"]["include"]
    assert f"*{path.suffix}" in config["package-data"]["*"]


def test_qt_stays_below_the_version_that_loses_references() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert "PySide6-Essentials>=6.10.3,<6.11" in project["dependencies"]
    assert project["scripts"] == {"migrascope": "gui.__main__:main"}
