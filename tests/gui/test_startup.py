"""Starting: what is missing is said in one sentence before Qt can abort."""

import json
import os
import subprocess
import sys
import textwrap
from itertools import pairwise
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


def test_qt_reads_no_source_of_what_is_imported_after_it() -> None:
    code = """
        import linecache, sys
        from gui import startup
        startup.check_reference_counts()
        assert startup.skip_source_reading()
        before = set(linecache.cache)
        import gui.main_window
        read = [name for name in linecache.cache if name not in before]
        assert not read, read
        from PySide6.QtCore import QObject
        assert QObject().objectName() == "" and not hasattr(QObject, "object_name")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True,
        timeout=60, check=False, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


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


def started(code: str, tmp_path: Path) -> dict[str, list[str]]:
    """Start the program in a process of its own, with nothing remembered.

    Args:
        code: Runs before the start; gives `tell(name)`, which notes the modules that are loaded, a
            way to be called. The process ends with `end()`.
        tmp_path: Where it would remember.

    Returns:
        The modules by the names told.
    """
    head = """
        import json, os, sys
        from gui import app
        told = {}
        def tell(name):
            told[name] = sorted(sys.modules)
        def end():
            print(json.dumps(told), flush=True)
            os._exit(0)
    """
    script = textwrap.dedent(head) + textwrap.dedent(code) + "sys.exit(app.run(None))\n"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120,
        check=False,
        env={
            **os.environ, "QT_QPA_PLATFORM": "offscreen",
            "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path),
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded: dict[str, list[str]] = json.loads(done.stdout)
    return loaded


def test_the_shell_is_painted_before_anything_heavy_is_imported(tmp_path: Path) -> None:
    loaded = started(
        """
        from PySide6.QtWidgets import QApplication
        def import_module(name):
            (window,) = QApplication.topLevelWidgets()
            assert window.isVisible() and not window.filled
            tell("shell")
            end()
        app.import_module = import_module
        """,
        tmp_path,
    )

    heavy = ("numpy", "pydantic", "pyqtgraph", "engine.scenario", "engine.history", "gui.dialogs")
    assert not [m for m in loaded["shell"] for h in heavy if f"{m}.".startswith(f"{h}.")]
    views = [m for m in loaded["shell"] if m.startswith("gui.views.")]
    assert views == ["gui.views.shell_view"]
    ours = [m for m in loaded["shell"] if m.startswith(("engine", "gui"))]
    assert len(ours) <= 16, ours


def test_the_first_plots_need_no_plot_library_and_no_dialog(tmp_path: Path) -> None:
    loaded = started(
        """
        from PySide6.QtCore import QEvent, QObject
        class Watch(QObject):
            def eventFilter(self, watched, event):
                if event.type() == QEvent.Type.Paint and watched.content is not None:
                    tell("plots")
                    end()
                return False
        real = app.open_first
        def open_first(parts, *rest):
            real(parts, *rest)
            watch = Watch(parts.window)
            for panel in parts.window.plots.panels:
                panel.installEventFilter(watch)
        app.open_first = open_first
        """,
        tmp_path,
    )

    assert "gui.views.plot_panel" in loaded["plots"]
    unused = (
        "pyqtgraph", "engine.cli", "engine.knobs", "engine.reproduce", "engine.recordings",
        "engine.importing", "gui.live", "gui.live_wiring", "gui.views.compare_page",
        "gui.commands", "gui.predicting", "gui.presenting", "gui.teaching", "multiprocessing",
    )  # fmt: skip
    assert not [m for m in loaded["plots"] for u in unused if f"{m}.".startswith(f"{u}.")]
    dialogs = [m for m in loaded["plots"] if m.startswith("gui.dialogs.")]
    assert dialogs == ["gui.dialogs.error_notice"]


def test_what_goes_wrong_after_the_shell_ends_the_program(tmp_path: Path) -> None:
    code = """
        import sys
        from gui import __main__ as program, app
        def complete(window, *rest, **more):
            raise RuntimeError("no views today")
        app.complete = complete
        sys.exit(program.main([]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True,
        timeout=120, check=False,
        env={
            **os.environ, "QT_QPA_PLATFORM": "offscreen",
            "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path),
        },
    )  # fmt: skip

    assert done.returncode == 70
    assert "bug of ours: RuntimeError" in done.stderr and "no views today" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_shell_that_is_closed_ends_the_program(tmp_path: Path) -> None:
    loaded = started(
        """
        from PySide6.QtCore import QTimer
        window = app.MainWindow
        class Closing(window):
            def make_views(self):
                super().make_views()
                QTimer.singleShot(0, self.close)
        app.MainWindow = Closing
        def complete(*rest, **more):
            raise AssertionError("it goes on without a window")
        app.complete = complete
        status = app.run(None)
        assert status == 0, status
        tell("closed")
        end()
        """,
        tmp_path,
    )

    assert "gui.window_content" in loaded["closed"]


def test_the_event_loop_turns_while_the_window_is_being_built(tmp_path: Path) -> None:
    loaded = started(
        """
        from PySide6.QtCore import QTimer
        seen = []
        def look():
            mine = len([m for m in sys.modules if m.startswith(("engine", "gui"))])
            if mine not in seen:
                seen.append(mine)
                tell(str(mine))
        heart = QTimer(interval=0)
        real = app.create_application
        def create_application():
            made = real()
            heart.timeout.connect(look)
            heart.start()
            return made
        app.create_application = create_application
        real_first = app.open_first
        def open_first(*rest):
            real_first(*rest)
            end()
        app.open_first = open_first
        """,
        tmp_path,
    )

    # Modules of ours that were there at each turn: the import never was one long step.
    counts = sorted(int(name) for name in loaded)
    steps = [after - before for before, after in pairwise(counts)]
    assert len(steps) >= 4
    assert max(steps) <= 90, counts


def test_pydantic_asks_no_package_for_plugins_unless_told_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pydantic.plugin._loader import get_plugins

    monkeypatch.delenv("PYDANTIC_DISABLE_PLUGINS", raising=False)
    startup.skip_plugins()
    assert get_plugins() == ()

    monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", "one")
    startup.skip_plugins()
    assert os.environ["PYDANTIC_DISABLE_PLUGINS"] == "one"


def test_the_search_for_plugins_is_not_even_imported() -> None:
    code = """
import sys
from gui import startup
startup.skip_plugins()
from engine.specs import ScenarioSpec
from pydantic.plugin import _loader
from pydantic import BaseModel
class Model(BaseModel):
    value: int
assert Model(value="3").value == 3 and _loader.get_plugins() == ()
print("importlib.metadata" in sys.modules)
"""
    clean = {k: v for k, v in os.environ.items() if k != "PYDANTIC_DISABLE_PLUGINS"}

    def run(wish: dict[str, str]) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env=clean | wish, cwd=ROOT,
        )
        return done.stdout.strip()

    assert run({}) == "False"
    assert run({"PYDANTIC_DISABLE_PLUGINS": "1"}) == "True"  # its own module answers
