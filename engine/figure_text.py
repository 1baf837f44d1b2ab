"""The scenario that a picture of ours carries: read from PNG, SVG and PDF, without Qt.

A picture is data from anywhere: sizes are bounded, XML with a document type is refused, and
nothing in it is executed.
"""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from msgspec import Struct

from engine.errors import ScenarioError

PICTURES: Final = (".png", ".svg", ".pdf")
SCENARIO_KEY: Final = "Scenario"
AT_KEY: Final = "At"
VM_KEY: Final = "Vm"
NAMESPACE: Final = "https://migrascope.invalid/figure"
"""Names our element in an SVG or a PDF; nothing is fetched from there."""
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PDF: Final = b"%PDF-"
_PDF_END: Final = b"%%EOF"
_XMP: Final = (b"<x:xmpmeta", b"</x:xmpmeta>")
_LARGEST_FILE_BYTES: Final = 1 << 28
_LARGEST_TEXT_BYTES: Final = 16 << 20


class FigureText(Struct, frozen=True):
    """What a picture carries: the scenario as TOML, its instant and VM as text ("" if unknown)."""

    scenario: str
    at: str
    vm: str = ""


def is_picture(path: Path) -> bool:
    """Return whether a file's name is that of a picture."""
    return path.suffix.lower() in PICTURES


def read_figure(path: Path) -> FigureText:
    """Return what a picture of ours carries.

    Raises:
        ScenarioError: It cannot be read, or carries no scenario, in one sentence.
    """
    name = path.name or str(path)
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise ScenarioError([f"{name}: too large for a picture of ours"])
        data = path.read_bytes()
    except OSError as error:
        raise ScenarioError([f"{name}: cannot be read: {error.strerror}"]) from error
    try:
        found = _reader_of(data)(data)
    except (ValueError, IndexError, zlib.error, ElementTree.ParseError) as error:
        raise ScenarioError([f"{name}: the picture is damaged"]) from error
    if SCENARIO_KEY not in found:
        raise ScenarioError(
            [f"{name}: no scenario in this picture; only those that Migrascope made carry one"]
        )
    return FigureText(found[SCENARIO_KEY], found.get(AT_KEY, ""), found.get(VM_KEY, ""))


def _reader_of(data: bytes) -> Callable[[bytes], dict[str, str]]:
    """Return what reads a picture, by how it begins: a name may lie."""
    if data.startswith(_PNG):
        return _of_png
    return _of_pdf if data.startswith(_PDF) else _of_xml


def _of_png(data: bytes) -> dict[str, str]:
    """Return the text keys of a PNG (tEXt, zTXt, iTXt; PNG specification, 11.3.4)."""
    found: dict[str, str] = {}
    at = len(_PNG)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if len(body) < length:
            raise ValueError("cut off")
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            key, _, rest = body.partition(b"\0")
            found[key.decode("latin-1")] = _text_of(kind, rest)
        at += 12 + length
    return found


def _text_of(kind: bytes, rest: bytes) -> str:
    if kind == b"tEXt":
        return rest.decode("latin-1")
    if kind == b"zTXt":
        return _inflated(rest[1:]).decode("latin-1")
    packed = rest[0] == 1
    _, _, after = rest[2:].partition(b"\0")  # language
    _, _, text = after.partition(b"\0")  # translated key
    return (_inflated(text) if packed else text).decode("utf-8")


def _inflated(data: bytes) -> bytes:
    engine = zlib.decompressobj()
    text = engine.decompress(data, _LARGEST_TEXT_BYTES)
    if engine.unconsumed_tail:
        raise ValueError("too large")
    return text


def _of_pdf(data: bytes) -> dict[str, str]:
    """Return what our element in the metadata of a PDF holds.

    Metadata (XMP, ISO 16684-1, 7.3) stands in the file as it is, to be found without reading more.
    """
    if _PDF_END not in data[-1024:]:
        raise ValueError("cut off")
    at = data.find(NAMESPACE.encode())
    if at < 0:
        return {}
    begin, end = data.rfind(_XMP[0], 0, at), data.find(_XMP[1], at)
    if begin < 0 or not 0 < end - begin < _LARGEST_TEXT_BYTES:
        raise ValueError("no whole metadata")
    return _of_xml(data[begin : end + len(_XMP[1])])


def _of_xml(data: bytes) -> dict[str, str]:
    """Return what our element in XML holds; a document type could name entities: refused."""
    head = data[: 1 << 16].lower()
    if b"<!entity" in data.lower() or (b"<!doctype" in head):
        raise ValueError("a document type")
    root = ElementTree.fromstring(data)
    found: dict[str, str] = {}
    for element in root.iter(f"{{{NAMESPACE}}}figure"):
        for key in (SCENARIO_KEY, AT_KEY, VM_KEY):
            child = element.find(f"{{{NAMESPACE}}}{key.lower()}")
            if child is not None and child.text is not None:
                found[key] = child.text
    return found
