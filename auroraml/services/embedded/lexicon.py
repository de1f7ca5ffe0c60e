"""The sentiment lexicon: opinion words, events and function words of six languages, and how a word is found in them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from auroraml.services.embedded.events import Events

FOLDER = Path(__file__).parent / "lexicon"
LANGUAGES = ("en", "fr", "es", "de", "it", "pt")  # the tables' columns
WORD, STOP, COMMA, QUESTION, BANG, END, NEGATION, UP, DOWN, BUT, ASK, SETTLED = range(12)
TEXT_END = "\0"  # the word that ends a text
MARKS = {".": STOP, ";": STOP, ":": STOP, ",": COMMA, "!": BANG, "?": QUESTION, TEXT_END: END, "…": STOP, "¿": ASK, "¡": BANG}
KINDS = {"neg": NEGATION, "up": UP, "down": DOWN, "but": BUT, "ask": ASK}
GAP = "*"
WHOLE = 4  # parts of an event with fewer letters are whole words
COMPOUND = 6  # letters an opinion stem needs to be found inside a German compound
SPACED = tuple((mark, f" {mark} ") for mark in MARKS if mark != TEXT_END)
_SPACES = "\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))  # what Arrow does not split at
BLANKS = tuple((mark, " ") for mark in '"()[]{}<>/*-–—|_«»“”„‚•~' + _SPACES)
ELIDING = frozenset({"fr", "it"})  # where an apostrophe ends a word: l'hôtel, un'ora
_EDGES = re.compile(r"^[^\w]+|[^\w']+$")
_FOLDED: dict[int, str] = {
    code: base for code in range(0xC0, 0x250) if (base := unicodedata.normalize("NFKD", chr(code))[0]).isascii()
} | {0xDF: "ss", 0x2019: "'", 0xE6: "ae", 0x153: "oe"}  # fmt: skip
_GERMAN = _FOLDED | {0xE4: "ae", 0xF6: "oe", 0xFC: "ue"}


class Word(NamedTuple):
    """What is known of a word: its weight (-3 to 3), its kind, and the parts of events that it may stand for."""

    weight: float
    kind: int
    parts: tuple[int, ...]


def fold(word: str, language: str) -> str:
    """Lower case without accents; German umlauts become two letters."""
    return word.lower().translate(_GERMAN if language == "de" else _FOLDED)


def spaced(text: str, language: str) -> str:
    """Lower case with blanks around words and marks."""
    text = text.lower()
    for old, new in SPACED:
        if old in text:
            text = text.replace(old, new)
    for old, new in BLANKS:
        if old in text:
            text = text.replace(old, new)
    if "’" in text:
        text = text.replace("’", "'")
    return text.replace("'", "' ") if language in ELIDING else text


def rows(name: str, language: str) -> Iterator[tuple[str, list[str]]]:
    """The first column and the entries of one language, line by line."""
    place = LANGUAGES.index(language) + 1
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    for line in lines[2:]:  # after the comment and the header
        cells = line.split("\t")
        yield cells[0], cells[place].split()


class Lexicon:
    """One language's tables."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.stems: dict[str, float] = {}
        self.exact: dict[str, float] = {}
        self.functions: dict[str, int] = {}
        self.part_ids: dict[str, int] = {}
        self.events = Events()
        for kind, entries in rows("function_words.tsv", language):
            for entry in entries:
                self._add(entry, 0.0, KINDS[kind])
        for name in ("words.tsv", "events.tsv"):
            for weight, entries in rows(name, language):
                for entry in entries:
                    self._add(entry, float(weight), WORD)
        self.words: dict[str, Word] = {mark: Word(0.0, kind, ()) for mark, kind in MARKS.items()}
        self.events.finish(len(self.part_ids) + 1)

    def _add(self, entry: str, weight: float, kind: int) -> None:
        if self.language in ELIDING:
            entry = re.sub(r"'(?=.)", "'_", entry)
        pieces = [piece for piece in entry.replace("-", "_").split("_") if piece]
        if len(pieces) > 1:
            self._event(pieces, weight, kind)
        elif kind != WORD:
            self.functions.setdefault(pieces[0], kind)
        elif pieces[0].startswith("="):
            self.exact.setdefault(fold(pieces[0][1:], self.language), weight)
        else:
            self.stems.setdefault(fold(pieces[0], self.language), weight)

    def _event(self, pieces: Sequence[str], weight: float, kind: int) -> None:
        parts, gaps, gap = [], [], False
        if kind == WORD and any(self.functions.get(piece.removeprefix("=")) == NEGATION for piece in pieces):
            kind = SETTLED
        for piece in pieces:
            if piece == GAP:
                gap = True
                continue
            text = fold(piece, self.language)
            whole = text.startswith("=") or len(text) < WHOLE
            key = ("=" if whole else "") + text.removeprefix("=")
            parts.append(self.part_ids.setdefault(key, len(self.part_ids) + 1))
            gaps.append(gap)
            gap = False
        self.events.add(tuple(parts), tuple(gaps), weight, kind)

    def look_up(self, word: str) -> Word:
        """A word in lower case, remembered."""
        found = self.words.get(word)
        if found is None:
            if len(self.words) > 200_000:
                self.words = {mark: Word(0.0, kind, ()) for mark, kind in MARKS.items()}
            found = self.words[word] = self._found(word)
        return found

    def _found(self, word: str) -> Word:
        word = _EDGES.sub("", word)
        folded = fold(word, self.language)
        parts = tuple(
            part
            for part in (self.part_ids.get("=" + folded), *(self.part_ids.get(folded[:end]) for end in range(WHOLE, len(folded) + 1)))
            if part is not None
        )
        kind = self.functions.get(word, WORD)
        return Word(self._weight(folded) if kind == WORD else 0.0, kind, parts)

    def _weight(self, folded: str) -> float:
        """The whole word, else the longest stem it begins with, else (in German) the longest stem inside a compound."""
        found = self.exact.get(folded)
        if found is not None:
            return found
        for end in range(len(folded), 2, -1):
            if (found := self.stems.get(folded[:end])) is not None:
                return found
        if self.language == "de":
            for start in range(3, len(folded) - COMPOUND + 1):
                for end in range(len(folded), start + COMPOUND - 1, -1):
                    if (found := self.stems.get(folded[start:end])) is not None:
                        return found
        return 0.0


@cache
def lexicon(language: str) -> Lexicon:
    """The tables of a language, read once."""
    return Lexicon(language)
