"""Labelled sentences: the files of this folder as rows of (kind, label, text, concept) per language."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from auroraml.services.embedded.lexicon import LANGUAGES

FOLDER = Path(__file__).parent
KINDS = ("explicit", "implicit")


class Sentence(NamedTuple):
    """A labelled text; `concept` is its line, the same for all its translations."""

    kind: str
    label: str
    text: str
    concept: int


def sentences(name: str, language: str) -> list[Sentence]:
    """The sentences of `name` in one language."""
    lines = [line for line in (FOLDER / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    column = lines[0].split("\t").index(language)
    cells = [line.split("\t") for line in lines[1:]]
    return [Sentence(row[0], row[1], row[column], concept) for concept, row in enumerate(cells)]


__all__ = ["FOLDER", "KINDS", "LANGUAGES", "Sentence", "sentences"]
