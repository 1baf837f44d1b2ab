"""What the tests of tracing share: programs that are watched, and ended afterwards."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.helpers.traced_programs import Control


@pytest.fixture
def control() -> Iterator[Control]:
    from tests.helpers.traced_programs import Control  # Linux only

    program = Control()
    yield program
    program.end()


@pytest.fixture
def sleeper() -> Iterator[int]:
    process = subprocess.Popen(["sleep", "60"])
    yield process.pid
    process.kill()
    process.wait()
