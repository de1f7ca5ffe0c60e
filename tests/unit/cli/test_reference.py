"""The help texts name every backslash command and option."""

from __future__ import annotations

import re

from auroraml_cli.invocation import PARAMETERS
from auroraml_cli.meta.registry import commands
from auroraml_cli.reference import COMMANDS as COMMANDS_TEXT
from auroraml_cli.reference import OPTIONS, SYNTAX, VARIABLES, synopses
from auroraml_cli.variables import DEFAULTS

ALIASES = {"connect", "edit", "help", "html", "include", "include_relative", "list", "out", "print", "quit", "reset", "write"}


def test_every_command_is_listed_and_every_listed_command_exists() -> None:
    listed = set(re.findall(r"\\([A-Za-z?!]+)", COMMANDS_TEXT))
    assert set(commands()) - ALIASES == listed


def test_every_option_is_listed() -> None:
    for parameter in PARAMETERS:
        for name in parameter.opts:
            if name.startswith("-"):
                assert re.search(rf"(^|[ ,]){re.escape(name)}\b", OPTIONS, re.M) or name in ("-?", "-1", "-0"), name


def test_every_special_variable_is_listed() -> None:
    for name in DEFAULTS:
        assert re.search(rf"\b{name}\b", VARIABLES), name


def test_syntax_of_statements() -> None:
    assert synopses("nonsense") is None
    assert (synopses("select") or "").startswith("Command:     SELECT\n")
    assert (synopses("*") or "").count("Command:") == len(SYNTAX)
