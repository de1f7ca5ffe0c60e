"""\\g, \\gx, \\gset, \\gexec, \\gdesc, \\crosstabview, \\watch: sending the query buffer in special ways."""

from __future__ import annotations

import re
import time
from copy import copy

from auroraml_cli.client import DatabaseError
from auroraml_cli.meta.registry import Call, Outcome, meta
from auroraml_cli.printing import set_option
from auroraml_cli.shell import Delivery, table_of
from auroraml_cli.slash import Kind


def _options(call: Call, first: str) -> list[tuple[str, str | None]] | None:
    """\\g's options in parentheses; None with a message when one is wrong or the closing one is missing."""
    options: list[tuple[str, str | None]] = []
    tried = copy(call.shell.options)
    word: str | None = first[1:]
    while word is not None:
        end = word.endswith(")")
        text = word[:-1] if end else word
        if text:
            name, equals, value = text.partition("=")
            if not set_option(call.shell, tried, name, value if equals else None, quiet=True):
                return None
            options.append((name, value if equals else None))
        if end:
            return options
        word = call.next()
    call.shell.error(f"\\{call.name}: missing right parenthesis")
    return None


@meta("g", "gx", whole_line=True)
def go(call: Call) -> Outcome:
    """Send the buffer, the result to a file or pipe; \\gx expands it."""
    target = call.next(Kind.FILE_OR_PIPE)
    delivery = Delivery()
    if target is not None and target.startswith("("):
        options = _options(call, target)
        if options is None:
            return Outcome.ERROR
        delivery.options = options
        target = call.next(Kind.FILE_OR_PIPE)
    delivery.target = target
    if call.name == "gx":
        delivery.expanded = "on"
    return _send(call, delivery)


def _send(call: Call, delivery: Delivery) -> Outcome:
    """Send the buffer, or the last query where it is empty (or nothing, as psql does)."""
    call.use_previous()
    call.shell.delivery = delivery
    return Outcome.SEND


@meta("gset")
def gset(call: Call) -> Outcome:
    """Put the only row into variables."""
    return _send(call, Delivery(gset=call.next() or ""))


@meta("gexec")
def gexec(call: Call) -> Outcome:
    """Run each cell of the result."""
    return _send(call, Delivery(gexec=True))


@meta("gdesc")
def gdesc(call: Call) -> Outcome:
    """Describe the result."""
    return _send(call, Delivery(gdesc=True))


@meta("crosstabview")
def crosstabview(call: Call) -> Outcome:
    """Pivot the result."""
    return _send(call, Delivery(crosstab=[call.next() for _ in range(4)]))


@meta("watch")
def watch(call: Call) -> Outcome:
    """Run the buffer again and again until it fails or is interrupted."""
    argument = call.next()
    match = re.match(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", argument or "")
    seconds = 2.0 if argument is None else float(match[0]) if match else 0.0
    seconds = seconds if seconds > 0 else 1.0
    call.use_previous()
    shell, sql = call.shell, call.scanner.buffer
    if not sql:
        shell.error("\\watch cannot be used with an empty query")
        return Outcome.ERROR
    shell.previous = sql
    call.scanner.buffer = ""
    call.scanner.reset()
    good = True
    try:
        while good and not shell.cancelled:
            good = _watched(call, sql, seconds)
            if good:
                time.sleep(seconds)
    except KeyboardInterrupt:
        good = True
    shell.standard_out.write("\n")
    shell.standard_out.flush()
    shell.cancelled = False
    return Outcome.DONE if good else Outcome.ERROR


def _watched(call: Call, sql: str, seconds: float) -> bool:
    """One round: the title with the time, then the result."""
    shell = call.shell
    stamp = f"{time.strftime('%c')} (every {seconds:g}s)\n"
    title = f"{shell.options.title}\t{stamp}" if shell.options.title else stamp
    shell.running, shell.cancelled = True, False
    started = time.monotonic()
    try:
        results = list(shell.client.run(sql))
    except DatabaseError as error:
        if not shell.cancelled:
            shell.failed(error, sql)
        return False
    finally:
        shell.running = False
    result = results[-1] if results else None
    if result is None:
        return False
    if result.columns is None:
        shell.write(f"{title}\n{result.tag}\n\n")
    else:
        options = copy(shell.options)
        options.title = title
        shell.print_table(table_of(result), options)
    shell.out.flush()
    if shell.timing:
        shell.standard_out.write(f"Time: {(time.monotonic() - started) * 1000:.3f} ms\n")
    return True
