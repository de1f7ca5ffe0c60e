"""A lesson's screen: prose, statements, their output, questions and verdicts, in colour on a terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from auroraml.errors.report import report
from auroraml.notebook.statements import Answer
from auroraml_cli.output import NUMERIC, Options, Table, render

WIDEST = 100
MOST = 20  # rows of a result
INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*")
ITEM = re.compile(r"- ")


class Screen:
    """Writes to a console; colours and pauses are the terminal's."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        if not self.console.is_terminal:
            self.console.width = WIDEST
        self.erases = self.console.is_terminal and not self.console.is_dumb_terminal

    @property
    def width(self) -> int:
        """How wide prose may be: as wide as the terminal is now, and no wider than reads well."""
        return min(self.console.width, WIDEST)

    def pause(self, text: str) -> str:
        """The prompt of a pause."""
        return f"\x1b[2m[{text}]\x1b[0m " if self.erases else f"[{text}] "

    def resume(self) -> None:
        """The line of the pause goes."""
        if self.erases:
            self.console.file.write("\x1b[1A\x1b[2K")

    def heading(self, text: str) -> None:
        """A step's title."""
        self.console.print()
        self.console.print(Rule(Text(text, "bold"), align="left", style="cyan", characters="─"), width=self.width)
        self.console.print()

    def prose(self, markdown: str, style: str = "") -> None:
        """Paragraphs, lists and code."""
        for block in re.split(r"\n{2,}", markdown):
            lines = block.splitlines()
            if lines[0].startswith("```"):
                self.console.print(Padding(Text("\n".join(line for line in lines if not line.startswith("```")), "cyan"), (0, 0, 0, 4)))
            else:
                for item in _items(lines):
                    mark = ITEM.match(item)
                    indent = len(mark[0]) if mark else 0
                    body = Text("  " + mark[0] if mark else "")
                    body.append_text(inline(item[indent:], style))
                    first, *rest = body.wrap(self.console, self.width - 2)
                    first.rstrip()
                    self.console.print(first)
                    for line in rest:
                        line.rstrip()
                        self.console.print(Text(" " * (indent + 2 if mark else 0)) + line, soft_wrap=True)
            self.console.print()

    def statement(self, sql: str) -> None:
        """A statement as it is typed at the prompt; in a file, where nothing is too narrow for it, its lines stay whole."""
        if not self.console.is_terminal:
            self.console.print(Text(sql), soft_wrap=True)
            return
        self.console.print(Syntax(sql, "postgresql", theme="ansi_dark", background_color="default", word_wrap=True), width=self.console.width)

    def answer(self, answer: Answer, quiet: bool = False) -> None:
        """What came of a statement, as psql shows it."""
        for notice in answer.notices:
            self.console.print(Text(report(notice, answer.statement).rstrip("\n"), "yellow"), soft_wrap=True)
        if answer.error is not None:
            self.console.print(Text(report(answer.error.diag, answer.statement).rstrip("\n"), "red"), soft_wrap=True)
            return
        if quiet:
            return
        if answer.columns is None:
            self.console.print(Text(answer.tag, "dim"))
            return
        if answer.explained is not None and self.console.is_terminal:
            self._plan(answer.plan_text, answer.count)
            return
        self.plain(table_text(answer))

    def _plan(self, text: str, count: int) -> None:
        """psql's form, but that lines too long for the screen go on below their own beginning."""
        lines = text.split("\n")
        width = min(max(map(len, lines)) + 2, self.console.width)
        self.console.print(Text("QUERY PLAN".center(width).rstrip()))
        self.console.print(Text("-" * width))
        for line in lines:
            hang = len(line) - len(line.lstrip(" ->")) + 4
            for part in textwrap.wrap(line, width - 1, initial_indent=" ", subsequent_indent=" " * (hang + 1)):
                self.console.print(plan(part), soft_wrap=True)
        self.console.print(Text(f"({count} row{'' if count == 1 else 's'})"))

    def say(self, text: str, style: str = "") -> None:
        """A line."""
        self.console.print(inline(text, style), width=self.width)

    def plain(self, text: str) -> None:
        """Text as it is, however wide."""
        self.console.print(Text(text), soft_wrap=True)

    def error(self, text: str) -> None:
        """A line that says what is wrong."""
        self.say(text, "red")


def table_text(answer: Answer, most: int = MOST) -> str:
    """Rows as psql aligns them; of a long result that is no plan only the first `most`, with its true count."""
    assert answer.columns is not None
    cut = answer.explained is None and answer.count > most
    table = Table(
        columns=[column.name for column in answer.columns], numeric=[column.type.name in NUMERIC for column in answer.columns],
        rows=answer.texts(most if cut else None), footers=[f"({answer.count} rows, the first {most} shown)"] if cut else None,
    )  # fmt: skip
    return render(table, Options()).rstrip("\n")


def plan(text: str) -> Text:
    """A plan with its batches and charges standing out."""
    made = Text(text)
    made.highlight_regex(r"Batch Processing:.*|avg/min/max batch call time=.*|(Total )?Charges:.*", "bold green")
    made.highlight_regex(r"->  [A-Z][A-Za-z ]+|^ [A-Z][A-Za-z ]+(?= \(| on )", "bold")
    made.highlight_regex(r"rows=\d+ loops=\d+", "cyan")
    return made


def inline(text: str, style: str = "") -> Text:
    """A line of Markdown: `code`, **strong**, *stressed*."""
    made, at = Text(style=style), 0
    for match in INLINE.finditer(text):
        made.append(text[at : match.start()])
        code, strong, stressed = match.groups()
        made.append(code or strong or stressed, "cyan" if code else "bold" if strong else "italic")
        at = match.end()
    return made.append(text[at:])


def _items(lines: Iterable[str]) -> list[str]:
    """A paragraph as one string, a list as one for each item."""
    found: list[str] = []
    for line in lines:
        if ITEM.match(line) or not found:
            found.append(line.strip())
        else:
            found[-1] += " " + line.strip()
    return found
