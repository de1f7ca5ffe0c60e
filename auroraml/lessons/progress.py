"""Progress: which questions of which lessons were answered, kept in the user's state folder."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import field
from pathlib import Path

from auroraml.lessons.lesson import Lesson
from auroraml.records import dataclass


def state_file() -> Path:
    """Where progress is kept: below $XDG_STATE_HOME, which is ~/.local/state unless said otherwise."""
    home = os.environ.get("XDG_STATE_HOME") or ""
    folder = Path(home) if os.path.isabs(home) else Path.home() / ".local" / "state"
    return folder / "auroraml" / "lessons.json"


@dataclass(kw_only=True)
class Standing:
    """How far one lesson is: the questions answered right (by place), and the step to continue with."""

    right: set[int] = field(default_factory=set)
    step: int = 0
    done: bool = False


class Progress:
    """The standings of all lessons; what cannot be read counts as nothing, what cannot be written is not kept."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file or state_file()
        self.standings: dict[str, Standing] = {}
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            for name, kept in json.loads(self.file.read_text(encoding="utf-8")).items():
                self.standings[name] = Standing(right=set(kept["right"]), step=int(kept["step"]), done=bool(kept["done"]))

    def of(self, lesson: Lesson) -> Standing:
        """A lesson's standing."""
        return self.standings.setdefault(lesson.name, Standing())

    def save(self) -> None:
        """Write the file."""
        kept = {name: {"right": sorted(s.right), "step": s.step, "done": s.done} for name, s in sorted(self.standings.items())}
        with contextlib.suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")

    def reset(self, lesson: Lesson | None = None) -> None:
        """Forget one lesson, or all."""
        if lesson is None:
            self.standings.clear()
        else:
            self.standings.pop(lesson.name, None)
        self.save()
