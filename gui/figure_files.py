"""Figures as files: PNG, SVG and PDF that carry their scenario, their words and nothing of the day.

The same picture gives the same bytes in every process. No date, no identity and no path stands in
a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from msgspec import Struct
from msgspec.structs import replace

from engine import __version__
from engine.figure_text import AT_KEY, NAMESPACE, SCENARIO_KEY, VM_KEY
from engine.narration import narrate
from engine.scenario import Scenario, exact_duration
from engine.scenario_text import scenario_text
from engine.summary import state_summary
from engine.units import format_duration_ns
from engine.whole_file import write_whole
from gui.figure_notes import Notes, foot_height, paint_notes
from gui.figure_stage import Picture, ShotError, Staged, staged
from gui.named_parts import part_names, part_rect

if TYPE_CHECKING:
    from PySide6.QtCore import QRect, QSize
    from PySide6.QtGui import QImage

ENDINGS: Final = (".png", ".svg", ".pdf")
DOTS_A_METRE: Final = 3780
PDF_DPI: Final = 96
_SVG_SIZE: Final = re.compile(r'<svg width="[^"]*" height="[^"]*"')
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold (2.2); titles may have them."""
_XMP: Final = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{alt}</rdf:li></rdf:Alt></dc:description>
{figure}</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


class Words(Struct, frozen=True):
    """What is said of a figure.

    Attributes:
        title: Of the scenario, with the instant.
        alt: For who cannot see it.
        cite: How to cite it, plain and as BibTeX.
        scenario: The scenario as TOML.
        at: The instant as text, exactly.
        vm: The VM that is selected.
        parts: Names of what a callout can point to.
    """

    title: str
    alt: str
    cite: str
    scenario: str
    at: str
    vm: str
    parts: tuple[str, ...] = ()


