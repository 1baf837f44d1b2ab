"""A running QEMU, watched through its QMP socket: address, figures, recording, and the watcher.

No widget is here. `watcher` has a thread of its own; everything else is values and files. A command
that changes something is sent only when somebody asked for it by `Watcher.request`.
"""
