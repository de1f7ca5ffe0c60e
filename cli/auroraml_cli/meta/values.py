"""\\set, \\unset, \\getenv, \\setenv, \\prompt, \\echo, \\qecho, \\warn: variables and text."""

from __future__ import annotations

import os

from auroraml_cli.meta.registry import Call, Outcome, meta


@meta("set")
def set_variable(call: Call) -> Outcome:
    """Set a variable to its arguments put together; without any, list the variables."""
    name = call.next()
    if name is None:
        for variable, value in call.shell.variables:
            call.shell.standard_out.write(f"{variable} = '{value}'\n")
        call.shell.standard_out.flush()
        return Outcome.DONE
    return Outcome.DONE if call.shell.set(name, "".join(call.arguments.rest())) else Outcome.ERROR


@meta("unset")
def unset(call: Call) -> Outcome:
    """Unset a variable."""
    name = call.next()
    if name is None:
        return call.missing()
    return Outcome.DONE if call.shell.set(name, None) else Outcome.ERROR


@meta("getenv")
def getenv(call: Call) -> Outcome:
    """A variable from the environment; left alone where the environment has none."""
    name, variable = call.next(), call.next()
    if name is None or variable is None:
        return call.missing()
    value = os.environ.get(variable)
    return Outcome.DONE if value is None or call.shell.set(name, value) else Outcome.ERROR


@meta("setenv")
def setenv(call: Call) -> Outcome:
    """Set or unset a variable of the environment."""
    name, value = call.next(), call.next()
    if name is None:
        return call.missing()
    if "=" in name:
        call.shell.error('\\setenv: environment variable name must not contain "="')
        return Outcome.ERROR
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
    return Outcome.DONE


@meta("prompt")
def ask(call: Call) -> Outcome:
    """Ask for a variable's value."""
    first, second = call.next(), call.next()
    if first is None:
        return call.missing()
    shell = call.shell
    text, name = (first, second) if second is not None else ("", first)
    if shell.prompting:
        value = shell.read_line(text)
    else:
        shell.standard_out.write(text)
        shell.standard_out.flush()
        value = shell.copy_lines()
    return Outcome.DONE if shell.set(name, value or "") else Outcome.ERROR


@meta("echo", "qecho", "warn")
def echo(call: Call) -> Outcome:
    """Write the arguments to the standard output, to where results go, or to the standard error."""
    shell = call.shell
    stream = shell.out if call.name == "qecho" else shell.err if call.name == "warn" else shell.standard_out
    words: list[str] = []
    newline = True
    while True:
        word = call.next()
        if word is None:
            break
        if word == "-n" and not words and newline and not call.arguments.quoted:
            newline = False
            continue
        words.append(word)
    if call.name == "warn":
        shell.standard_out.flush()
    stream.write(" ".join(words) + ("\n" if newline else ""))
    stream.flush()
    return Outcome.DONE
