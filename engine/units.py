"""Quantities with units: from the text of a scenario file to whole base units, and back for people.

Parsing is exact (fractions, never floats): "0.41 s" is 410000000 ns. Every `parse_*` function also
takes a whole number that is in base units already, for scenarios that a program makes; that a
file may not hold bare numbers is the business of `engine.scenario`.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Final

PAGE_BYTES: Final = 4096

SIZE_UNITS: Final[dict[str, int]] = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
BIT_RATE_UNITS: Final[dict[str, int]] = {
    "bit/s": 1,
    "kbit/s": 10**3,
    "Mbit/s": 10**6,
    "Gbit/s": 10**9,
    "Kibit/s": 2**10,
    "Mibit/s": 2**20,
    "Gibit/s": 2**30,
}
DURATION_UNITS: Final[dict[str, int]] = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "min": 60 * 10**9,
}
PAGE_RATE_UNITS: Final[dict[str, int]] = {"pages/s": 1, "page/s": 1}
SHARE_UNITS: Final[dict[str, int]] = {"%": 10_000}
SPEED_UNITS: Final[dict[str, int]] = {"%": 1}
PACKET_UNITS: Final[dict[str, int]] = {"packets": 1, "packet": 1}

_QUANTITY: Final = re.compile(r"\s*([+-]?[0-9]+(?:\.[0-9]+)?)\s*([A-Za-z/%]+)\s*")
_AFTER_LAST: Final = re.compile(r"(.*\S)\s+after\s+last\s+migration\s*")
_NOTHING: Final = (0, 1, "")
_LARGEST: Final = 2**62  # everything must fit a signed 64-bit integer with room for sums


def _quantity(value: object, units: Mapping[str, int], *, expected: str, whole: str) -> int:
    """Return a quantity in whole base units.

    Raises:
        ValueError: No number with one of the units, or not a whole number of base units.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    numerator, denominator, unit = _read(value) if isinstance(value, str) else _NOTHING
    if unit not in units:
        raise ValueError(expected)
    amount, rest = divmod(numerator * units[unit], denominator)
    if rest:
        raise ValueError(f"must be {whole}")
    if abs(amount) > _LARGEST:
        raise ValueError("too large for any machine")
    return amount


