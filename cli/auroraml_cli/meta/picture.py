"""\\explain: the picture of a query, on the terminal or as a page."""

from __future__ import annotations

import os
from pathlib import Path

from auroraml.lazy import load
from auroraml_cli.meta.registry import Call, Outcome, meta
from auroraml_cli.slash import Kind


@meta("explain", whole_line=True)
def explain(call: Call) -> Outcome:
    """Run the query (the one given, the buffer's, or the last one) and show its plan, calls and bill; -o FILE writes a page. Changes are rolled back."""
    scanner, shell = call.scanner, call.shell
    at, path = scanner.at, None
    if call.next() == "-o":
        path = call.next()
        if path is None:
            return call.missing()
    else:
        scanner.at = at
    query = call.next(Kind.WHOLE_LINE, semicolon=True)
    if query is None:
        call.use_previous()
        query, scanner.buffer = scanner.buffer, ""
        scanner.reset()
    if not query:
        shell.error("\\explain cannot be used with an empty query")
        return Outcome.ERROR
    shell.previous = query
    picturing = load("auroraml_cli.picturing")
    shell.running, shell.cancelled = True, False
    try:
        if path is not None:
            picturing.write_page(shell.client, query, Path(os.path.expanduser(path)))
            shell.say(path)
        elif shell.out is shell.standard_out:
            picturing.print_picture(shell.client, query, shell.standard_out)
        else:
            picturing.print_picture(shell.client, query, shell.out, color=False)
    except picturing.Unpictured as failure:
        if not shell.cancelled:
            shell.failed(failure.error, failure.text)
        return Outcome.ERROR
    except OSError as error:
        shell.error(f"{path}: {error.strerror}")
        return Outcome.ERROR
    finally:
        shell.running = False
    return Outcome.DONE
