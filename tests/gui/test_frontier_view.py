"""The convergence frontier says where the present migration stands."""

from itertools import pairwise

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from engine.model_rows import ConvergenceFrontier, frontier_for
from engine.scenario import load_scenario
from gui.style.theme import DARK, LIGHT, Theme, ui_font
from gui.views.frontier_view import WORDS_PX, FrontierView


def of(name: str, **values: str) -> ConvergenceFrontier:
    scenario = load_scenario(name).with_values(list(values.items()))
    spec = scenario.spec
    migration = spec.migrations[0]
    vm = next(v for v in spec.vms if v.name == migration.vm)
    found = frontier_for(spec, vm, migration)
    assert found is not None
    return found


def test_the_diabolical_workload_lies_beyond_the_frontier() -> None:
    found = of("clark-diabolical")

    assert not found.converges
    assert found.least_bps == pytest.approx(28_744 * 4104 * 8, rel=0.01)


def test_the_demo_lies_inside_and_less_bandwidth_puts_it_beyond() -> None:
    assert of("recorded-demo").converges
    assert not of("recorded-demo", **{"network.bandwidth": "40 Mbit/s"}).converges


def test_a_guest_that_writes_faster_needs_no_less() -> None:
    found = of("evacuate-for-maintenance")

    rates = found.bandwidths_bps
    assert all(a <= b for a, b in pairwise(rates))


def test_post_copy_has_no_frontier() -> None:
    spec = load_scenario("postcopy-pull").spec

    assert frontier_for(spec, spec.vms[0], spec.migrations[0]) is None


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("name", ["recorded-demo", "clark-diabolical"])
def test_the_view_says_it_in_words_that_fit(qtbot: QtBot, name: str, theme: Theme) -> None:
    view = FrontierView()
    qtbot.addWidget(view)
    view.set_theme(theme)
    assert view.isHidden() and not view.accessibleDescription()

    view.set_frontier(of(name))
    view.resize(292, view.sizeHint().height())

    words = view.accessibleDescription()
    assert not view.isHidden()
    assert ("does not converge" in words) == (name == "clark-diabolical")
    box = QFontMetrics(ui_font(11)).boundingRect(
        QRect(0, 0, 288, 400), int(Qt.TextFlag.TextWordWrap), words
    )
    assert box.height() <= WORDS_PX
    assert not view.grab().isNull()
