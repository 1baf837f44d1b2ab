"""A window that is built once shows the pictures that a window for each of them would."""

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from engine.scenario import Scenario, load_scenario
from gui import shot
from gui.figure_files import draw_image, notes_of
from gui.figure_stage import Picture, ShotError, Staged, staged


def taken(stage: Staged, t_ns: int) -> QImage:
    there = stage.at(t_ns)
    return draw_image(there, notes_of(there, Picture("start")))


@pytest.mark.parametrize("name", ["clark-web", "postcopy-pull"])
def test_pictures_do_not_hang_on_what_was_drawn_before(
    application: QApplication, name: str
) -> None:
    scenario, size_px = load_scenario(name), (1280, 720)
    with staged(scenario, Picture("start", size_px)) as stage:
        end_ns = stage.history.end_ns
        instants = [end_ns * i // 6 + 12_345 for i in range(6)]
        onwards = [taken(stage, t_ns) for t_ns in instants]
        back = [taken(stage, t_ns) for t_ns in reversed(instants)]
    for t_ns, seen, again in zip(instants, onwards, reversed(back), strict=True):
        alone = shot.render(scenario, Picture(f"{t_ns} ns", size_px))

        assert seen == alone, t_ns
        assert again == alone, t_ns


def test_the_window_has_room_in_a_small_film(application: QApplication, demo: Scenario) -> None:
    image = shot.render(demo, Picture("push", (1280, 720)))

    assert image.size().toTuple() == (1280, 720)


def test_too_small_a_picture_is_refused_with_the_size_that_is_needed(
    application: QApplication, demo: Scenario
) -> None:
    with pytest.raises(ShotError, match=r"--size 900x500: the window needs \d+x\d+ at least"):
        shot.render(demo, Picture("push", (900, 500)))
