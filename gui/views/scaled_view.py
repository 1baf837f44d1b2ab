"""The window's content at another scale, at run time: text, marks and hit areas alike.

The content is embedded in a graphics view and painted through its transform, so that letters stay
sharp. Who never scales has no view: the content stands in the window itself.
"""

from PySide6.QtCore import QEvent, QObject, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QTransform, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsProxyWidget, QGraphicsScene, QGraphicsView, QWidget

from gui.views.picture_ratio import SCALE_PROPERTY


class ScaledView(QGraphicsView):
    """Holds the content.

    Signals:
        room_changed: The content has another size to be laid out in.
    """

    room_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Migrascope")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._scene = QGraphicsScene(self)
        self.setScene(self._scene)
        self._proxy: QGraphicsProxyWidget | None = None
        self._factor = 1.0
        self._refit = QTimer(self)
        self._refit.setSingleShot(True)
        self._refit.setInterval(0)
        self._refit.timeout.connect(self.fit)

    def take(self, content: QWidget) -> None:
        """Embed the content."""
        self._proxy = self._scene.addWidget(content)
        content.installEventFilter(self)
        self.fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fit the content again when it needs more or less than before, as panels go and come."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._refit.start()  # afterwards: until then the content keeps its old least size
        return super().eventFilter(watched, event)

    def set_factor(self, factor: float) -> None:
        """Show the content so many times as large."""
        self._factor = factor
        if self._proxy is not None:
            self._proxy.widget().setProperty(SCALE_PROPERTY, factor)
        self.setTransform(QTransform.fromScale(factor, factor))
        self.fit()

    def fit(self) -> None:
        """Give the content the room there is; what needs more is scrolled."""
        if self._proxy is None:
            return
        self.room_changed.emit()
        least = self._proxy.widget().minimumSizeHint()
        policy = Qt.ScrollBarPolicy
        wide = least.width() > self.width() / self._factor
        high = least.height() > self.height() / self._factor
        self.setHorizontalScrollBarPolicy(
            policy.ScrollBarAlwaysOn if wide else policy.ScrollBarAlwaysOff
        )
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAlwaysOn if high else policy.ScrollBarAlwaysOff
        )
        inside = self.maximumViewportSize()
        bar = self.verticalScrollBar().sizeHint().width()
        width = (inside.width() - (bar if high else 0)) / self._factor
        height = (inside.height() - (bar if wide else 0)) / self._factor
        size = QSizeF(max(width, least.width()), max(height, least.height()))
        self._proxy.resize(size)
        self._scene.setSceneRect(QRectF(self._proxy.pos(), size))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the content anew."""
        super().resizeEvent(event)
        self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Give the wheel to the content; where nothing there takes it, scroll."""
        super().wheelEvent(event)
