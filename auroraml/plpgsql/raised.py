"""Running RAISE: a message or an error made of a format, a condition and USING's options."""

from __future__ import annotations

from auroraml.errors import (
    NullValueNotAllowed,
    StackedDiagnosticsAccessedWithoutActiveHandler,
    UndefinedObject,
)
from auroraml.errors import SyntaxError as SqlSyntaxError
from auroraml.plpgsql import tree
from auroraml.plpgsql.activation import Activation
from auroraml.plpgsql.conditions import error_class, is_state, states_of
from auroraml.plpgsql.expressions import evaluate
from auroraml.plpgsql.interpreter import GO_ON, runs
from auroraml.plpgsql.values import is_null
from auroraml.types.text import datum_out

SEVERITIES = {"warning": ("WARNING", "01000"), "notice": ("NOTICE", "00000"), "info": ("INFO", "00000"), "log": ("LOG", "00000"),
              "debug": ("DEBUG", "00000")}  # fmt: skip


def _text(act: Activation, sql: tree.Sql) -> str | None:
    value, type = evaluate(act, sql)
    return None if is_null(value) else datum_out(type, value.datum(0), act.host.style)


def _formatted(act: Activation, format: str, arguments: tuple[tree.Sql, ...]) -> str:
    """Each % with the next argument's value in its place; %% is a percent sign."""
    parts = format.replace("%%", "\0").split("%")
    found = [parts[0]]
    for sql, part in zip(arguments, parts[1:], strict=True):
        text = _text(act, sql)
        found += ["<NULL>" if text is None else text, part]
    return "".join(found).replace("\0", "%")


def _state(text: str) -> str:
    if is_state(text):
        return text
    known = states_of(text)
    if not known:
        raise UndefinedObject(f'unrecognized exception condition "{text}"')
    return known[0]


@runs(tree.Raise)
def run_raise(act: Activation, node: tree.Raise) -> int:
    """RAISE."""
    if node.again:
        _again(act)
    act.settle()
    said: dict[str, str] = {}
    state = None
    if node.format is not None:
        said["message"] = _formatted(act, node.format, node.arguments)
    if node.condition is not None:
        state = _state(node.condition)
    for name, sql in node.options:
        text = _text(act, sql)
        if text is None:
            raise NullValueNotAllowed("RAISE statement option cannot be null")
        if name in said or (name == "errcode" and state is not None):
            raise SqlSyntaxError(f"RAISE option already specified: {name.upper()}")
        if name == "errcode":
            state = _state(text)
        else:
            said[name] = text
    message = said.get("message", node.condition or state or "P0001")
    if node.level != "exception":
        severity, standard = SEVERITIES[node.level]
        act.host.notice(message, severity=severity, sqlstate=state or standard, detail=said.get("detail"), hint=said.get("hint"))
        return GO_ON
    raise error_class(state or "P0001")(
        message, detail=said.get("detail"), hint=said.get("hint"), schema=said.get("schema"), table=said.get("table"), column=said.get("column"),
        datatype=said.get("datatype"), constraint=said.get("constraint"),
    )  # fmt: skip


def _again(act: Activation) -> None:
    """RAISE by itself, in a handler: the error that it handles."""
    diag = act.failure
    if diag is None:
        raise StackedDiagnosticsAccessedWithoutActiveHandler("RAISE without parameters cannot be used outside an exception handler")
    error = error_class(diag.sqlstate or "XX000")(diag.message_primary)
    error.diag = diag
    act.told = error
    raise error
