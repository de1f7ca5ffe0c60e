"""Completion: from the text before the cursor to candidates: keywords, relations, columns, functions, settings, backslash commands, variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from auroraml.records import dataclass
from auroraml_cli.meta.registry import commands
from auroraml_cli.names import Names
from auroraml_cli.output import Format
from auroraml_cli.printing import CHANGES
from auroraml_cli.scanner import Scanner, Stop
from auroraml_cli.syntax import SYNTAX

_KEYWORDS = """
ABORT ADD ALL ALTER ANALYZE AND AS ASC BEGIN BETWEEN BY CASCADE CASE CAST CHECK COLLATE COLUMN COMMENT COMMIT CONSTRAINT COPY COST CREATE CROSS
CURRENT_DATE CURRENT_TIMESTAMP CURRENT_USER DATABASE DEFAULT DELETE DESC DISTINCT DO DROP ELSE END EXCEPT EXECUTE EXISTS EXPLAIN EXTENSION FALSE
FETCH FILTER FIRST FOR FOREIGN FROM FULL FUNCTION GRANT GROUP HAVING IF ILIKE IMMUTABLE IN INDEX INNER INSERT INTERSECT INTO IS JOIN KEY LANGUAGE
LAST LATERAL LEFT LIKE LIMIT LOCAL MATERIALIZED NATURAL NOT NULL NULLS OFFSET ON OR ORDER OUTER OVER PARALLEL PARTITION PREPARE PRIMARY
REFERENCES REFRESH RESET RETURNING RETURNS REVOKE RIGHT ROLE ROLLBACK ROW ROWS SAFE SAVEPOINT SCHEMA SELECT SEQUENCE SET SHOW STABLE STRICT TABLE
TEMPORARY THEN TO TRANSACTION TRUE TRUNCATE TYPE UNION UNIQUE UNLOGGED UPDATE USAGE USING VACUUM VALUES VERBOSE VIEW VOLATILE WHEN WHERE WINDOW
WITH WITHIN
"""
KEYWORDS = tuple(_KEYWORDS.split())
_STARTS = """
ABORT ALTER ANALYZE BEGIN CLOSE COMMENT COMMIT COPY CREATE DEALLOCATE DECLARE DELETE DISCARD DROP END EXECUTE EXPLAIN FETCH GRANT INSERT PREPARE
REFRESH RELEASE RESET REVOKE ROLLBACK SAVEPOINT SELECT SET SHOW START TABLE TRUNCATE UPDATE VACUUM VALUES WITH
"""
STARTS = tuple(_STARTS.split())
RELATION_WORDS = frozenset(("from", "join", "into", "update", "table", "truncate", "analyze", "vacuum", "only", "copy"))
_TOKEN = re.compile(r'"(?:[^"]|"")*"|[A-Za-z_\u0080-\U0010ffff][\w$]*|[^\s\w]')
_WORD = re.compile(r'(?:"[^"]*"?|[\w$\u0080-\U0010ffff]+)?\Z')
_STRING = re.compile(r"'(?:[^']|'')*'")
_SIMPLE = re.compile(r"[a-z_][a-z0-9_$]*\Z")
WORDS = frozenset(word.lower() for word in KEYWORDS)
SETTING_VALUES = ("DEFAULT", "on", "off")
VARIABLE_VALUES = {
    "ECHO": ("none", "errors", "queries", "all"), "VERBOSITY": ("default", "verbose", "terse", "sqlstate"), "SHOW_CONTEXT": ("never", "errors", "always"),
    "ON_ERROR_ROLLBACK": ("on", "off", "interactive"), "ECHO_HIDDEN": ("on", "off", "noexec"),
    "COMP_KEYWORD_CASE": ("lower", "upper", "preserve-lower", "preserve-upper"),
}  # fmt: skip
OPTION_VALUES = {
    "format": tuple(format.value for format in Format), "linestyle": ("ascii", "old-ascii", "unicode"), "expanded": ("on", "off", "auto"),
    "border": ("0", "1", "2"), "pager": ("on", "off", "always"), "footer": ("on", "off"), "tuples_only": ("on", "off"),
}  # fmt: skip
FILES = frozenset(("i", "include", "ir", "include_relative", "o", "out", "w", "write", "e", "edit", "cd", "s", "g", "gx"))


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What may stand in place of the last `length` characters, and what kind of thing it is."""

    text: str
    length: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the cursor is: the statement's text before the line, the line before and after the cursor, variables, and the keywords' case."""

    before: str
    line: str
    after: str = ""
    variables: Sequence[str] = ()
    keyword_case: str = "preserve-upper"


def _quoted(name: str) -> str:
    return name if _SIMPLE.match(name) and name not in WORDS else '"' + name.replace('"', '""') + '"'


def _matching(names: Iterable[str], word: str, kind: str, *, length: int | None = None) -> list[Candidate]:
    start = word.strip('"')
    folded = start.lower()
    found = sorted({name for name in names if name.startswith(start) or name.lower().startswith(folded)})
    size = len(word) if length is None else length
    return [Candidate(text=name, length=size, kind=kind) for name in found]


def _names(names: Iterable[str], word: str, kind: str) -> list[Candidate]:
    return [Candidate(text=_quoted(c.text), length=c.length, kind=c.kind) for c in _matching(names, word, kind)]


def _keywords(words: Iterable[str], word: str, case: str) -> list[Candidate]:
    lower = case == "lower" or (case == "preserve-lower" and not word.isupper()) or (case == "preserve-upper" and word != "" and word.islower())
    return _matching([w.lower() if lower else w for w in words], word, "keyword")


def complete(place: Place, names: Names) -> list[Candidate]:
    """The candidates at a place, the likeliest kind first; none inside strings and comments."""
    scanner = Scanner(lambda name: None)
    scanner.start(place.before + place.line)
    while (stop := scanner.scan()) is Stop.SEMICOLON:
        scanner.buffer = ""
    if stop is Stop.BACKSLASH:
        command, blank, arguments = scanner.rest.partition(" ")
        return _arguments(command, arguments, place, names) if blank else _matching(commands(), command, "command")
    variable = re.search(r"(?<!:):(['\"]?)(\w*)\Z", place.line)
    if variable is not None and scanner.open in ("", variable[1]):
        return [Candidate(text=c.text + variable[1], length=c.length, kind=c.kind) for c in _matching(place.variables, variable[2], "variable")]
    if (scanner.open and scanner.open != '"') or re.search(r"--[^\n]*\Z", _STRING.sub("''", scanner.buffer)):
        return []
    return _statement(scanner.buffer, place, names)


def _arguments(command: str, text: str, place: Place, names: Names) -> list[Candidate]:
    word = re.search(r"\S*\Z", text)
    last = word[0] if word else ""
    first = not text[: len(text) - len(last)].strip()
    bare = command.rstrip("+S")
    if bare in ("set", "unset", "prompt", "getenv"):
        values = VARIABLE_VALUES.get(text.split()[0] if text.split() else "", ("on", "off"))
        return _matching(place.variables if first else values, last, "variable" if first else "value")
    if bare == "pset":
        return _matching(CHANGES if first else OPTION_VALUES.get(text.split()[0], ("on", "off")), last, "option")
    if bare in ("c", "connect"):
        return _names(names.databases if first else names.roles, last, "database" if first else "role")
    if bare in ("h", "help"):
        return _matching(SYNTAX, text.upper(), "statement", length=len(text))
    if bare in FILES:
        return _files(last)
    simple = {"dn": names.schemas, "du": names.roles, "dg": names.roles, "l": names.databases, "list": names.databases, "dx": names.extensions,
              "dT": names.types, "dconfig": names.settings, "encoding": ("UTF8",), "x": ("on", "off", "auto"), "t": ("on", "off"), "timing": ("on", "off")}  # fmt: skip
    if bare in simple:
        return _matching(simple[bare], last, "name")
    if bare.startswith(("df", "da")) or bare in ("sf", "ef"):
        return _dotted(last, names, functions=True, relations=False)
    kinds = {"dt": "rp", "dv": "v", "dm": "m", "di": "i", "ds": "S", "sv": "v", "ev": "v"}.get(bare[:2], "")
    if bare.startswith("d") or bare in ("z", "sv", "ev", "copy", "crosstabview"):
        return _dotted(last, names, functions=False, relations=True, kinds=kinds)
    return []


def _files(word: str) -> list[Candidate]:
    folder, _, start = word.rpartition("/")
    try:
        entries = sorted(Path(folder or ("/" if word.startswith("/") else ".")).expanduser().iterdir())
    except OSError:
        return []
    shown = [
        entry.name + ("/" if entry.is_dir() else "")
        for entry in entries
        if entry.name.startswith(start) and (start or not entry.name.startswith("."))
    ]
    return [Candidate(text=name, length=len(start), kind="file") for name in shown]


def _dotted(word: str, names: Names, *, functions: bool, relations: bool, kinds: str = "") -> list[Candidate]:
    """A name or schema.name."""
    schema, dot, last = word.rpartition(".")
    spaces = [schema.strip('"')] if dot else names.path
    found: list[Candidate] = []
    if relations:
        wanted = kinds or "rvmSfp"
        found += _names((n for s, n, k in names.relations if s in spaces and k in wanted and (dot or s != "pg_catalog" or last)), last, "relation")
    if functions:
        found += _names((n for s, n in names.functions if s in spaces), last, "function")
    if not dot:
        found += [Candidate(text=f"{c.text}.", length=c.length, kind="schema") for c in _names(names.schemas, last, "schema")]
    return found


def _statement(text: str, place: Place, names: Names) -> list[Candidate]:
    match = _WORD.search(text)
    word = match[0] if match else ""
    head = text[: len(text) - len(word)]
    qualifier = re.search(r'([\w$"]+)\.\Z', head)
    tokens = [token.lower() if not token.startswith('"') else token for token in _TOKEN.findall(head)]
    if qualifier:
        owner = qualifier[1].strip('"')
        table = aliases(_TOKEN.findall(text + place.after)).get(owner)
        if table is not None and (columns := names.columns_of(*table)):
            return _names(columns, word, "column")
        dotted = [Candidate(text=c.text, length=c.length, kind=c.kind) for c in _dotted(f"{owner}.{word}", names, functions=True, relations=True)]
        return dotted or _names(names.columns_of(None, owner), word, "column")
    if not tokens:
        return _keywords(STARTS, word, place.keyword_case)
    previous = tokens[-1]
    if tokens[0] in ("set", "show", "reset", "alter") and (previous in ("set", "show", "reset", "local", "session")):
        return _matching([*names.settings, "ALL"] if previous != "set" else names.settings, word, "setting")
    if tokens[0] == "set" and previous in ("to", "="):
        return _matching(SETTING_VALUES, word, "value")
    if previous in ("role", "owner", "authorization", "user") or (tokens[0] in ("grant", "revoke") and previous in ("to", "from")):
        return _names(names.roles, word, "role")
    if previous == "schema":
        return _names(names.schemas, word, "schema")
    if previous == "extension":
        return _names(names.extensions, word, "extension")
    if previous == "database":
        return _names(names.databases, word, "database")
    if previous in (":", "as") and tokens[-2:-1] in ([":"], ["cast"]):
        return _matching(names.types, word, "type")
    if previous in RELATION_WORDS or (previous == "," and _in_from(tokens)):
        return _dotted(word, names, functions=previous in ("from", "join", ","), relations=True) + _keywords(
            ("LATERAL", "ONLY", "SELECT"), word, place.keyword_case
        )
    return _expression(word, text, place, names)


def _in_from(tokens: Sequence[str]) -> bool:
    """Whether a comma here parts FROM items."""
    for token in reversed(tokens):
        if token in ("(", "select", "where", "by", "set", "having", "returning", "values", "on"):
            return False
        if token == "from":
            return True
    return False


def aliases(tokens: Sequence[str]) -> dict[str, tuple[str | None, str]]:
    """The tables a statement names, by alias and by name."""
    found: dict[str, tuple[str | None, str]] = {}
    i = 0
    while i < len(tokens):
        if tokens[i].lower() not in ("from", "join", "update", "into", ",") or i + 1 >= len(tokens):
            i += 1
            continue
        i += 1
        name = tokens[i].strip('"')
        schema = None
        if tokens[i + 1 : i + 2] == ["."] and i + 2 < len(tokens):
            schema, name = name, tokens[i + 2].strip('"')
            i += 2
        if not re.match(r"\w", name):
            continue
        found[name] = (schema, name)
        following = [token.lower() for token in tokens[i + 1 : i + 3]]
        alias = following[1] if following[:1] == ["as"] and len(following) > 1 else following[0] if following else ""
        if re.match(r"\w", alias) and alias not in WORDS:
            found[alias] = (schema, name)
    return found


def _expression(word: str, text: str, place: Place, names: Names) -> list[Candidate]:
    tables = dict.fromkeys(aliases(_TOKEN.findall(text + place.after)).values())
    columns = [column for table in tables for column in names.columns_of(*table)]
    found = _names(columns, word, "column")
    found += _keywords(KEYWORDS, word, place.keyword_case)
    if word:
        found += _names((name for schema, name in names.functions if schema in names.path), word, "function")
        found += _names((name for schema, name, _ in names.relations if schema in names.path and schema != "pg_catalog"), word, "relation")
    return found + [Candidate(text=f"{c.text}.", length=c.length, kind="schema") for c in _names(names.schemas, word, "schema") if word]
