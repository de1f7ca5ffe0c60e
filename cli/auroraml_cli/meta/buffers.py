"""\\p, \\r, \\w, \\e, \\s: the query buffer, the editor, the history."""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path

from auroraml.lazy import subprocess
from auroraml_cli.meta.registry import Call, Outcome, meta
from auroraml_cli.slash import Kind


@meta("p", "print")
def show(call: Call) -> Outcome:
    """The buffer, or the last query when it is empty."""
    text = call.scanner.buffer or call.shell.previous
    if text:
        call.shell.standard_out.write(f"{text}\n")
        call.shell.standard_out.flush()
    else:
        call.shell.say("Query buffer is empty.")
    return Outcome.DONE


@meta("r", "reset")
def reset(call: Call) -> Outcome:
    """Empty the buffer."""
    call.scanner.buffer = ""
    call.scanner.reset()
    call.shell.say("Query buffer reset (cleared).")
    return Outcome.DONE


@meta("w", "write", whole_line=True)
def write(call: Call) -> Outcome:
    """Write the buffer, or the last query, to a file or pipe."""
    name = call.next(Kind.FILE_OR_PIPE)
    if name is None:
        return call.missing()
    stream = call.shell.open_target(name)
    if stream is None:
        return Outcome.ERROR
    text = call.scanner.buffer or call.shell.previous
    stream.write(f"{text}\n" if text else "")
    call.shell.close_target(stream)
    return Outcome.DONE


def editor_command(path: str, line: int | None) -> str:
    """The command that edits `path`, at `line` where the editor's option for it is known."""
    editor = next((value for name in ("PSQL_EDITOR", "EDITOR", "VISUAL") if (value := os.environ.get(name))), "vi")
    option = os.environ.get("PSQL_EDITOR_LINENUMBER_ARG") or (
        "+" if Path(editor.split()[0]).name in ("vi", "vim", "nvim", "nano", "emacs", "joe") else ""
    )
    place = f" {option}{line}" if line is not None and option else ""
    return f"{editor}{place} {shlex.quote(path)}"


def edit_text(call: Call, text: str, line: int | None = None, path: str | None = None) -> str | None:
    """`text` (or the file) after the user has edited it; None when nothing was changed."""
    if path is not None:
        before = Path(path).read_text(encoding="utf-8") if Path(path).exists() else None
        subprocess.run(editor_command(path, line), shell=True, check=False)
        after = Path(path).read_text(encoding="utf-8") if Path(path).exists() else None
        return None if after == before else after
    with tempfile.NamedTemporaryFile("w+", suffix=".sql", prefix="auroraml.edit.", delete=False, encoding="utf-8") as file:
        file.write(text + ("" if text.endswith("\n") or not text else "\n"))
    try:
        subprocess.run(editor_command(file.name, line), shell=True, check=False)
        after = Path(file.name).read_text(encoding="utf-8")
    finally:
        os.unlink(file.name)
    return None if after.rstrip("\n") == text.rstrip("\n") else after


def take_edited(call: Call, text: str | None) -> Outcome:
    """Make edited text the query buffer."""
    call.scanner.buffer = ""
    call.scanner.reset()
    if text is None:
        return Outcome.DONE
    call.scanner.buffer = text.rstrip("\n")
    return Outcome.EDITED


@meta("e", "edit")
def edit(call: Call) -> Outcome:
    """Edit the buffer, the last query, or a file."""
    name, line = call.next(), call.next()
    if name is not None and line is None and name.isdigit():
        name, line = None, name
    number = None
    if line is not None:
        if not line.isdigit() or int(line) < 1:
            call.shell.error(f"invalid line number: {line}")
            return Outcome.ERROR
        number = int(line)
    path = None if name is None else os.path.expanduser(name)
    return take_edited(call, edit_text(call, call.scanner.buffer or call.shell.previous, number, path))


@meta("s")
def history(call: Call) -> Outcome:
    """The history on the screen or into a file."""
    name = call.next()
    lines = call.shell.history()
    text = "".join(f"{line}\n" for line in lines) or "\n"
    if name is None:
        call.shell.page(text)
        return Outcome.DONE
    try:
        Path(os.path.expanduser(name)).write_text(text, encoding="utf-8")
    except OSError as error:
        call.shell.error(f'could not save history to file "{name}": {error.strerror}')
        return Outcome.ERROR
    call.shell.say(f'Wrote history to file "{name}".')
    return Outcome.DONE