@lru_cache(maxsize=1024)
def _read(text: str) -> tuple[int, int, str]:
    """Return numerator, denominator and unit of a quantity; a slider asks for the same all day."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return _NOTHING
    number = Fraction(found[1])
    return number.numerator, number.denominator, found[2]


def parse_size(value: object) -> int:
    """Return bytes from "512 MiB" (B, KiB, MiB, GiB).

    Raises:
        ValueError: Says in a clause what was expected.
    """
    return _quantity(
        value, SIZE_UNITS, expected="use B, KiB, MiB or GiB", whole="a whole number of bytes"
    )


def parse_page_size(value: object) -> int:
    """Return bytes from "512 MiB", a whole number of pages of 4096 bytes.

    Raises:
        ValueError: Says in a clause what was expected.
    """
    n_bytes = parse_size(value)
    if n_bytes % PAGE_BYTES:
        raise ValueError(f"must be a multiple of a page, {PAGE_BYTES} B")
    return n_bytes


def parse_bit_rate(value: object) -> int:
    """Return bit/s from "500 Mbit/s" (k, M, G decimal; Ki, Mi, Gi powers of 1024).

    Raises:
        ValueError: Says in a clause what was expected.
    """
    return _quantity(
        value,
        BIT_RATE_UNITS,
        expected="use bit/s, kbit/s, Mbit/s or Gbit/s (Kibit/s, Mibit/s, Gibit/s for 1024s)",
        whole="a whole number of bit/s",
    )


def parse_rate_limit(value: object) -> int | None:
    """Return bit/s, or None for "none": no limit.

    Raises:
        ValueError: Says in a clause what was expected.
    """
    if value is None or value == "none":
        return None
    rate_bps = parse_bit_rate(value)
    if rate_bps <= 0:
        raise ValueError('must be more than 0, or "none"')
    return rate_bps


def parse_page_rate(value: object) -> int:
    """Return pages a second from "1500 pages/s".

    Raises:
        ValueError: Says in a clause what was expected.
    """
    return _quantity(
        value, PAGE_RATE_UNITS, expected="use pages/s", whole="a whole number of pages/s"
    )


def parse_duration(value: object) -> int:
    """Return nanoseconds from "0.41 s" (ns, us, ms, s, min).

    Raises:
        ValueError: Says in a clause what was expected.
    """
    return _quantity(
        value,
        DURATION_UNITS,
        expected="use ns, us, ms, s or min",
        whole="a whole number of nanoseconds",
    )


def parse_share(value: object) -> int:
    """Return parts per million from "10 %".

    Raises:
        ValueError: Says in a clause what was expected.
    """
    return _quantity(
        value, SHARE_UNITS, expected="use %", whole="a whole number of parts per million"
    )


def parse_speed(value: object) -> int:
    """Return whole per cent from "150 %".

    Raises:
        ValueError: Says in a clause what was expected.
    """
    return _quantity(value, SPEED_UNITS, expected="use %", whole="a whole number of per cent")


def parse_packets(value: object) -> int:
    """Return packets from "800 packets".

    Raises:
        ValueError: Says in a clause what was expected.
    """
    return _quantity(value, PACKET_UNITS, expected="use packets", whole="a whole number of packets")


def parse_until(value: object) -> tuple[bool, int]:
    """Return when a run ends: (counted from the end of the last migration?, nanoseconds).

    "16 s" is counted from the start of the run; "3 s after last migration" from that end.

    Raises:
        ValueError: Says in a clause what was expected.
    """
    if isinstance(value, tuple | list) and len(value) == 2:
        after, length_ns = bool(value[0]), parse_duration(value[1])
    else:
        found = _AFTER_LAST.fullmatch(value) if isinstance(value, str) else None
        after = found is not None
        try:
            length_ns = parse_duration(found[1] if found else value)
        except ValueError as error:
            raise ValueError('use "16 s" or "3 s after last migration"') from error
    if length_ns < 0 or (length_ns == 0 and not after):
        raise ValueError("must be more than 0")
    return after, length_ns


def format_count(number: int) -> str:
    """Return a whole number for people: "131,072"."""
    return f"{number:,}"


def _three_digits(value: Fraction) -> str:
    """Return a number with three significant digits, halves up, without trailing zeros."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    scaled = (2 * size * 10**digits + 1) // 2
    sign = "-" if value < 0 and scaled else ""
    whole, rest = divmod(int(scaled), 10**digits)
    decimals = f"{rest:0{digits}d}".rstrip("0") if digits else ""
    return f"{sign}{whole:,}" + (f".{decimals}" if decimals else "")


def _scaled(value: int, steps: tuple[tuple[str, int], ...], largest: int) -> str:
    """Return `value` in the first unit of which it has at least one, from the largest down."""
    for unit, factor in steps[:-1]:
        if abs(value) >= factor - factor // largest:
            return f"{_three_digits(Fraction(value, factor))} {unit}"
    unit, factor = steps[-1]
    return f"{_three_digits(Fraction(value, factor))} {unit}"


@lru_cache(maxsize=1024)
def format_duration_ns(duration_ns: int) -> str:
    """Return a duration for people, three significant digits: "21.3 ms", "1.2 s", "410 us"."""
    if duration_ns == 0:
        return "0 s"
    return _scaled(duration_ns, (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1)), 2000)


@lru_cache(maxsize=1024)
def format_bit_rate(rate_bps: int) -> str:
    """Return a bit rate for people, three significant digits: "941 Mbit/s"."""
    return _scaled(
        rate_bps, (("Gbit/s", 10**9), ("Mbit/s", 10**6), ("kbit/s", 10**3), ("bit/s", 1)), 2000
    )


@lru_cache(maxsize=1024)
def format_size(n_bytes: int) -> str:
    """Return a size for people, three significant digits: "512 MiB", "1.5 GiB"."""
    return _scaled(n_bytes, (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10), ("B", 1)), 2048)


def format_page_rate(rate_pps: int) -> str:
    """Return a page rate for people: "1,500 pages/s"."""
    return f"{rate_pps:,} pages/s"


def format_share(share_ppm: int) -> str:
    """Return a share for people: "10 %"."""
    return f"{_three_digits(Fraction(share_ppm, 10_000))} %"
