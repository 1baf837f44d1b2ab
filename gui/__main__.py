"""The command `migrascope`: the window, `shot`, or a headless command.

Qt is imported only where it is needed, after the checks of `gui.startup`; the headless commands
never import it. This module is imported again by the worker process, so it stays light.
"""

import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.importing import OpenedRecording
    from engine.scenario import Scenario

HEADLESS_COMMANDS: Final = (
    "list", "check", "run", "reproduce", "data", "import", "trace", "lesson", "answers", "sweep",
    "schema",
)  # fmt: skip
"""As `engine.cli` has them; that module is heavy, and the window does not need it."""
PICTURE_COMMANDS: Final = ("shot", "film", "figures")
"""They draw with Qt, without a display."""
EXIT_INPUT: Final = 2
EXIT_BUG: Final = 70
EXIT_INTERRUPTED: Final = 130
THEME_NAMES: Final = ("dark", "light", "projector", "system")
THEME_WORDS: Final = "dark, light, projector or system"
ISSUES: Final = "the project's issue tracker"

USAGE: Final = """\
Usage: migrascope [FILE|NAME] [--theme THEME]    open the window on a scenario
       migrascope LOG [PINGS] [--theme THEME]    ... on a recording of a migration
       migrascope COMMAND ...                    work without a window

Migrascope shows how a running virtual machine moves from one host to another.

Commands: {commands}.
`migrascope COMMAND --help` explains one of them.

Options:
  --theme THEME  Colours of the window: dark, light, projector, or system (as the desktop).
  --version      Show the version.
  --help         Show this text.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status.

    Args:
        argv: Arguments without the program's name; None: those of the process.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with _ended_like_ctrl_c(arguments):
            return _dispatch(arguments)
    except KeyboardInterrupt:
        return _fail(["migrascope: interrupted"], EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader went away; without this the interpreter complains once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        return report_bug(error, arguments)


@contextmanager
def _ended_like_ctrl_c(arguments: Sequence[str]) -> Iterator[None]:
    """Let a request to end a command (SIGTERM) do what Ctrl+C does: it leaves nothing behind."""
    if not arguments or arguments[0] not in (*HEADLESS_COMMANDS, *PICTURE_COMMANDS):
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def report_bug(error: BaseException, arguments: Sequence[str]) -> int:
    """Say in a few lines that this is our fault and how to report it; return the exit status."""
    where = traceback.extract_tb(error.__traceback__)
    place = f"{os.path.basename(where[-1].filename)}:{where[-1].lineno}" if where else "unknown"
    details = " ".join(str(error).split()) or "no details"
    print(
        f"migrascope: this is a bug of ours: {type(error).__name__} at {place}: {details}\n"
        f"Please report this line, the command `migrascope {' '.join(arguments)}` and the "
        f"scenario file at {ISSUES}.",
        file=sys.stderr,
    )
    return EXIT_BUG


def _dispatch(arguments: list[str]) -> int:
    word = arguments[0] if arguments else ""
    if word in PICTURE_COMMANDS:
        return _pictures(word, arguments[1:])
    if word in HEADLESS_COMMANDS:
        from engine import cli

        return cli.main(arguments)
    if word in ("--help", "-h", "help"):
        print(USAGE.format(commands=", ".join([*HEADLESS_COMMANDS, *PICTURE_COMMANDS])), end="")
        return 0
    if word == "--version":
        return _version()
    return _window(arguments)


def _version() -> int:
    from engine import __version__

    print(f"migrascope {__version__}")
    return 0


def _fail(sentences: Sequence[str], status: int) -> int:
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return status


def _pictures(word: str, arguments: list[str]) -> int:
    from gui import startup

    try:
        startup.check_qt_libraries()
    except startup.StartupError as error:
        return _fail([str(error)], startup.EXIT_NO_DISPLAY)
    if word == "figures":
        from gui import figures_command

        return figures_command.main(arguments)
    if word == "film":
        from gui import film

        return film.main(arguments)
    from gui import shot

    return shot.main(arguments)


def _window(arguments: list[str]) -> int:
    from engine.errors import MigrascopeError, ScenarioError
    from gui import startup

    startup.skip_plugins()
    theme, names, faults = _window_arguments(arguments)
    if faults:
        return _fail(faults, EXIT_INPUT)
    try:
        opened = _opened(names)
    except ScenarioError as error:
        return _fail(error.faults, EXIT_INPUT)
    except MigrascopeError as error:
        return _fail([str(error)], EXIT_INPUT)
    try:
        startup.check_qt_libraries()
        platform = startup.check_display(os.environ)
        startup.check_reference_counts()
        startup.skip_source_reading()
    except startup.StartupError as error:
        return _fail([str(error)], startup.EXIT_NO_DISPLAY)
    if platform:
        os.environ.setdefault("QT_QPA_PLATFORM", platform)
    from gui import app

    return app.run(opened, theme_name=theme)


def _opened(names: list[str]) -> "Scenario | OpenedRecording | None":
    """Return what the window is to show; None: what it shows by itself.

    Raises:
        MigrascopeError: It cannot be read.
    """
    from engine.scenario import load_scenario

    if not names:
        return None
    if len(names) == 1 and not os.path.isfile(names[0]):
        return load_scenario(names[0])  # bundled; readers of recordings take time to import
    from engine.importing import open_files

    return open_files(names)


def _window_arguments(arguments: list[str]) -> tuple[str, list[str], list[str]]:
    """Return theme ("": as remembered), scenario names, and one sentence per fault."""
    theme, names, faults = "", [], []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        option, _, value = word.partition("=")
        if option == "--theme":
            theme = value or (rest.pop(0) if rest else "")
            if theme not in THEME_NAMES:
                faults.append(f'--theme "{theme}": use {THEME_WORDS}')
        elif word.startswith("-"):
            faults.append(f"{word}: no such option; see migrascope --help")
        else:
            names.append(word)
    return theme, names, faults


if __name__ == "__main__":
    sys.exit(main())
