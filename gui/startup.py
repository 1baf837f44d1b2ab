"""Checks before Qt starts: Qt aborts the process where a library or the display is missing.

Each check finds out first and says in one sentence what is missing and what works without it.
Nothing here imports Qt at module level, so that the headless commands stay free of it.
"""

import ctypes
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final

EXIT_NO_DISPLAY: Final = 3
HEADLESS: Final = "list, check, run, reproduce, schema and shot work without a display"

QT_LIBRARIES: Final = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libX11.so.6": "libx11-6",
    "libxkbcommon.so.0": "libxkbcommon0",
}
"""What QtGui needs on Linux on every platform plugin, and the Debian package that has it."""

XCB_LIBRARIES: Final = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""What the xcb platform plugin needs beside them."""

WAYLAND_LIBRARIES: Final = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
}

NO_PLUGINS: Final = "__all__"
_PLUGIN_LOADER: Final = "pydantic.plugin._loader"
"""In pydantic 2: what looks for plugins; all that is wanted of it is `get_plugins`."""
_READS_SOURCE: Final = "_mod_uses_pyside"
"""In PySide6 6.10: whether a module uses it; read from its source."""

Loads = Callable[[str], bool]


class StartupError(Exception):
    """The window cannot come up; the text is one sentence for the user."""


def library_loads(name: str) -> bool:
    """Return whether the dynamic linker finds and loads a shared library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def check_qt_libraries(loads: Loads = library_loads) -> None:
    """Check that QtGui can be imported at all; `shot` needs this much.

    Raises:
        StartupError: PySide6 is not installed, or libraries are missing.
    """
    if importlib.util.find_spec("PySide6") is None:
        raise StartupError(
            "PySide6 is not installed; run `pip install PySide6-Essentials`, or stay with the "
            "commands list, check, run and schema, which do not need it."
        )
    if sys.platform.startswith("linux"):
        _require(QT_LIBRARIES, loads, works="list, check, run and schema work without them")


def check_display(environment: Mapping[str, str], loads: Loads = library_loads) -> str:
    """Check that a window can be opened, and return the platform plugin to use ("": Qt's choice).

    Args:
        environment: As `os.environ`.
        loads: Whether a library loads; tests give their own.

    Raises:
        StartupError: No display can be reached, or its plugin cannot be loaded.
    """
    if not sys.platform.startswith("linux"):
        return ""
    chosen = environment.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]
    if chosen and chosen not in ("xcb", "wayland"):
        return chosen
    wayland = _wayland_socket(environment)
    if chosen == "wayland" or (not chosen and wayland and _prefers_wayland(environment)):
        if wayland is None:
            raise StartupError(f"No Wayland display can be reached; {HEADLESS}.")
        _require(WAYLAND_LIBRARIES, loads, works=HEADLESS)
        return "wayland"
    display = environment.get("DISPLAY", "")
    if not display:
        raise StartupError(f"There is no display (DISPLAY is not set); {HEADLESS}.")
    _require(XCB_LIBRARIES, loads, works=HEADLESS)
    if not _x_server_answers(display):
        raise StartupError(f"The display {display} cannot be reached; {HEADLESS}.")
    _check_plugin("libqxcb.so")
    return "xcb"


def check_reference_counts() -> None:
    """Check that Qt's signals do not lose references to `True`.

    WORKAROUND for PySide6 6.12.0 on Python 3.11, which aborts the interpreter after a minute of
    animation; remove when the ceiling in pyproject.toml can go.

    Raises:
        StartupError: This Qt build is faulty.
    """
    from PySide6.QtCore import QObject, Signal

    class Emitter(QObject):
        fired = Signal(bool)

    emitter = Emitter()
    before = sys.getrefcount(True)
    for _ in range(50):
        emitter.fired.emit(True)
    if before - sys.getrefcount(True) >= 25:
        raise StartupError(
            "This build of PySide6 is faulty: it loses references to True and would abort; "
            f"install PySide6-Essentials 6.10.3 (the commands {HEADLESS.partition(' work')[0]} "
            "do not animate and still work)."
        )


def skip_source_reading() -> bool:
    """Keep PySide6 from reading the source of every module that is imported after it.

    It looks for its own name in each, because whoever uses it may ask for other names of its
    methods (`from __feature__ import snake_case`). Nobody does here, and some 330 files take a
    tenth of the start. PySide6 has no switch for it, so its answer is given in its place.

    Returns:
        Whether it does so at all; another build may not, and then nothing happens.
    """
    feature = sys.modules.get("shibokensupport.feature")
    if not callable(getattr(feature, _READS_SOURCE, None)):
        return False
    setattr(feature, _READS_SOURCE, lambda module: True)
    return True


def skip_plugins() -> None:
    """Keep pydantic from asking every installed package whether it has a plugin for it.

    Its own switch for that; whoever has set it is asked first. The module that would look for
    plugins, and read how packages are installed and mails are written for it, is not imported then:
    it takes a hundredth of the start to say that there are none.
    """
    wanted = os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", NO_PLUGINS)
    if wanted == NO_PLUGINS and _PLUGIN_LOADER not in sys.modules:
        loader = ModuleType(_PLUGIN_LOADER)
        loader.get_plugins = tuple  # type: ignore[attr-defined]
        sys.modules[_PLUGIN_LOADER] = loader


def _require(libraries: Mapping[str, str], loads: Loads, *, works: str) -> None:
    missing = [name for name in libraries if not loads(name)]
    if missing:
        packages = " ".join(dict.fromkeys(libraries[name] for name in missing))
        raise StartupError(
            f"Qt needs {_listed(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            f"installed: on Debian run `apt-get install {packages}`; {works}."
        )


def _listed(words: Iterable[str]) -> str:
    *head, last = words
    return f"{', '.join(head)} and {last}" if head else last


def _check_plugin(file_name: str) -> None:
    """Load Qt's platform plugin as Qt would; what is missing then is in no list of ours."""
    spec = importlib.util.find_spec("PySide6")
    places = spec.submodule_search_locations if spec else None
    for place in places or ():
        plugin = Path(place) / "Qt" / "plugins" / "platforms" / file_name
        if plugin.exists():
            try:
                ctypes.CDLL(str(plugin))
            except OSError as error:
                what = str(error).partition(":")[0]
                raise StartupError(
                    f"Qt's display plugin cannot be loaded ({what} is missing); {HEADLESS}."
                ) from error


def _prefers_wayland(environment: Mapping[str, str]) -> bool:
    return environment.get("XDG_SESSION_TYPE") == "wayland" or not environment.get("DISPLAY")


def _wayland_socket(environment: Mapping[str, str]) -> Path | None:
    name = environment.get("WAYLAND_DISPLAY", "")
    if not name:
        return None
    path = Path(environment.get("XDG_RUNTIME_DIR", "/")) / name
    return path if path.is_socket() and os.access(path, os.W_OK) else None


def _x_server_answers(display: str) -> bool:
    """Return whether the X server accepts us: socket, protocol and authority in one."""
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode(), None)
    refused = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not refused
