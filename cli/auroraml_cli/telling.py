"""The story of a statement on a terminal: titles, rules' changes, chosen paths, sums and time lines in colour; plain text elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.text import Text

Story = Sequence[tuple[str, Sequence[str]]]  # titles and lines of its stages
STYLES = (  # the first that fits a line
    (re.compile(r"^ +- "), "red"), (re.compile(r"^ +\+ "), "green"), (re.compile(r"^  → "), "green"), (re.compile(r"^  = "), "bold"),
    (re.compile(r"^\d+\. "), "cyan"), (re.compile(r"^\S.*: \d+\.\d\d$"), "bold"),
)  # fmt: skip
PARTS = ((re.compile(r"█+"), "cyan"), (re.compile(r"░+"), "yellow"), (re.compile(r"×+(?=[█░·×]| *$)"), "red"), (re.compile(r"·{2,}"), "bright_black"),
         (re.compile(r"[a-z_]+_cost\b"), "magenta"), (re.compile(r"[├└│─]+"), "bright_black"))  # fmt: skip


def styled(line: str) -> Text:
    """A line of a story in its colours."""
    style = next((style for pattern, style in STYLES if pattern.match(line)), "")
    text = Text(line, style=style)
    if not style or style == "bold":
        for pattern, part in PARTS:
            text.highlight_regex(pattern, part)
    return text


def tell(story: Story, out: TextIO) -> None:
    """Print a story; in colour where `out` is a terminal."""
    console = Console(file=out, highlight=False, soft_wrap=True)
    for number, (title, lines) in enumerate(story):
        if number:
            console.print()
        if console.is_terminal:
            console.print(Text(title, style="bold reverse"))
        else:
            console.print(title, markup=False)
            console.print("=" * len(title))
        for line in lines:
            console.print(styled(line))
