"""Figures: the same bytes everywhere, readable by others, carrying their scenario; manifests."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine import cli
from engine.errors import ScenarioError
from engine.figure_text import read_figure
from engine.scenario import load_scenario
from engine.scenario_text import scenario_text
from gui import figures_command, shot
from gui.figure_files import make_figure
from gui.figure_stage import staged
from tests.gui.test_main_window import drop

ROOT = Path(__file__).resolve().parents[2]
README_MANIFEST = ROOT / "assets" / "readme" / "figures.toml"
SIZE = ("--size", "1280x800")
AT = ("recorded-demo", "--at", "round 1 + 2 s", *SIZE)
NOTES = ("--callout", "link=Pages travel here", "--callout", "pages=Memory", "--captions")

DISTURBED = """<?xml version="1.0"?><fontconfig><dir>/usr/share/fonts</dir>
<match target="font"><edit name="antialias" mode="assign"><bool>false</bool></edit>
<edit name="hinting" mode="assign"><bool>true</bool></edit>
<edit name="hintstyle" mode="assign"><const>hintfull</const></edit>
<edit name="rgba" mode="assign"><const>rgb</const></edit></match></fontconfig>"""


def shoot(out, *arguments, command="shot", **environment):
    """Draw in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "gui", command, *arguments, "-o", str(out)],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=180,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_disturbed_processes_write_the_same_bytes(tmp_path, ending):
    config = tmp_path / "fonts.conf"
    config.write_text(DISTURBED)
    one, two = tmp_path / f"1.{ending}", tmp_path / f"2.{ending}"
    plain = shoot(one, *AT, *NOTES, PYTHONHASHSEED="1")
    disturbed = shoot(
        two, *AT, *NOTES, PYTHONHASHSEED="2", LC_ALL="tr_TR.UTF-8", LANG="de_DE.UTF-8",
        QT_SCALE_FACTOR="1.5", QT_FONT_DPI="144", FONTCONFIG_FILE=str(config), TZ="Asia/Tokyo",
        QT_QPA_PLATFORM="minimal", SOURCE_DATE_EPOCH="1",
    )  # fmt: skip
    assert (plain.returncode, disturbed.returncode) == (0, 0), plain.stderr + disturbed.stderr
    assert one.read_bytes() == two.read_bytes()


def test_a_pdf_names_no_day(files):
    import pypdfium2

    known = pypdfium2.PdfDocument(files / "a.pdf").get_metadata_dict()
    assert known["CreationDate"] == known["ModDate"] == "D:20000101000000Z"
    assert "Recorded demo" in known["Title"] and known["Creator"].startswith("Migrascope")


def test_the_order_of_a_pdf_loses_nothing(files, monkeypatch, tmp_path, qapp):
    import pypdfium2

    monkeypatch.setattr("gui.pdf_order.ordered", lambda data: data)
    picture = shot.Picture("round 1 + 2 s", (1280, 800), callouts=(("link", "Pages travel here"),))
    make_figure(load_scenario("recorded-demo"), picture, tmp_path / "plain.pdf")
    one, two = (pypdfium2.PdfDocument(p) for p in (files / "a.pdf", tmp_path / "plain.pdf"))
    drawn = [np.asarray(d[0].render(scale=96 / 72).to_pil()) for d in (one, two)]
    assert np.array_equal(*drawn)
    assert one[0].get_textpage().get_text_range() == two[0].get_textpage().get_text_range()
    attached = bytes(one.get_attachment(0).get_data())
    assert attached == bytes(two.get_attachment(0).get_data())
    assert attached.decode("utf-8") == read_figure(files / "a.pdf").scenario


