"""Twelve lessons on Aurora ML as runnable texts: prose, SQL, and questions whose answers are computed from the run."""

from __future__ import annotations

from auroraml.lazy import load


def load_ipython_extension(shell: object) -> None:
    """What %load_ext auroraml.lessons calls."""
    load("auroraml.lessons.magic").load_lessons(shell)
