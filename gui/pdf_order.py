"""The objects of a PDF in an order that hangs on nothing but what they hold, and without a day.

Qt writes the fonts of a PDF in the order of pointers, which is another one in every process. Here
objects are numbered as they are first referred to, beginning at the trailer; what nothing refers
to is left out. It reads what Qt writes (PDF 1.4, 7.5: one table of offsets), and no other PDF.
"""

import re
from typing import Final

DAY: Final = b"(D:20000101000000Z)"
_DAY: Final = re.compile(rb"\(D:\d{14}[^)]*\)")
_REFERENCE: Final = re.compile(rb"\b(\d+) 0 R\b")
_FONT_TAG: Final = re.compile(rb"(/FontName /)[A-Z]{6}\+")
_TABLE_ROW: Final = re.compile(rb"(\d{10}) \d{5} n")
_BEGIN: Final = re.compile(rb"(\d+) 0 obj\b")


def ordered(data: bytes) -> bytes:
    """Return a PDF of Qt's in the order of its references, dated 1 January 2000."""
    table = int(data[data.rindex(b"startxref") :].split()[1])
    places = sorted({int(at) for at in _TABLE_ROW.findall(data, table)})
    objects = {}
    for begin, end in zip(places, [*places[1:], table], strict=True):
        found = _BEGIN.match(data, begin)
        assert found is not None
        objects[int(found[1])] = _head_and_stream(data[found.end() : end])
    trailer = data[data.rindex(b"trailer") : data.rindex(b"startxref")]
    numbers: dict[int, int] = {}
    waiting = [trailer]
    for head in waiting:
        for old in map(int, _REFERENCE.findall(head)):
            if old not in numbers:
                numbers[old] = len(numbers) + 1
                waiting.append(objects[old][0])

    def renumbered(head: bytes) -> bytes:
        return _REFERENCE.sub(lambda found: b"%d 0 R" % numbers[int(found[1])], head)

    written, offsets = bytearray(data[: places[0]]), []
    for old, new in numbers.items():
        head, stream = objects[old]
        offsets.append(len(written))
        # A font's tag is the number that it had.
        head = _FONT_TAG.sub(rb"\1MIGRAS+", _DAY.sub(DAY, renumbered(head)))
        written += b"%d 0 obj" % new + head + stream
    size = len(numbers) + 1
    start = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % size
    written += b"".join(b"%010d 00000 n \n" % at for at in offsets)
    written += re.sub(rb"/Size \d+", b"/Size %d" % size, renumbered(trailer))
    return bytes(written + b"startxref\n%d\n%%%%EOF\n" % start)


def _head_and_stream(body: bytes) -> tuple[bytes, bytes]:
    """Return what may refer to others, and a stream, which is left as it is."""
    head, mark, rest = body.partition(b"\nstream\n")
    return head, mark + rest