@pytest.mark.skipif(shutil.which("xvfb-run") is None, reason="no virtual X screen")
@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_virtual_screen_gives_the_same_bytes(tmp_path, ending):
    one, two = tmp_path / f"1.{ending}", tmp_path / f"2.{ending}"
    assert shoot(one, *AT).returncode == 0
    done = subprocess.run(
        ["xvfb-run", "-a", "-s", "-screen 0 1280x1024x24", sys.executable, "-m", "gui", "shot",
         *AT, "--platform", "xcb", "-o", str(two)],
        cwd=ROOT, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    # The command itself fails unless Qt drew on the platform that was asked for.
    assert done.returncode == 0, done.stderr
    assert one.read_bytes() == two.read_bytes()


def test_themes_and_palettes_differ_in_colour_only(tmp_path):
    looks = [("dark", "default"), ("light", "default"), ("dark", "mono"), ("light", "print")]
    shapes = []
    for theme, palette in looks:
        path = tmp_path / f"{theme}-{palette}.svg"
        picture = shot.Picture(
            "round 1 + 2 s", (1280, 800), theme, callouts=(("link", "Here"),), palette=palette
        )
        make_figure(load_scenario("recorded-demo"), picture, path)
        text = path.read_text("utf-8")
        text = re.sub(r'xlink:href="data:[^"]*"', "", text)  # pictures of pages
        text = re.sub(r"<(linear|radial)Gradient.*?</\1Gradient>", "", text, flags=re.DOTALL)
        text = re.sub(r"fillpattern\d+_[0-9a-f]+", "fillpattern", text)
        text = re.sub(r'(fill|stroke)(-opacity)?="[^"]*"', "", text)
        shapes.append([line for line in text.splitlines() if "<g " not in line or "font" in line])
    assert all(shape == shapes[0] for shape in shapes)
    assert sum("<text" in line for line in shapes[0]) > 100


@pytest.fixture(scope="module")
def files(tmp_path_factory, qapp):
    folder = tmp_path_factory.mktemp("figures")
    picture = shot.Picture("round 1 + 2 s", (1280, 800), callouts=(("link", "Pages travel here"),))
    for ending in ("png", "svg", "pdf"):
        make_figure(load_scenario("recorded-demo"), picture, folder / f"a.{ending}")
    return folder


def _pixels(path):
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_others_read_the_png_and_its_keys(files):
    from PIL import Image

    with Image.open(files / "a.png") as image:
        assert image.size[0] == 1280 and image.size[1] > 800
        keys = image.text
    assert "Recorded demo" in keys["Title"] and keys["Software"].startswith("Migrascope")
    assert "Phase: push" in keys["Description"] and "Pages travel here" in keys["Description"]
    assert 'policy = "xen-legacy"' in keys["Scenario"] and keys["At"] == "8400 ms"


def test_others_draw_the_svg_and_the_pdf_alike(files, tmp_path):
    import pypdfium2
    import resvg_py

    png = _pixels(files / "a.png")
    drawn = tmp_path / "svg.png"
    drawn.write_bytes(
        bytes(resvg_py.svg_to_bytes(
            svg_path=str(files / "a.svg"), font_dirs=[str(ROOT / "assets" / "fonts")],
            font_family="DejaVu Sans",
        ))
    )  # fmt: skip
    page = pypdfium2.PdfDocument(files / "a.pdf")[0]
    page.render(scale=96 / 72).to_pil().save(tmp_path / "pdf.png")
    for name in ("svg.png", "pdf.png"):
        other = _pixels(tmp_path / name)
        assert abs(other.shape[0] - png.shape[0]) <= 1 and abs(other.shape[1] - 1280) <= 1
        height = min(other.shape[0], png.shape[0])
        apart = np.abs(other[:height, :1280] - png[:height, :1280]).max(axis=2)
        # Text is drawn by other engines; areas, lines and pages lie where they should.
        assert (apart > 60).mean() < 0.05, name


def test_a_picture_opens_as_its_scenario(files, tmp_path, capsys):
    demo = load_scenario("recorded-demo")
    for name in ("a.png", "a.svg", "a.pdf"):
        assert load_scenario(files / name).spec == demo.spec
        assert read_figure(files / name).at == "8400 ms"
        assert cli.main(["check", str(files / name)]) == 0
    assert "right" in capsys.readouterr().out


def open_picture(parts, qtbot, path):
    """Open a file; a large one is read in a thread."""
    assert parts.wiring.open_path(path)
    qtbot.waitUntil(lambda: "Reading" not in parts.window.notice.whole, timeout=20_000)


def test_the_window_opens_a_picture(files, parts, qtbot):
    parts.session.edit("network.bandwidth", "300 Mbit/s")
    parts.session.select("xenapp")
    for name in ("a.png", "a.svg", "a.pdf"):
        parts.player.seek(0)
        open_picture(parts, qtbot, files / name)
        assert parts.session.scenario.spec == load_scenario("recorded-demo").spec
        assert parts.player.t_ns == 8_400_000_000 and not parts.player.playing
        assert parts.session.selected == read_figure(files / name).vm == "cps"


def test_a_pdf_is_dropped_on_the_window(files, parts, qtbot):
    parts.session.edit("network.bandwidth", "300 Mbit/s")
    drop(parts.window, files / "a.pdf")
    qtbot.waitUntil(lambda: parts.player.t_ns == 8_400_000_000, timeout=20_000)
    assert parts.session.scenario.spec == load_scenario("recorded-demo").spec


def test_a_damaged_pdf_is_told_and_what_is_open_stays(files, parts, tmp_path):
    (tmp_path / "cut.pdf").write_bytes((files / "a.pdf").read_bytes()[:20_000])
    before = parts.session.scenario
    assert not parts.wiring.open_path(tmp_path / "cut.pdf")
    assert parts.session.scenario is before
    assert parts.window.error_notice.lines == ("cut.pdf: the picture is damaged",)


def test_a_title_that_xml_cannot_hold_comes_back(tmp_path, qapp):
    demo = load_scenario("recorded-demo")
    odd_title = r'title = "a\\u0001b <&> \\uFFFE"'
    text = re.sub(r"(?m)^title = .*$", odd_title, scenario_text(demo.document), count=1)
    (tmp_path / "odd.toml").write_text(text, encoding="utf-8")
    odd = load_scenario(tmp_path / "odd.toml")
    assert odd.spec.title == "a\x01b <&> \ufffe"
    for ending in ("png", "svg", "pdf"):
        path = tmp_path / f"odd.{ending}"
        make_figure(odd, shot.Picture("1 s", (1100, 90), view="timeline"), path)
        assert load_scenario(path).spec == odd.spec


def test_a_picture_of_no_instant_opens_at_the_start(files, parts, tmp_path, qtbot):
    text = (files / "a.svg").read_text().replace("<m:at>8400 ms</m:at>", "<m:at>noon</m:at>")
    (tmp_path / "noon.svg").write_text(text)
    open_picture(parts, qtbot, tmp_path / "noon.svg")
    assert parts.player.t_ns == 0
    assert "Opened at its start" in parts.window.notice.whole


def test_foreign_and_damaged_pictures_are_one_sentence(files, tmp_path):
    from PIL import Image

    Image.new("RGB", (4, 4)).save(tmp_path / "plain.png")
    cut = tmp_path / "cut.png"
    cut.write_bytes((files / "a.png").read_bytes()[:5000])
    bomb = tmp_path / "bomb.svg"
    bomb.write_text('<!DOCTYPE x [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>')
    pdf = (files / "a.pdf").read_bytes()
    name = b"https://migrascope.invalid/figure"
    bad = {
        "foreign.pdf": (pdf.replace(name, b"h" * len(name)), "no scenario in this picture"),
        "cut.pdf": (pdf[: len(pdf) // 2], "damaged"),
        "open.pdf": (pdf.replace(b"</x:xmpmeta>", b"</x:xmpmetb>"), "damaged"),
        "torn.pdf": (pdf.replace(b"</m:at>", b"</m:ab>"), "damaged"),
        "bytes.pdf": (pdf.replace(b"<m:at>8400", b"<m:at>8\xff00"), "damaged"),
        "entity.pdf": (
            pdf.replace(b"<x:xmpmeta ", b"<x:xmpmeta><!DOCTYPE a><x:xmpmeta ", 1)
            .replace(b"<m:at>", b"<!ENTITY x>", 1), "damaged",
        ),
        "empty.pdf": (b"", "damaged"), "text.pdf": (b"hello", "damaged"),
        "word.pdf": (b"%PDF-", "damaged"),
    }  # fmt: skip
    for name_of, (data, _) in bad.items():
        (tmp_path / name_of).write_bytes(data)
    with (tmp_path / "huge.pdf").open("wb") as huge:
        huge.truncate((1 << 28) + 1)  # sparse
    (tmp_path / "folder.pdf").mkdir()
    for path, part in (
        (tmp_path / "plain.png", "no scenario in this picture"), (cut, "damaged"),
        (bomb, "damaged"), (tmp_path / "no.png", "no such file"),
        (tmp_path / "huge.pdf", "too large"), (tmp_path / "no.pdf", "no such file"),
        (tmp_path / "folder.pdf", "folder"),
        *((tmp_path / name_of, part) for name_of, (_, part) in bad.items()),
    ):
        with pytest.raises(ScenarioError) as caught:
            load_scenario(path)
        assert len(caught.value.faults) == 1 and part in caught.value.faults[0]


def test_several_instants_and_both_themes_give_numbered_files(tmp_path, capsys):
    out = tmp_path / "r.png"
    done = shoot(out, "recorded-demo", "--at", "rounds", "--view", "timeline", "--size", "800x80",
                 "--theme", "both", "--cite", "--alt-text", str(tmp_path / "alt.txt"))
    assert done.returncode == 0, done.stderr
    rounds = len(list(tmp_path.glob("r-*-dark.png")))
    assert rounds == 5 and (tmp_path / "r-1-light.png").is_file()
    assert "@misc{migrascope-recorded-demo," in done.stdout and "seed 7" in done.stdout
    assert "of Migrascope at" in (tmp_path / "alt.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--at", "push", "--callout", "moon=x"], 'no such part in the window; there are: pool'),
        (["--at", "push", "--callout", "link"], "use PART=TEXT"),
        (["--at", "push", "--view", "stalls", "--size", "400x300"], "has nothing for it"),
        (["--at", "push", "--view", "pages", "--callout", "link=x"], "use the window or the pool"),
        (["--at", "never"], "or one of start, request"),
    ],
)
def test_a_wrong_figure_is_one_sentence(tmp_path, arguments, part):
    done = shoot(tmp_path / "x.png", "recorded-demo", *arguments)
    assert done.returncode == 2 and part in done.stderr
    assert done.stderr.count("\n") == 1 and not (tmp_path / "x.png").exists()


