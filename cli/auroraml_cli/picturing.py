"""Picturing: a statement's picture, written as a page or printed in the terminal; loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from auroraml.teach.page.asking import Ask, Wish, ask_for_page
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


def _asked(client: Client, query: str, wish: Wish) -> Page:
    failed = ""

    def ask(sql: str) -> Sequence[Sequence[str | None]]:
        nonlocal failed
        try:
            return [row for result in client.run(sql) for row in result.rows]
        except DatabaseError:
            failed = sql
            raise

    asking: Ask = ask
    try:
        return ask_for_page(asking, query, wish)
    except DatabaseError as error:
        raise Unpictured(error, failed) from error
