"""Which pages a real program writes, recorded on Linux as the workload of a VM.

The only part of the engine that looks at a clock and at other processes: it measures, it does not
simulate. What it gives is a file (`engine.workload.load_trace`), and only that reaches a run; so
no simulation and no digest depends on this package, and nothing below the command imports it.

- `kernel`: the system calls and structures of Linux that Python does not have.
- `ptrace`: one system call made inside another process, which is left as it was.
- `pagemap`, `write_protect`, `soft_dirty`, `mechanism`: which pages were written since the last
  look, by one of two mechanisms.
- `target`: the program: found by its number, or started.
- `recorder`: a look an interval, until something ends it.
- `trace_file`, `scenario_file`: what is kept, its figures, and a VM that does the same.
"""