# Manifests

MANIFEST = """
format = 1
[[figures]]
file = "a.png"
scenario = "recorded-demo"
at = "round 1 + 1 s"
view = "timeline"
size = [800, 80]
[[figures]]
file = "b.svg"
scenario = "recorded-demo"
at = "end"
view = "ping"
size = [400, 200]
set = { "network.bandwidth" = "500 Mbit/s" }
"""


def test_a_manifest_makes_its_figures_and_tells_which_changed(tmp_path, capsys):
    path = tmp_path / "m.toml"
    path.write_text(MANIFEST)
    run = lambda *more: subprocess.run(  # noqa: E731
        [sys.executable, "-m", "gui", "figures", str(path), *more], cwd=ROOT, text=True,
        capture_output=True, timeout=180, check=False,
    )
    assert run().returncode == 0
    checked = run("--check")
    assert checked.returncode == 0 and "2 of 2 figures are as" in checked.stdout
    path.write_text(MANIFEST.replace("round 1 + 1 s", "resumed"))
    checked = run("--check")
    assert checked.returncode == 1 and "a.png:" in checked.stdout
    assert "pixels differ, see a.difference.png" in checked.stdout
    assert (tmp_path / "a.difference.png").is_file()
    (tmp_path / "b.svg").unlink()
    assert "b.svg: is missing" in run("--check", "--only", "b.svg").stdout


