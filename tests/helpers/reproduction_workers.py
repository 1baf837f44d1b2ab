"""Workers that stand in for that of `gui.reproduction`; a spawned process imports them."""

from multiprocessing.connection import Connection
from threading import Event
from typing import Any

from engine.reproduce import reproduce


def quick_work(connection: "Connection[Any, Any]") -> None:
    """Stand in for the worker: two small scenarios, really run."""
    rows = reproduce(
        ("recorded-demo", "faq-downtime"), lambda name: connection.send(("began", name))
    )
    connection.send(("rows", rows))
    connection.close()


def failing_work(connection: "Connection[Any, Any]") -> None:
    connection.send(("failed", "ValueError: no"))
    connection.close()


def dying_work(connection: "Connection[Any, Any]") -> None:
    connection.close()


def endless_work(connection: "Connection[Any, Any]") -> None:
    connection.send(("began", "clark-web"))
    Event().wait(60)
