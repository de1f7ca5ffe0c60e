"""\\i, \\ir, \\o, \\cd, \\!, \\copy: files and programs."""

from __future__ import annotations

import io
import os
from pathlib import Path

from auroraml_cli.copying import copy
from auroraml_cli.meta.registry import Call, Outcome, meta
from auroraml_cli.slash import Kind


@meta("i", "include", "ir", "include_relative")
def include(call: Call) -> Outcome:
    """Run a file; \\ir looks beside the file being read."""
    name = call.next()
    if name is None:
        return call.missing()
    path = os.path.expanduser(name)
    shell = call.shell
    if call.name in ("ir", "include_relative") and shell.file and not os.path.isabs(path):
        path = os.path.join(os.path.dirname(shell.file), path)
    if path == "-":
        shell.error("\\i -: the standard input is being read already")
        return Outcome.ERROR
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        shell.error(f"{path}: {error.strerror}")
        return Outcome.ERROR
    return Outcome.DONE if call.loop.include(io.StringIO(text), path) else Outcome.ERROR


@meta("o", "out", whole_line=True)
def output(call: Call) -> Outcome:
    """Send results to a file or pipe, or back to the screen."""
    return Outcome.DONE if call.shell.redirect(call.next(Kind.FILE_OR_PIPE)) else Outcome.ERROR


@meta("cd")
def change_directory(call: Call) -> Outcome:
    """Change the working directory."""
    name = call.next()
    path = os.path.expanduser("~" if name is None else name)
    try:
        os.chdir(path)
    except OSError as error:
        call.shell.error(f'\\cd: could not change directory to "{path}": {error.strerror}')
        return Outcome.ERROR
    return Outcome.DONE


@meta("!", whole_line=True)
def run_program(call: Call) -> Outcome:
    """Run a command, or a shell."""
    command = call.next(Kind.WHOLE_LINE)
    shell = call.shell
    shell.standard_out.flush()
    if command is None:
        command = os.environ.get("SHELL", "/bin/sh")
    code = shell.run_program(command)
    shell.variables.put("SHELL_ERROR", "false" if code == 0 else "true")
    shell.variables.put("SHELL_EXIT_CODE", str(code))
    if code in (126, 127) and not command:
        shell.error("\\!: failed")
        return Outcome.ERROR
    return Outcome.DONE


@meta("copy", whole_line=True)
def client_copy(call: Call) -> Outcome:
    """COPY with files of this side."""
    text = call.next(Kind.WHOLE_LINE)
    return Outcome.DONE if copy(call.shell, text) else Outcome.ERROR
