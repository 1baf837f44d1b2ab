"""Migrascope's engine: a page-accurate simulator of live VM migration, without Qt."""

__version__ = "0.1.0"