def test_a_wrong_manifest_tells_all_its_faults(tmp_path, capsys):
    path = tmp_path / "m.toml"
    path.write_text(MANIFEST.replace('view = "timeline"', 'view = "moon"').replace(
        'file = "b.svg"', 'file = "a.png"\ntheme = "pink"\npalette = "sepia"'))
    assert figures_command.main([str(path)]) == 2
    told = capsys.readouterr().err
    for part in ('figures.0.view = "moon"', 'figures.1.theme = "pink"', "given twice",
                 'figures.1.palette = "sepia": use default, print, mono'):
        assert part in told
    path.write_text("format = 2")
    assert figures_command.main([str(path)]) == 2
    assert figures_command.main([str(tmp_path / "no.toml")]) == 2
    assert figures_command.main([str(README_MANIFEST), "--only", "moon.png"]) == 2


def test_the_figures_of_our_documents_are_as_their_manifest_says(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "gui", "figures", str(README_MANIFEST), "--check", "-o",
         str(tmp_path)],
        cwd=ROOT, text=True, capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_picture_of_our_documents_is_in_the_manifest():
    named = {f.file for f in figures_command.load_manifest(README_MANIFEST).figures}
    guide = sorted((ROOT / "assets" / "guide").glob("*.md"))
    assert len(guide) == 3
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *guide):
        document, text = path.name, path.read_text("utf-8")
        shown = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
        shown += re.findall(r'src(?:set)?="([^"]+)"', text)
        for picture in shown:
            if not picture.startswith("http"):
                assert Path(picture).name in named, (document, picture)
                assert (path.parent / picture).is_file(), (document, picture)


