"""Quantities with units: exact parsing, clauses that help, and figures for people."""

import pytest

from engine import units


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("512 MiB", 2**29), ("4096B", 4096), ("1.5 GiB", 3 * 2**29), ("256 KiB", 2**18)],
)
def test_sizes_are_powers_of_1024(text: str, n_bytes: int) -> None:
    assert units.parse_size(text) == n_bytes


@pytest.mark.parametrize(
    ("text", "rate_bps"),
    [("1 Gbit/s", 10**9), ("1Mibit/s", 2**20), ("2.5 kbit/s", 2500), ("7 bit/s", 7)],
)
def test_bit_rates_are_decimal_unless_they_say_otherwise(text: str, rate_bps: int) -> None:
    assert units.parse_bit_rate(text) == rate_bps


@pytest.mark.parametrize(
    ("text", "duration_ns"),
    [("0.41 s", 410_000_000), ("0.1us", 100), ("10 min", 600 * 10**9), ("0.12345678 s", 123456780)],
)
def test_durations_are_exact(text: str, duration_ns: int) -> None:
    assert units.parse_duration(text) == duration_ns


def test_a_run_may_end_after_its_last_migration() -> None:
    assert units.parse_until("3 s after last migration") == (True, 3 * 10**9)
    assert units.parse_until("16 s") == (False, 16 * 10**9)


def test_shares_speeds_and_packets() -> None:
    assert units.parse_share("12.5 %") == 125_000
    assert units.parse_speed("150%") == 150
    assert units.parse_packets("800 packets") == 800
    assert units.parse_page_rate("1500 pages/s") == 1500


@pytest.mark.parametrize("value", ["12 GB", "12", "MiB", "", "1e3 MiB", "1 2 MiB", None, True, 1.5])
def test_a_wrong_size_is_told_which_units_there_are(value: object) -> None:
    with pytest.raises(ValueError, match=r"^use B, KiB, MiB or GiB$"):
        units.parse_size(value)


def test_a_memory_that_ends_inside_a_page_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of a page"):
        units.parse_page_size("5 KiB")


def test_fractions_of_a_base_unit_are_refused() -> None:
    with pytest.raises(ValueError, match="whole number of nanoseconds"):
        units.parse_duration("0.5 ns")


def test_numbers_in_base_units_pass_for_programs() -> None:
    assert units.parse_size(4096) == 4096
    assert units.parse_until((True, 5)) == (True, 5)


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [
        (0, "0 s"),
        (21_342_000, "21.3 ms"),
        (999_999, "1 ms"),
        (410, "410 ns"),
        (8_400_000_000, "8.4 s"),
        (125 * 10**9, "125 s"),
    ],
)
def test_durations_read_well(duration_ns: int, text: str) -> None:
    assert units.format_duration_ns(duration_ns) == text


def test_other_figures_read_well() -> None:
    assert units.format_bit_rate(941_482_444) == "941 Mbit/s"
    assert units.format_size(2**29) == "512 MiB"
    assert units.format_count(131_072) == "131,072"
    assert units.format_share(125_000) == "12.5 %"
