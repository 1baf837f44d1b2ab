"""Which lessons were done, and where others were stopped: what settings remember of them."""

from engine.lesson import Lesson
from engine.lesson_answers import Answers
from gui.models.lesson_progress import progress_text, taken_up
from gui.models.lesson_run import LessonRun
from gui.settings import Settings


class LessonRecord:
    """The lessons in the settings."""

    def __init__(self, settings: Settings) -> None:
        """Read and write there."""
        self._settings = settings

    @property
    def done(self) -> list[str]:
        """Return the names of the lessons that were taken to their end."""
        return [name for name in self._settings.text("lessons_done", "").split(",") if name]

    def stopped(self, lesson: Lesson) -> tuple[LessonRun, Answers] | None:
        """Return where a lesson was stopped, and what was answered; None: it was not begun."""
        return taken_up(self._settings.text(f"lesson_at/{lesson.name}", ""), lesson)

    def keep(self, run: LessonRun, answers: Answers) -> bool:
        """Remember where a lesson is; return whether there is anything to remember."""
        text = progress_text(run, answers)
        self._settings.put(f"lesson_at/{run.lesson.name}", text)
        return bool(text)

    def finish(self, lesson: Lesson) -> None:
        """Remember that a lesson was taken to its end."""
        done = self.done
        if lesson.name not in done:
            self._settings.put("lessons_done", ",".join([*done, lesson.name]))
        self._settings.put(f"lesson_at/{lesson.name}", "")
