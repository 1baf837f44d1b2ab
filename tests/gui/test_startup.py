"""Starting: what is missing is said in one sentence before Qt can abort."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gui import __main__ as command
from gui import startup

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, without what this environment says of displays."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_SESSION_TYPE")
    }
    return subprocess.run(
        [sys.executable, "-m", "gui", *arguments],
        cwd=ROOT, env={**clean, **environment}, capture_output=True, text=True, timeout=120,
        check=False,
    )


def test_without_a_display_it_says_so_and_exits_with_3() -> None:
    done = run()

    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "no display" in done.stderr
    for word in ("list", "check", "run", "schema", "shot"):
        assert word in done.stderr


def test_a_display_that_does_not_answer_is_named() -> None:
    if not all(startup.library_loads(name) for name in startup.XCB_LIBRARIES):
        pytest.skip("the xcb libraries are not installed")
    done = run(DISPLAY=":4711")

    assert done.returncode == 3
    assert done.stderr.startswith("The display :4711 cannot be reached")


def test_a_missing_library_is_named_with_its_package() -> None:
    with pytest.raises(startup.StartupError) as caught:
        startup.check_display(
            {"DISPLAY": ":0"}, loads=lambda name: name != "libxcb-icccm.so.4"
        )

    assert "libxcb-icccm.so.4" in str(caught.value)
    assert "apt-get install libxcb-icccm4" in str(caught.value)
    assert "shot" in str(caught.value)


def test_all_missing_libraries_are_named_at_once() -> None:
    with pytest.raises(startup.StartupError) as caught:
        startup.check_qt_libraries(loads=lambda name: False)

    for library in startup.QT_LIBRARIES:
        assert library in str(caught.value)


def test_the_offscreen_platform_needs_no_display() -> None:
    platform = startup.check_display({"QT_QPA_PLATFORM": "offscreen"}, loads=lambda name: False)

    assert platform == "offscreen"


def test_a_wayland_session_without_its_socket_falls_back_to_x(tmp_path: Path) -> None:
    with pytest.raises(startup.StartupError, match="no display"):
        startup.check_display(
            {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)},
            loads=lambda name: True,
        )


def test_this_build_of_qt_keeps_its_references() -> None:
    startup.check_reference_counts()


def test_the_readme_installs_every_library_that_is_checked() -> None:
    start_line = (ROOT / "README.md").read_text().split("<!-- start -->")[1].split("```")[1]
    brought_along = {
        # By libxkbcommon-x11-0, libx11-xcb1 and libfontconfig1.
        "libxkbcommon0", "libx11-6", "libxcb1", "libfreetype6",
    }

    for package in {**startup.QT_LIBRARIES, **startup.XCB_LIBRARIES}.values():
        assert package in brought_along or f" {package} " in start_line


def test_headless_commands_are_those_of_the_engine() -> None:
    from engine import cli

    assert command.HEADLESS_COMMANDS == cli.COMMANDS


def test_a_headless_command_imports_no_qt() -> None:
    code = (
        "import sys; from gui.__main__ import main; status = main(['list']); "
        "assert not [m for m in sys.modules if m.startswith(('PySide6', 'pyqtgraph'))]; "
        "sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "recorded-demo" in done.stdout


def test_a_scenario_that_does_not_exist_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["no-such-scenario"]) == 2
    assert "no-such-scenario" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--theme", "pink"], ["a", "b"]])
def test_bad_usage_is_one_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_bug_of_ours_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(arguments: list[str]) -> int:
        raise RuntimeError("queue\nis empty")

    monkeypatch.setattr(command, "_dispatch", fail)

    assert command.main(["run"]) == 70
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "bug of ours: RuntimeError" in said
    assert "report" in said


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--help"]) == 0
    assert command.main(["--version"]) == 0
    said = capsys.readouterr().out
    assert "shot" in said
    assert "migrascope " in said
