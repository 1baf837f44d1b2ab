"""A scenario as text: the file that keeps it, and the code that is pasted into a chat.

Comments of a file are not kept: a document holds values only. A share code is the file's own text,
compressed, with a checksum: it needs no server, and nothing in it is ever executed.
"""

import base64
import binascii
import zlib
from typing import Final

import tomli_w

from engine.errors import ScenarioError
from engine.scenario import Scenario, parse_scenario
from engine.scenario_paths import Document

SHARE_MARK: Final = "migrascope1:"
SHARE_NAME: Final = "shared scenario"
_LONGEST_TEXT_BYTES: Final = 4 * 2**20
"""A share code never grows to more: a short code must not fill the memory."""
_LEVEL: Final = 9


def scenario_text(document: Document) -> str:
    """Return a document as a scenario file holds it.

    Args:
        document: Raw data of a valid scenario.

    Returns:
        TOML; `parse_scenario` gives the same document again.
    """
    return tomli_w.dumps(document, multiline_strings=True)


def share_code(document: Document) -> str:
    """Return a document as one line to paste: a mark, then compressed text in base64.

    Args:
        document: Raw data of a valid scenario.
    """
    packed = zlib.compress(scenario_text(document).encode(), _LEVEL)
    checksum = zlib.crc32(packed).to_bytes(4, "big")
    return SHARE_MARK + base64.urlsafe_b64encode(checksum + packed).decode().rstrip("=")


def is_share_code(text: str) -> bool:
    """Return whether a text, as pasted, claims to be a share code."""
    return text.lstrip().lower().startswith(SHARE_MARK)


def scenario_of_share_code(text: str) -> Scenario:
    """Return the scenario of a share code; line breaks and blanks in it do not matter.

    Args:
        text: As pasted.

    Raises:
        ScenarioError: It is none, was cut or changed on its way, or holds a wrong scenario.
    """
    plain = "".join(text.split())
    if not plain.lower().startswith(SHARE_MARK):
        raise ScenarioError([f'{SHARE_NAME}: a share code begins with "{SHARE_MARK}"'])
    body = plain[len(SHARE_MARK) :]
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ScenarioError([_damaged("it holds signs that no share code has")]) from error
    checksum, packed = raw[:4], raw[4:]
    if zlib.crc32(packed).to_bytes(4, "big") != checksum:
        raise ScenarioError([_damaged("its checksum does not match")])
    return parse_scenario(_unpacked(packed), SHARE_NAME)


def _unpacked(packed: bytes) -> str:
    machine = zlib.decompressobj()
    try:
        text = machine.decompress(packed, _LONGEST_TEXT_BYTES)
        if machine.unconsumed_tail or not machine.eof:
            raise ScenarioError([_damaged("it does not end, or is too large for a scenario")])
        return text.decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise ScenarioError([_damaged("what it holds cannot be unpacked")]) from error


def _damaged(why: str) -> str:
    return f"{SHARE_NAME}: cut or changed on its way: {why}; copy the whole code again"
