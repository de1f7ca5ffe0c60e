"""Print the sentiment model's report, or write it (--write FILE); --train trains the weights first."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from auroraml.services.embedded.sentiment import FEATURES
from auroraml.services.protocols import LABELS
from benchmarks.sentiment.measure import Accuracy, accuracy, speed
from benchmarks.sentiment.sentences import KINDS, LANGUAGES
from benchmarks.sentiment.train import train

INTRODUCTION = """# The embedded sentiment model, measured

`aws_comprehend.detect_sentiment` answers from this model unless another one is plugged in (`connect(sentiment=...)`) or `services="aws"` is
chosen. It knows opinion words, events (what happened rather than how it felt) and function words of six languages, reads them clause by clause,
and turns {features} features into four scores with a softmax.

The sentences below were written after words and weights were frozen; nothing was changed after they were measured. They share their author with
the lexicon, so expect less on texts of your own. "explicit" opinions use opinion words; "implicit" ones only tell what happened, and most of those
that no listed event covers are answered NEUTRAL. Rewritten by `python -m benchmarks.sentiment --write docs/sentiment.md`.
"""


def table(found: Accuracy) -> list[str]:
    """Right answers by language and kind."""
    lines = ["| language | " + " | ".join(KINDS) + " |", "|---|" + "---|" * len(KINDS)]
    for language in LANGUAGES:
        cells = [f"{found.share(language, kind):.2f} ({'/'.join(map(str, found.counts[language, kind]))})" for kind in KINDS]
        lines.append(f"| {language} | " + " | ".join(cells) + " |")
    return [*lines, "| all | " + " | ".join(f"{found.overall(kind):.2f}" for kind in KINDS) + " |"]


def confusion(found: Accuracy, kind: str) -> list[str]:
    """The confusion matrix of one kind, all languages together."""
    lines = [f"| {kind}: wanted | " + " | ".join(LABELS) + " |", "|---|" + "---|" * len(LABELS)]
    return lines + [f"| {label} | " + " | ".join(map(str, row)) + " |" for label, row in zip(LABELS, found.confusion[kind].tolist(), strict=True)]


def report() -> str:
    """The whole report."""
    from_held_out = accuracy()
    speeds = [speed(language) for language in LANGUAGES]
    lines = [INTRODUCTION.format(features=len(FEATURES)), *table(from_held_out), ""]
    for kind in KINDS:
        lines += [*confusion(from_held_out, kind), ""]
    lines += [
        f"Speed, one core, words seen before, {speeds[0].batch:,} sentences a batch ({platform.machine()}, Python {platform.python_version()}):",
        "",
    ]
    lines += ["| language | sentences/s | single |", "|---|---|---|"]
    lines += [f"| {s.language} | {round(s.a_second, -3):,.0f} | {s.microseconds:.0f} us |" for s in speeds]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Train if asked, then print or write."""
    if "--train" in arguments:
        print(train())
    text = report()
    if "--write" in arguments:
        Path(arguments[arguments.index("--write") + 1]).write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
