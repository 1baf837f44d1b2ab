"""Work that stands in for that of `gui.reproduction`; a spawned process imports it."""

import os
from threading import Event

from engine.reproduce import reproduce
from gui.background import Tell


def quick_work(tell: Tell) -> None:
    """Stand in for the work: two small scenarios, really run."""
    tell("rows", reproduce(("recorded-demo", "faq-downtime"), lambda name: tell("began", name)))


def failing_work(tell: Tell) -> None:
    raise ValueError("no")


def dying_work(tell: Tell) -> None:
    os._exit(1)


def endless_work(tell: Tell) -> None:
    tell("began", "clark-web")
    Event().wait(60)
