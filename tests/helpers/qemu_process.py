"""A real QEMU for the tests: a tiny guest that writes memory at a known pace, here and there.

The guest has no system: it is a flat multiboot image of a few bytes, started by `-kernel`. The
same image, with the values of the README's demo, is `assets/live/writer.img`.
"""

import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final

PROGRAM: Final = "qemu-system-x86_64"
ABSENT: Final = "no qemu-system-x86_64 here (Debian: apt install qemu-system-x86)"
LOAD: Final = 0x100000
BASE: Final = 0x200000
HEADER_BYTES: Final = 32
_MAGIC, _FLAGS = 0x1BADB002, 0x00010000  # the header says itself where everything goes
DEMO: Final = {"fill_mib": 128, "set_mib": 32, "pages_per_s": 4000}
"""What the guest of the README's demo does."""
STARTS_WITHIN_S: Final = 20.0
FILLS_WITHIN_S: Final = 1.5


def writer_image(*, fill_mib: int, set_mib: int, pages_per_s: int) -> bytes:
    """Return a guest that fills memory, and then writes a part of it over and over.

    Source, 32-bit code at 1 MiB + 32::

              mov  edi, BASE
              mov  ecx, FILL_PAGES
        fill: mov  [edi], edi           ; a word that is not zero into each page
              add  edi, 4096
              dec  ecx
              jnz  fill
              rdtsc
              mov  ebx, eax             ; when the next write is due
        pass: mov  edi, BASE
              mov  ecx, SET_PAGES
        next: add  ebx, TICKS
        wait: pause
              rdtsc
              sub  eax, ebx
              js   wait
              inc  dword [edi]
              add  edi, 4096
              dec  ecx
              jnz  next
              jmp  pass

    Args:
        fill_mib: Memory that holds something else than zero.
        set_mib: Part of it that is written, page after page.
        pages_per_s: Pace of the writes where the time stamp counter runs at 1 GHz: under TCG.
    """
    pages_a_mib = 256
    u32 = struct.Struct("<I").pack
    page = u32(4096)
    fill = b"\x89\x3f" + b"\x81\xc7" + page + b"\x49"
    head = b"\xbf" + u32(BASE) + b"\xb9" + u32(fill_mib * pages_a_mib)
    head += fill + b"\x75" + _back(len(fill) + 2) + b"\x0f\x31" + b"\x89\xc3"
    wait = b"\xf3\x90" + b"\x0f\x31" + b"\x29\xd8"
    wait += b"\x78" + _back(len(wait) + 2)
    write = b"\x81\xc3" + u32(10**9 // pages_per_s) + wait
    write += b"\xff\x07" + b"\x81\xc7" + page + b"\x49"
    write += b"\x75" + _back(len(write) + 2)
    again = b"\xbf" + u32(BASE) + b"\xb9" + u32(set_mib * pages_a_mib) + write
    code = head + again + b"\xeb" + _back(len(again) + 2)
    words = (
        _MAGIC, _FLAGS, -(_MAGIC + _FLAGS) & 0xFFFFFFFF, LOAD, LOAD, 0, 0, LOAD + HEADER_BYTES,
    )
    return struct.pack("<8I", *words) + code


def _back(n_bytes: int) -> bytes:
    """Return the operand of a short jump back over so many bytes, its own two among them."""
    return struct.pack("<b", -n_bytes)


class QemuProcess:
    """A QEMU with its QMP socket, ended with the `with` block.

    Args:
        folder: Where its sockets and its guest lie.
        name: Name of the VM and of its files.
        incoming: Address at which it waits for a migration; "": it runs the guest.
        memory_mib: Its memory.
        more: Further arguments.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        incoming: str = "",
        memory_mib: int = 96,
        fill_mib: int = 48,
        set_mib: int = 8,
        pages_per_s: int = 1000,
        more: tuple[str, ...] = (),
    ) -> None:
        self.socket = folder / f"{name}.qmp"
        self._awaited = [self.socket]
        if incoming.startswith("unix:"):
            self._awaited.append(Path(incoming.removeprefix("unix:")))
        image = folder / "writer.img"
        image.write_bytes(
            writer_image(fill_mib=fill_mib, set_mib=set_mib, pages_per_s=pages_per_s)
        )
        arguments = [
            PROGRAM, "-accel", "tcg", "-m", str(memory_mib), "-nodefaults", "-nic", "none",
            "-display", "none", "-no-user-config", "-name", name, "-kernel", str(image),
            "-qmp", f"unix:{self.socket},server=on,wait=off", *more,
        ]  # fmt: skip
        if incoming:
            arguments += ["-incoming", incoming]
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def __enter__(self) -> "QemuProcess":
        end = time.monotonic() + STARTS_WITHIN_S
        while not all(path.exists() for path in self._awaited):
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                assert self.process.stderr is not None
                said = self.process.stderr.read().decode(errors="replace").strip()
                raise RuntimeError(f"QEMU did not start: {said}")
            time.sleep(0.02)
        if len(self._awaited) == 1:
            time.sleep(FILLS_WITHIN_S)  # an empty guest would have moved before anybody looks
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        assert self.process.stderr is not None
        self.process.stderr.close()

    @property
    def running(self) -> bool:
        """Return whether the process lives."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.kill()
        self.process.wait()


def installed() -> bool:
    """Return whether QEMU is here."""
    return shutil.which(PROGRAM) is not None


def short_folder() -> Path:
    """Return a new folder with a short name: the path of a socket has 107 bytes at most."""
    return Path(tempfile.mkdtemp(prefix="qemu-"))