def test_a_comparison_is_a_figure_too(tmp_path):
    demo = load_scenario("recorded-demo")
    beside = ("stop-and-copy", "network.bandwidth=500 Mbit/s")
    picture = shot.Picture("resumed", (1280, 720), view="compare", compared=beside)
    words = make_figure(demo, picture, tmp_path / "one.svg")
    make_figure(demo, picture, tmp_path / "two.svg")
    text = (tmp_path / "one.svg").read_text("utf-8")
    assert (tmp_path / "two.svg").read_bytes() == (tmp_path / "one.svg").read_bytes()
    for part in ("Compare cps", "xen-legacy", "stop-and-copy", "bandwidth 500 Mbit/s", "Downtime"):
        assert part in text, part
    assert "Close" not in text
    assert "compare" in words.alt
    with staged(demo, picture) as stage:
        page = stage.parts.window.compare_page
        assert [c.history.migrations[0].policy for c in page.columns] == [
            "xen-legacy", "stop-and-copy", "xen-legacy"
        ]
        assert page.table.table.horizontalScrollBar().maximum() == 0
        later = stage.at(stage.t_ns + 5_000_000_000)
        assert f"{later.t_ns / 1e9:.1f} s" in page.clock.text()


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        ((), "give one to 3 --with"),
        (("stop-and-copy",) * 4, "give one to 3 --with"),
        (("warp",), "--with warp: neither PATH=VALUE nor another policy; there are: stop-and-copy"),
        (("network.bandwidth=fast",), 'network.bandwidth = "fast"'),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(tmp_path, beside, said):
    picture = shot.Picture("1 s", view="compare", compared=beside)
    with pytest.raises((shot.ShotError, ScenarioError), match=re.escape(said)):
        make_figure(load_scenario("recorded-demo"), picture, tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
