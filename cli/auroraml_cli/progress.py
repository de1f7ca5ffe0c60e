"""A line on the standard error while a statement runs longer than a second: rows, batches, calls, cost so far."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner

from auroraml_cli.client import Progress

EVERY = 0.2  # seconds between two looks


def words(progress: Progress, seconds: float) -> str:
    """What the line says."""
    parts = [f"{seconds:.0f} s", f"{progress.rows:,} rows"]
    if progress.batches:
        parts.append(f"{progress.batches:,} batches")
    if progress.calls:
        parts.append(f"{progress.calls:,} calls ({progress.calls / max(seconds, 0.001):,.0f}/s)")
    if progress.dollars:
        parts.append(f"about ${progress.dollars:,.4f} so far")
    return ", ".join(parts)


def show(read: Callable[[], Progress], ended: threading.Event, console: Console | None = None, after: float = 1.0) -> None:
    """Show the line until `ended`; `after` seconds have passed already. On a terminal it goes away again, elsewhere it is printed now and then."""
    console = console or Console(stderr=True, highlight=False)
    started = time.monotonic() - after

    def text() -> str:
        return words(read(), time.monotonic() - started)

    if not console.is_terminal:
        while not ended.wait(1.0):
            console.print(text(), soft_wrap=True)
        return
    spinner = Spinner("dots", text=text())
    with Live(spinner, console=console, transient=True, refresh_per_second=10, redirect_stdout=False, redirect_stderr=False):
        while not ended.wait(EVERY):
            spinner.update(text=text() + "  (Ctrl-C cancels)")
