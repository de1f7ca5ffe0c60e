"""\\?, \\h, \\copyright."""

from __future__ import annotations

from auroraml_cli.meta.registry import Call, Outcome, meta
from auroraml_cli.reference import COMMANDS, OPTIONS, VARIABLES
from auroraml_cli.slash import Kind
from auroraml_cli.syntax import synopses


@meta("?")
def commands(call: Call) -> Outcome:
    """The backslash commands, the program's options, or the variables."""
    topic = call.next()
    call.shell.page({"options": OPTIONS, "variables": VARIABLES}.get(topic or "commands", COMMANDS))
    return Outcome.DONE


@meta("h", "help", whole_line=True)
def statements(call: Call) -> Outcome:
    """The syntax of SQL statements."""
    topic = call.next(Kind.WHOLE_LINE, semicolon=True)
    text = synopses(topic)
    if text is None:
        call.shell.standard_out.write(f'No help available for "{topic}".\nTry \\h with no arguments to see available help.\n')
        call.shell.standard_out.flush()
    else:
        call.shell.page(text)
    return Outcome.DONE


@meta("copyright")
def licence(call: Call) -> Outcome:
    """The licence."""
    call.shell.standard_out.write("auroraml is free software under the Apache License, Version 2.0 (https://www.apache.org/licenses/LICENSE-2.0).\n")
    call.shell.standard_out.flush()
    return Outcome.DONE
