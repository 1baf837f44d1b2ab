"""A scenario whose VM does what a traced program did.

The program's pages become the first pages of the VM, in the order of their addresses; what the
VM has beyond them is zero. Everything else is ordinary: two hosts, a ping, one migration.
"""

import json
import os
import re
from pathlib import Path
from typing import Final

from engine.specs import PAGE_BYTES
from engine.tracing.kernel import TraceError

_STEP_BYTES: Final = 64 << 20  # memory comes in steps of 64 MiB
_MIB: Final = 1 << 20
_GIB: Final = 1 << 30

_TEMPLATE: Final = """\
format = 1
title = {title}
description = {description}

[run]
seed = 1
until = "3 s after last migration"

[[hosts]]
name = "host-1"
memory = "{host_gib} GiB"

[[hosts]]
name = "host-2"
memory = "{host_gib} GiB"

[[storage]]
name = "nfs-1"
kind = "nfs"
hosts = ["host-1", "host-2"]

[network]
latency = "0.3 ms"
bandwidth = "1 Gbit/s"

[[vms]]
name = {vm}
host = "host-1"
memory = "{memory_mib} MiB"
storage = "nfs-1"
zero_pages = "{zero} %"

[[vms.writers]]
pattern = "trace"
trace = {trace}
speed = "100 %"

[[vms.probes]]
kind = "ping"
interval = "200 ms"
phase = "50 ms"

[[migrations]]
vm = {vm}
to = "host-2"
at = "2 s"
policy = "xen-legacy"

[[values]]
key = {trace_key}
given = "source"
note = "recorded with migrascope trace; within an interval the writes are spread evenly (assumed)"

[[values]]
key = {memory_key}
given = "assumed"
note = "the pages that were written, rounded up"

[[values]]
key = "network"
given = "assumed"
"""


def memory_bytes_for(n_pages: int) -> int:
    """Return the memory of a VM that holds so many pages: the next whole step."""
    return max(1, -(-n_pages * PAGE_BYTES // _STEP_BYTES)) * _STEP_BYTES


def vm_name_of(program: str) -> str:
    """Return a name that paths of a scenario can go by."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", program).strip("-")
    return name if name and not name.isdigit() else f"program-{name}".rstrip("-")


def scenario_text(program: str, *, n_pages: int, trace_path: Path) -> str:
    """Return a scenario file: a VM in which the recorded pages are written.

    Args:
        program: What was recorded.
        n_pages: Pages of the recording.
        trace_path: Its file; it goes into the scenario as an absolute path.
    """
    memory = memory_bytes_for(n_pages)
    total = memory // PAGE_BYTES
    zero_ppm = (total - n_pages) * 1_000_000 // total
    vm = vm_name_of(program)
    return _TEMPLATE.format(
        title=_quoted(f"A recorded working set: {program}"),
        description=_quoted(
            f"What {program} really wrote, page by page, becomes the workload of a VM."
        ),
        vm=_quoted(vm),
        memory_mib=memory // _MIB,
        host_gib=max(4, -(-2 * memory // _GIB)),
        zero=f"{zero_ppm // 10_000}.{zero_ppm % 10_000:04d}",
        trace=_quoted(str(trace_path.absolute())),
        trace_key=_quoted(f"vms.{vm}.writers.0.trace"),
        memory_key=_quoted(f"vms.{vm}.memory"),
    )


def _quoted(text: str) -> str:
    """Return a basic string of TOML; what JSON escapes, TOML escapes alike."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def save_scenario(text: str, path: Path) -> None:
    """Write a scenario file; a file of that name is replaced in one step.

    Raises:
        TraceError: It cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except (OSError, UnicodeEncodeError) as error:
        raise TraceError(f"{path}: cannot be written: {error}") from error
