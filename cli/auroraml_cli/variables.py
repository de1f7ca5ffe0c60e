"""psql's variables: names, values, and what setting the special ones checks and does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from auroraml.lazy import pattern

Hook = Callable[[str | None], str | None]  # given the new value (None: unset), the value to store; raises VariableError
_NAME = pattern(r"(?:[A-Za-z0-9_]|[^\x00-\x7f])+")


class VariableError(Exception):
    """The message of a refused assignment."""


def parse_bool(value: str) -> bool | None:
    """on, off, true, no, 1 ... and unambiguous starts of them; None for anything else."""
    word = value.lower()
    if word:
        for name, truth in (("true", True), ("false", False), ("yes", True), ("no", False)):
            if name.startswith(word):
                return truth
        if word == "on":
            return True
        if word in ("off", "of"):
            return False
    return {"1": True, "0": False}.get(word)


def boolean(name: str) -> Hook:
    """A variable that is on or off; unset means off."""

    def hook(value: str | None) -> str:
        if value is None:
            return "off"
        if value == "":
            return "on"
        if parse_bool(value) is None:
            raise VariableError(f'unrecognized value "{value}" for "{name}": Boolean expected')
        return value

    return hook


def integer(name: str, default: str) -> Hook:
    """A variable that is a whole number; unset means `default`."""

    def hook(value: str | None) -> str:
        if value is None:
            return default
        if not re.fullmatch(r"\s*[-+]?\d+", value):
            raise VariableError(f'invalid value "{value}" for "{name}": integer expected')
        return value

    return hook


def choice(name: str, default: str, *words: str, boolean_too: bool = False) -> Hook:
    """A variable with a few values; the message names them all."""

    def hook(value: str | None) -> str:
        if value is None:
            return default
        if value.lower() in words:
            return value.lower() if not boolean_too else value
        if boolean_too and value == "":
            return "on"
        if boolean_too and parse_bool(value) is not None:
            return value
        shown = ", ".join((*(("on", "off") if boolean_too else ()), *words))
        raise VariableError(f'unrecognized value "{value}" for "{name}"\nAvailable values are: {shown}.')

    return hook


HOOKS: dict[str, Hook] = {
    **{name: boolean(name) for name in (
        "AUTOCOMMIT", "ON_ERROR_STOP", "QUIET", "SINGLELINE", "SINGLESTEP", "HIDE_TOAST_COMPRESSION", "HIDE_TABLEAM", "SHOW_ALL_RESULTS")},
    "FETCH_COUNT": integer("FETCH_COUNT", "0"),
    "HISTSIZE": integer("HISTSIZE", "500"),
    "IGNOREEOF": lambda value: "0" if value is None else value if re.fullmatch(r"\d+", value) else "10",
    "ECHO": choice("ECHO", "none", "none", "errors", "queries", "all"),
    "ECHO_HIDDEN": choice("ECHO_HIDDEN", "off", "noexec", boolean_too=True),
    "ON_ERROR_ROLLBACK": choice("ON_ERROR_ROLLBACK", "off", "interactive", boolean_too=True),
    "COMP_KEYWORD_CASE": choice("COMP_KEYWORD_CASE", "preserve-upper", "lower", "upper", "preserve-lower", "preserve-upper"),
    "HISTCONTROL": choice("HISTCONTROL", "none", "none", "ignorespace", "ignoredups", "ignoreboth"),
    "VERBOSITY": choice("VERBOSITY", "default", "default", "verbose", "terse", "sqlstate"),
    "SHOW_CONTEXT": choice("SHOW_CONTEXT", "errors", "never", "errors", "always"),
    "PROMPT1": lambda value: "" if value is None else value,
    "PROMPT2": lambda value: "" if value is None else value,
    "PROMPT3": lambda value: "" if value is None else value,
}  # fmt: skip
DEFAULTS = {
    "AUTOCOMMIT": "on", "ON_ERROR_STOP": "off", "QUIET": "off", "SINGLELINE": "off", "SINGLESTEP": "off", "HIDE_TOAST_COMPRESSION": "off",
    "HIDE_TABLEAM": "off", "SHOW_ALL_RESULTS": "on", "FETCH_COUNT": "0", "HISTSIZE": "500", "IGNOREEOF": "0", "ECHO": "none",
    "ECHO_HIDDEN": "off", "ON_ERROR_ROLLBACK": "off", "COMP_KEYWORD_CASE": "preserve-upper", "HISTCONTROL": "none", "VERBOSITY": "default",
    "SHOW_CONTEXT": "errors", "PROMPT1": "%/%R%x%# ", "PROMPT2": "%/%R%x%# ", "PROMPT3": ">> ",
}  # fmt: skip


class Variables:
    """The variables of a session."""

    def __init__(self) -> None:
        self._values = dict(DEFAULTS)

    def get(self, name: str) -> str | None:
        """The value, or None when the variable is not set."""
        return self._values.get(name)

    def on(self, name: str) -> bool:
        """Whether a boolean variable is on."""
        return parse_bool(self._values.get(name, "off")) is True

    def set(self, name: str, value: str | None) -> None:
        """Set or (None) unset; VariableError when the name or value is not accepted."""
        if not _NAME.fullmatch(name):
            if value is None:
                return
            raise VariableError(f'invalid variable name: "{name}"')
        hook = HOOKS.get(name)
        if hook is not None:
            value = hook(value)
        if value is None:
            self._values.pop(name, None)
        else:
            self._values[name] = value

    def put(self, name: str, value: str) -> None:
        """Set without hooks: for the variables the program itself keeps."""
        self._values[name] = value

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(sorted(self._values.items()))

    def __contains__(self, name: str) -> bool:
        return name in self._values


def quoted_literal(value: str) -> str:
    """The value as a SQL literal: E'' where it has a backslash."""
    doubled = value.replace("'", "''")
    return " E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in value else f"'{doubled}'"


def quoted_identifier(value: str) -> str:
    """The value as a quoted identifier."""
    return '"' + value.replace('"', '""') + '"'
