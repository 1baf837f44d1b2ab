"""Numbers with units as logs print them; every other unit is an error, never a guess."""

import re
from collections.abc import Mapping
from typing import Final

from engine.importing.log_file import Line

LARGEST: Final = 2**62
SIZES: Final[dict[str, int]] = {
    "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50,
}  # fmt: skip
RATES: Final[dict[str, int]] = {f"{unit}/s": 8 * n_bytes for unit, n_bytes in SIZES.items()}
"""To bit/s."""
KBYTES: Final[dict[str, int]] = {"kbytes": 1024}
MILLISECONDS: Final[dict[str, int]] = {"ms": 10**6}
MBPS: Final[dict[str, int]] = {"mbps": 10**6}
PAGES: Final[dict[str, int]] = {"pages": 1}
COUNT: Final[dict[str, int]] = {"": 1}

# An exponent too: QEMU prints 1023 MiB as "1.02e+03 MiB".
_QUANTITY: Final = re.compile(r"(\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?)\s*([A-Za-z%/]*)")


def quantity(line: Line, text: str, units: Mapping[str, int]) -> int:
    """Return a quantity in base units, rounded.

    Args:
        line: Where it stands, for the message.
        text: Number and unit.
        units: The allowed units, and how many base units each is.

    Raises:
        LogFileError: No number, or not with one of the units.
    """
    found = _QUANTITY.fullmatch(text.strip())
    if found is None or found[2] not in units:
        names = [unit for unit in units if unit]
        raise line.fault(f"a number of {' or '.join(names)}" if names else "a number")
    digits, factor = found[1], units[found[2]]
    value = int(digits) * factor if digits.isdigit() else round(float(digits) * factor)
    if value > LARGEST:
        raise line.fault("a number that a machine could count")
    return value


def count(line: Line, text: str) -> int:
    """Return a plain whole number.

    Raises:
        LogFileError: It is none.
    """
    return quantity(line, text, COUNT)
