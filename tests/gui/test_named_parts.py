"""Parts of the window by name."""

import pytest

from gui.named_parts import part_names, part_rect

LARGE = ("pool", "pages", "legend", "plots", "timeline", "transport", "narration", "console",
         "controls", "outcome", "header", "link", "switch", "source-memory", "destination-memory")


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_every_part_lies_on_the_canvas(parts, settle, factor):
    window = parts.window
    window.set_scale(factor)
    settle(parts)
    names = part_names(window)
    assert len(names) == len(set(names))
    # Enlarged, some panels give way.
    assert set(LARGE if factor == 1 else LARGE[:7]) - {"plots"} <= set(names)
    vms = [v.spec.name for v in parts.session.history.vms]
    hosts = [h.name for h in parts.session.history.spec.hosts]
    assert {f"vm:{v}" for v in vms} | {f"host:{h}" for h in hosts} <= set(names)
    for name in names:
        rect = part_rect(window, name)
        assert rect is not None and not rect.isEmpty()
        assert window.canvas.rect().intersects(rect), name


def test_a_tile_lies_in_its_host_and_the_host_in_the_pool(parts):
    window = parts.window
    tile, host = part_rect(window, "vm:cps"), part_rect(window, "host:xen-1")
    assert host.contains(tile) and part_rect(window, "pool").contains(host)


def test_knobs_go_by_their_paths(parts):
    window = parts.window
    whole = part_rect(window, "controls")
    for path in ("network.bandwidth", "vms.cps.writers.0.rate", "migrations.cps.rate_limit",
                 "migrations.cps.policy", "network.relearn_delay"):
        assert whole.contains(part_rect(window, f"knob:{path}")), path


def test_what_is_not_shown_has_no_place(parts, settle):
    assert part_rect(parts.window, "vm:nobody") is None
    assert part_rect(parts.window, "nonsense") is None
    parts.window.console_box.hide()
    settle(parts)
    assert part_rect(parts.window, "console") is None
