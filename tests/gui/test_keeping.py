"""What the program remembers, and what it keeps against a crash."""

import os
import signal
import subprocess
import sys
import time

from PySide6.QtCore import QByteArray

from gui.keeping import Keeper, discard, left_behind
from gui.settings import MOST_RECENT, Settings


def test_settings_outlive_the_program(qtbot, tmp_path):
    file = tmp_path / "settings.ini"
    first = Settings(file)
    first.put("theme", "light")
    first.put("scale", 150)
    first.put("calm", True)
    first.put("layout", QByteArray(b"\x00\x01"))
    for name in ("a.toml", "b.toml", "a.toml"):
        first.add_recent(name)
    del first
    second = Settings(file)
    assert second.text("theme", "dark", ("dark", "light")) == "light"
    assert second.number("scale", 100, 75, 250) == 150
    assert second.flag("calm", False) is True
    assert second.state("layout") == QByteArray(b"\x00\x01")
    assert second.recent == ["a.toml", "b.toml"]


def test_strange_settings_give_the_defaults(qtbot, tmp_path):
    file = tmp_path / "settings.ini"
    file.write_text("[General]\ntheme=purple\nscale=9000\ncalm=maybe\n\x00garbage", "latin-1")
    settings = Settings(file)
    assert settings.text("theme", "dark", ("dark", "light")) == "dark"
    assert settings.number("scale", 100, 75, 250) == 100
    assert settings.flag("calm", True) is True


def test_recent_files_are_few_and_told(qtbot):
    settings = Settings(None)
    with qtbot.waitSignal(settings.recent_changed):
        settings.add_recent("0")
    for i in range(20):
        settings.add_recent(str(i))
    assert settings.recent == [str(i) for i in range(19, 19 - MOST_RECENT, -1)]
    settings.drop_recent("15")
    assert "15" not in settings.recent
    settings.clear_recent()
    assert settings.recent == []


def test_edits_are_kept_and_go_at_the_end(qtbot, tmp_path):
    words = ["format = 1"]
    keeper = Keeper(tmp_path / "kept", lambda: words[0])
    keeper.touch()
    qtbot.waitUntil(keeper.path.exists, timeout=5000)
    assert keeper.path.read_text() == "format = 1"
    assert left_behind(tmp_path / "kept") == []  # this program is still at work
    words[0] = ""
    keeper.keep()
    assert not keeper.path.exists()
    words[0] = "format = 1"
    keeper.keep()
    keeper.close()
    assert list((tmp_path / "kept").iterdir()) == []


def test_folder_that_cannot_be_made_is_told_once(qtbot, tmp_path):
    (tmp_path / "file").write_text("")
    told = []
    keeper = Keeper(tmp_path / "file" / "kept", lambda: "format = 1")
    keeper.failed.connect(told.append)
    keeper.keep()
    keeper.keep()
    assert len(told) == 1 and told[0].startswith("Edits cannot be kept against a crash: ")


CRASH = """
import sys, time
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from gui.keeping import Keeper
app = QCoreApplication([])
keeper = Keeper(Path(sys.argv[1]), lambda: "format = 1")
keeper.keep()
print("kept", flush=True)
time.sleep(60)
"""


def test_work_of_a_killed_program_is_found(qtbot, tmp_path):
    program = subprocess.Popen(
        [sys.executable, "-c", CRASH, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None and program.stdout.readline() == "kept\n"
    assert left_behind(tmp_path) == []
    os.kill(program.pid, signal.SIGKILL)
    program.wait()
    program.stdout.close()
    deadline = time.monotonic() + 5
    while not left_behind(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    (kept,) = left_behind(tmp_path)
    assert kept.path.read_text() == "format = 1"
    discard(kept)
    assert list(tmp_path.iterdir()) == []
