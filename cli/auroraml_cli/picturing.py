"""Picturing: a statement's picture, written as a page or printed in the terminal; loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from auroraml.errors.report import of_end
from auroraml.services.log import CallRecord
from auroraml.teach.page.asking import Wish, ask_for_page
from auroraml.teach.page.rendering import page_html
from auroraml.teach.page.run import Page
from auroraml.teach.page.terminal import figures_table, write_run
from auroraml_cli.client import Client, DatabaseError


class Unpictured(Exception):
    """The statement failed: the error, and the text that it is about."""

    def __init__(self, error: DatabaseError, text: str) -> None:
        super().__init__(str(error))
        self.error = error
        self.text = text


def write_page(client: Client, query: str, path: Path, *, analyze: bool = True) -> None:
    """The page as a file; Unpictured where the statement fails."""
    page = _asked(client, query, Wish(analyze=analyze))
    path.write_text(page_html(page), encoding="utf-8")


def print_picture(client: Client, query: str, out: TextIO, *, width: int | None = None, color: bool | None = None) -> None:
    """The terminal's form, with what sizes of batches do; Unpictured where the statement fails."""
    page = _asked(client, query, Wish(compare=False, seconds=5.0))
    write_run(page.run, out, width=width, color=color)
    if page.grid:
        out.write("\n")
        figures_table(page.grid, out, width=width, color=color)


class Asked:
    """A client to ask; `failed` is the text that failed last."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.failed = ""

    def rows(self, sql: str) -> Sequence[Sequence[str | None]]:
        """The rows, as text."""
        try:
            return [row for result in self.client.run(sql) for row in result.rows]
        except DatabaseError:
            self.failed = sql
            raise

    def calls(self) -> Sequence[CallRecord]:
        """Of the last statement."""
        return self.client.calls()


def _asked(client: Client, query: str, wish: Wish) -> Page:
    asked = Asked(client)
    try:
        return ask_for_page(asked, query, wish)
    except DatabaseError as error:
        error.diag, text = of_end(error.diag, asked.failed, query)
        raise Unpictured(error, text) from error
