"""A text model that says what it is: it quotes from the prompt the sentence that has most words of its question; the same prompt, the same answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auroraml.records import dataclass

NAME = "auroraml embedded text model"
_TOKEN = re.compile(r"\w+|[^\w\s]")
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_TURN = re.compile(r"^\s*(human|assistant|user|bot|system)\s*:\s*", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Written:
    """What the model wrote, its tokens, and why it stopped: "end", "length" or the stop sequence."""

    text: str
    tokens: int
    reason: str


def tokens(text: str) -> int:
    """How many tokens a text counts for: words and marks."""
    return len(_TOKEN.findall(text))


def write(model: str, prompt: str, most: int, stops: Sequence[str] = ()) -> Written:
    """An answer of at most `most` tokens to `prompt`, as if asked of `model`."""
    text = f"[{NAME}, not {model}] {quoted(prompt)}"
    reason = "end"
    ends = [(at, stop) for stop in stops if stop and (at := text.find(stop)) >= 0]
    if ends:
        at, reason = min(ends)
        text = text[:at]
    marks = list(_TOKEN.finditer(text))
    if len(marks) > most:
        text, reason = text[: marks[most - 1].end() if most else 0], "length"
    return Written(text=text, tokens=min(len(marks), most), reason=reason)


def quoted(prompt: str) -> str:
    """The sentence that shares most words with the last question (or the last sentence, where none is asked)."""
    sentences = [part.strip() for part in _SENTENCE.findall(_TURN.sub("", prompt)) if _TOKEN.search(part)]
    if not sentences:
        return "The prompt is empty."
    place = next((i for i in reversed(range(len(sentences))) if sentences[i].endswith("?")), len(sentences) - 1)
    asked = _words(sentences[place])
    rest = sentences[:place] + sentences[place + 1 :]
    best: str | None = max(rest, key=lambda sentence: len(asked & _words(sentence)), default=None)
    return sentences[place] if best is None or not asked & _words(best) else best


def _words(text: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"\w{3,}", text)}
