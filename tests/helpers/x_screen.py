"""A virtual X screen with the program on it, driven from outside as a hand would: xdotool."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("Xvfb", "xdotool")
WAIT_S = 30.0


def is_possible() -> bool:
    """Return whether a virtual screen and a hand for it are installed."""
    return all(shutil.which(name) for name in NEEDED)


class Screen:
    """The program's window, filling a virtual screen.

    Attributes:
        program: Its process.
    """

    def __init__(self, display: str, program: subprocess.Popen[str]) -> None:
        """Take a running program."""
        self._display, self.program = display, program

    def do(self, *arguments: str) -> str:
        """Run xdotool; return what it says."""
        done = subprocess.run(
            ["xdotool", *arguments], env={**os.environ, "DISPLAY": self._display},
            capture_output=True, text=True, timeout=WAIT_S, check=False,
        )
        return done.stdout.strip()

    def windows(self, title: str) -> list[str]:
        """Return the visible windows whose titles hold a text."""
        return self.do("search", "--onlyvisible", "--name", title).split()

    def wait_for(self, title: str, *, gone: bool = False) -> str:
        """Wait until a window of this title is there (or gone); give it the keys."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            assert self.program.poll() is None, "the program has ended"
            found = self.windows(title)
            if bool(found) != gone:
                if found:
                    self.do("windowfocus", "--sync", found[-1])
                return found[-1] if found else ""
            time.sleep(0.1)
        raise AssertionError(f"no window {title!r} {'went' if gone else 'came'} in {WAIT_S} s")

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press, move in steps and let go."""
        self.do("mousemove", str(start[0]), str(start[1]), "mousedown", "1")
        for i in range(1, 11):
            x, y = (round(a + (b - a) * i / 10) for a, b in zip(start, end, strict=True))
            self.do("mousemove", str(x), str(y))
            time.sleep(0.02)
        self.do("mouseup", "1")

    def click(self, spot: tuple[int, int]) -> None:
        """Click once."""
        self.do("mousemove", str(spot[0]), str(spot[1]), "click", "1")

    def key(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.do("key", "--clearmodifiers", key)
            time.sleep(0.05)

    def type(self, text: str) -> None:
        """Type a text."""
        self.do("type", "--delay", "15", text)


@contextmanager
def program_on_screen(
    folder: Path, *arguments: str, width: int = 1280, height: int = 800
) -> Iterator[Screen]:
    """Start a virtual screen and the program on it; end both whatever happens.

    Args:
        folder: Where the program keeps what it remembers.
        arguments: Of the command line.
        width: Of the screen, in pixels.
        height: Of the screen, in pixels.
    """
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24", "-nolisten",
         "tcp"],
        pass_fds=(write,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as told:
            display = f":{told.readline().strip()}"
        homes = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CONFIG", "DATA")}
        left_out = ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE")
        environment = {k: v for k, v in os.environ.items() if k not in left_out}
        program = subprocess.Popen(
            [sys.executable, "-m", "gui", *arguments], cwd=ROOT, text=True,
            env={**environment, **homes, "DISPLAY": display},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        try:
            yield Screen(display, program)
        finally:
            program.kill()
            program.communicate(timeout=WAIT_S)
    finally:
        server.terminate()
        server.wait(timeout=WAIT_S)