def make_figure(
    scenario: Scenario, picture: Picture, path: Path, *, alt: str = "",
    check: Callable[[], None] = lambda: None,
) -> Words:
    """Draw a picture into a file, by the ending of its name.

    Args:
        scenario: What it shows.
        picture: How.
        path: PNG, SVG or PDF.
        alt: Words for who cannot see it; "": what the instant is, in words.
        check: Is called when it is drawn, before it is written; what it raises ends it.

    Raises:
        ShotError: It cannot be made.
        ScenarioError: The scenario cannot be run.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise ShotError(f'-o {path.name}: use a name that ends in {", ".join(ENDINGS)}')
    with staged(scenario, picture) as stage:
        notes = notes_of(stage, picture)
        words = words_of(scenario, stage, picture, notes, alt)
        draw = {".png": _png_bytes, ".svg": _svg_bytes, ".pdf": _pdf_bytes}[ending]
        data = draw(stage, notes, words)
        check()
        _put(path, data)
        return replace(words, parts=tuple(_parts_of(stage, picture)))


def draw_image(stage: Staged, notes: Notes) -> QImage:
    """Return the picture with its notes, without what a file would say of screens and programs."""
    from PySide6.QtGui import QImage, QPainter

    image = stage.widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    foot = foot_height(notes, stage.widget.width())
    if notes.callouts or foot:
        ratio = image.devicePixelRatio()
        size = stage.widget.size()
        whole = QImage(
            round(size.width() * ratio), round((size.height() + foot) * ratio),
            QImage.Format.Format_RGB32,
        )  # fmt: skip
        whole.setDevicePixelRatio(ratio)
        painter = QPainter(whole)
        try:
            painter.drawImage(0, 0, image)
            paint_notes(painter, notes, size, stage.parts.window.theme)
        finally:
            painter.end()
        image = whole
    image.setDotsPerMeterX(DOTS_A_METRE)
    image.setDotsPerMeterY(DOTS_A_METRE)
    for key in image.textKeys():
        image.setText(key, "")
    return image


def notes_of(stage: Staged, picture: Picture) -> Notes:
    """Return callouts and caption of a picture.

    Raises:
        ShotError: A part is not shown.
    """
    caption = picture.caption
    if picture.narrated:
        told = narrate(stage.history, stage.t_ns, stage.vm)
        headline = told.headline.rstrip(".") + "."
        caption = " ".join([*([caption] if caption else []), headline, told.sentence])
    return Notes(
        tuple((_part(stage, picture, name), text) for name, text in picture.callouts), caption
    )


def _parts_of(stage: Staged, picture: Picture) -> list[str]:
    """Return the names of what is shown that a callout can point to."""
    window = stage.parts.window
    if picture.view == "window":
        return part_names(window)
    if picture.view == "pool":
        return [name for name, rect in window.pool.part_rects().items() if not rect.isEmpty()]
    return []


def _part(stage: Staged, picture: Picture, name: str) -> QRect:
    window, rect = stage.parts.window, None
    if picture.view == "window":
        rect = part_rect(window, name)
    elif picture.view == "pool":
        rect = window.pool.part_rects().get(name)
    if rect is None:
        there = _parts_of(stage, picture)
        where = f"; there are: {', '.join(there)}" if there else "; use the window or the pool"
        raise ShotError(f'--callout "{name}": no such part in the {picture.view}{where}')
    return rect


def words_of(
    scenario: Scenario, stage: Staged, picture: Picture, notes: Notes, alt: str = ""
) -> Words:
    """Return what is said of a figure."""
    name = scenario.name.removesuffix(".toml")
    title = scenario.spec.title or name
    at = format_duration_ns(stage.t_ns)
    seed = scenario.spec.run.seed
    what = "The window" if picture.view == "window" else f"The {picture.view}"
    told = alt or " ".join(
        [f"{what} of Migrascope at {at} of \N{LEFT DOUBLE QUOTATION MARK}{title}"
         "\N{RIGHT DOUBLE QUOTATION MARK}.",
         state_summary(stage.history, stage.t_ns, stage.vm), *notes.texts]
    )  # fmt: skip
    plain = (
        f"\N{LEFT DOUBLE QUOTATION MARK}{title}\N{RIGHT DOUBLE QUOTATION MARK}, at {at}; scenario "
        f"{name}, seed {seed}. Made with Migrascope {__version__}."
    )
    key = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    bibtex = (
        f"@misc{{migrascope-{key},\n  title = {{{title}}},\n"
        f"  howpublished = {{Migrascope {__version__}, scenario {name}, seed {seed}, at {at}}},\n}}"
    )
    toml = scenario_text(scenario.document)
    exact = exact_duration(stage.t_ns)
    return Words(f"{title}, at {at}", told, f"{plain}\n\n{bibtex}\n", toml, exact, stage.vm)


def _png_bytes(stage: Staged, notes: Notes, words: Words) -> bytes:
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice
    from PySide6.QtGui import QImageWriter

    image = draw_image(stage, notes)
    image.setDevicePixelRatio(1.0)
    for key, text in (
        ("Title", words.title), ("Description", words.alt), ("Software", _software()),
        (SCENARIO_KEY, words.scenario), (AT_KEY, words.at), (VM_KEY, words.vm),
    ):
        image.setText(key, text)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not QImageWriter(buffer, QByteArray(b"png")).write(image):
        raise ShotError("the picture is too large for this machine; use a smaller --scale")
    return bytes(buffer.data().data())


def _svg_bytes(stage: Staged, notes: Notes, words: Words) -> bytes:
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRect, QSize
    from PySide6.QtSvg import QSvgGenerator

    size = _whole_size(stage, notes)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(size))
    generator.setResolution(PDF_DPI)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setTitle(words.title)
    generator.setDescription(words.alt)
    _paint(generator, stage, notes)
    buffer.close()
    text = bytes(data.data()).decode("utf-8")
    ours = f"<metadata>{_figure_element(words)}</metadata>\n"
    # In pixels, as everywhere: Qt writes millimetres.
    text = _SVG_SIZE.sub(f'<svg width="{size.width()}" height="{size.height()}"', text, count=1)
    head, mark, rest = text.partition("</desc>\n")
    return _xml_bytes(head + mark + ours + rest)


def _xml_bytes(text: str) -> bytes:
    """Return XML as a file has it: what it cannot hold is named as a TOML string names it."""
    return _NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04X}", text).encode("utf-8")


def _figure_element(words: Words, attributes: str = "") -> str:
    """Return what a figure carries, as the XML that `engine.figure_text` reads."""
    return (
        f'<m:figure xmlns:m="{NAMESPACE}"{attributes}><m:scenario>{escape(words.scenario)}'
        f"</m:scenario><m:at>{escape(words.at)}</m:at><m:vm>{escape(words.vm)}</m:vm></m:figure>"
    )


def _pdf_bytes(stage: Staged, notes: Notes, words: Words) -> bytes:
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QSizeF, QUuid
    from PySide6.QtGui import QPageSize, QPdfWriter

    from gui.pdf_order import ordered

    size = _whole_size(stage, notes)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(PDF_DPI)
    points = QSizeF(size.width() * 72 / PDF_DPI, size.height() * 72 / PDF_DPI)
    writer.setPageSize(QPageSize(points, QPageSize.Unit.Point, "figure"))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    writer.setTitle(words.title)
    writer.setCreator(_software())
    writer.setDocumentId(QUuid(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    figure = _figure_element(words, ' rdf:parseType="Resource"')
    xmp = _XMP.format(title=escape(words.title), alt=escape(words.alt), figure=figure)
    writer.setDocumentXmpMetadata(QByteArray(_xml_bytes(xmp)))
    # For who has no Migrascope.
    writer.addFileAttachment(
        "scenario.toml", QByteArray(words.scenario.encode("utf-8")), "application/toml"
    )
    _paint(writer, stage, notes)
    buffer.close()
    return ordered(bytes(data.data()))


def _paint(device: object, stage: Staged, notes: Notes) -> None:
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QPainter

    painter = QPainter(device)  # type: ignore[call-overload]
    try:
        stage.widget.render(painter, QPoint(0, 0))
        paint_notes(painter, notes, stage.widget.size(), stage.parts.window.theme)
    finally:
        painter.end()


def _whole_size(stage: Staged, notes: Notes) -> QSize:
    from PySide6.QtCore import QSize

    size = stage.widget.size()
    return QSize(size.width(), size.height() + foot_height(notes, size.width()))


def _software() -> str:
    return f"Migrascope {__version__}"


def _put(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise ShotError(f"-o {path}: cannot be written; is there such a folder?") from error
