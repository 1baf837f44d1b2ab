"""The small heatmaps of all tiles: which one shows what, and what has to be painted again."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

from engine.history import Frame, History
from gui.style.theme import Theme
from gui.views.pool_minis import MiniMap
from gui.views.pool_painter import Still, TileKey
from gui.views.pool_reading import PoolReader
from gui.views.pool_tiles import mini_rect, mini_size


class PoolMaps:
    """A map for every VM of one run.

    Attributes:
        images: The picture of each (host, VM) tile.
    """

    def __init__(self, history: History) -> None:
        """Prepare a map for every VM; they are filled when they are first shown."""
        names = [record.spec.name for record in history.vms]
        self.images: dict[TileKey, QImage] = {}
        self._maps = {
            name: MiniMap(history, name, turn=turn, n_vms=len(names))
            for turn, name in enumerate(names)
        }

    def show(self, frame: Frame, reader: PoolReader, still: Still, theme: Theme) -> list[QRect]:
        """Bring the maps up to an instant; return the places where they changed."""
        tiles, detail = still.layout.tiles, still.layout.detail
        if not tiles:
            return []
        size = mini_size(next(iter(tiles.values())), detail)
        changed = set()
        for name, vm in frame.vms.items():
            going = reader.migration_under_way(vm, frame.t_ns)
            moving = vm.track is not None and (going is not None or vm.status == "lost")
            if self._maps[name].show(vm, frame.t_ns, moving=moving, size=size, theme=theme):
                changed.add(name)
        before, self.images = self.images, {}
        for key, look in still.tiles.items():
            found = self._maps[key[1]]
            self.images[key] = found.ghost if look.ghost else found.image
        return [
            mini_rect(tiles[key], detail)
            for key in tiles
            if key[1] in changed or key not in before
        ]
