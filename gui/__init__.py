"""Migrascope's window: it reads runs, and never steps the engine."""
