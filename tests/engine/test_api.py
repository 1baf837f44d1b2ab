"""The engine as a library: the written example runs, and its public names cost nothing unused."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import engine

API = Path(engine.__file__).with_name("API.md")


def test_the_written_example_runs_and_prints_what_it_says() -> None:
    found = doctest.testfile(str(API), module_relative=False, optionflags=doctest.REPORT_NDIFF)

    assert found.attempted > 15
    assert found.failed == 0


@pytest.mark.parametrize("name", engine.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(engine, name).__doc__
    assert name in dir(engine)


def test_the_names_that_checkers_see_are_those_that_programs_get() -> None:
    from engine import _HOMES

    assert sorted(name for names in _HOMES.values() for name in names) == sorted(engine.__all__)


def test_a_name_that_is_not_there_is_refused_as_by_any_module() -> None:
    with pytest.raises(AttributeError, match="'nothing'"):
        _ = engine.nothing
    with pytest.raises(ImportError, match="nothing"):
        exec("from engine import nothing")


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, engine; print([m for m in ('numpy', 'pydantic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
