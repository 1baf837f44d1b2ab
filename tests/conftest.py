"""What all tests share. Nothing here imports Qt: the engine's tests pass without it installed."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.history import History
from engine.scenario import Scenario, parse_scenario
from engine.simulation import simulate

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# A shell lets what it starts in the background ignore Ctrl+C, and so would every program of a test.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SMALL_SCENARIO = """
format = 1
title = "Small"
[run]
seed = 7
until = "1 s after last migration"
[[hosts]]
name = "xen-1"
cpu = "Xeon 5130"
memory = "1 GiB"
[[hosts]]
name = "xen-2"
cpu = "Xeon 5140"
memory = "1 GiB"
[[hosts]]
name = "amd-1"
vendor = "AMD"
cpu = "Opteron 2214"
memory = "256 MiB"
[[storage]]
name = "nfs-1"
hosts = ["xen-1", "xen-2", "amd-1"]
[network]
bandwidth = "1 Gbit/s"
relearn_delay = "30 ms"
to_old_port = "forwarded"
[[vms]]
name = "cps"
host = "xen-1"
memory = "16 MiB"
storage = "nfs-1"
zero_pages = "10 %"
[[vms.writers]]
pattern = "hot-cold"
region = "8 MiB"
rate = "20000 pages/s"
[[vms.probes]]
interval = "10 ms"
[[migrations]]
vm = "cps"
to = "xen-2"
at = "0.5 s"
policy = "xen-legacy"
parameters = { max_rounds = 5 }
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the only way to renew goldens."""
    parser.addoption("--renew-goldens", action="store_true", help="write the goldens anew")


@pytest.fixture
def renew_goldens(request: pytest.FixtureRequest) -> bool:
    """Return whether goldens shall be written instead of compared."""
    return bool(request.config.getoption("--renew-goldens"))


@pytest.fixture(scope="session")
def small_text() -> str:
    """Return a scenario of 4096 pages on three hosts, one of which cannot take the VM."""
    return SMALL_SCENARIO


@pytest.fixture(scope="session")
def small() -> Scenario:
    """Return the small scenario."""
    return parse_scenario(SMALL_SCENARIO, "small.toml")


@pytest.fixture(scope="session")
def history(small: Scenario) -> History:
    """Return the run of the small scenario: pre-copy."""
    return simulate(small.spec)


@pytest.fixture(scope="session")
def pulled(small: Scenario) -> History:
    """Return the run of the small scenario under post-copy."""
    return simulate(small.with_policy("postcopy").spec)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    """Return a function that writes a scenario file and gives its path."""

    def write_file(text: str) -> str:
        path = tmp_path / "demo.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write_file
