"""GRANT and REVOKE: the statements, and how they are written."""

from __future__ import annotations

from auroraml.records import dataclass
from auroraml.sql import statements as st
from auroraml.sql.definition import arguments
from auroraml.sql.grammar import Grammar, QueryParser
from auroraml.sql.types import TypeName


@dataclass(frozen=True, kw_only=True)
class Grant(st.Statement):
    """GRANT and REVOKE of privileges. `privileges` are (word, columns); () means ALL. `object`: table, sequence, database, function, schema,
    "all tables", "all functions", "all sequences" (names are schemas then)."""

    revoke: bool
    privileges: tuple[tuple[str, tuple[str, ...]], ...]
    object: str
    names: tuple[st.Name, ...]
    grantees: tuple[str, ...]
    arguments: tuple[tuple[TypeName, ...] | None, ...] = ()
    grant_option: bool = False
    cascade: bool = False
    granted_by: str | None = None
    at: int = 0


@dataclass(frozen=True, kw_only=True)
class GrantRole(st.Statement):
    """GRANT role TO role and REVOKE role FROM role."""

    revoke: bool
    roles: tuple[str, ...]
    grantees: tuple[str, ...]
    admin_option: bool = False
    granted_by: str | None = None


def _privilege(p: QueryParser) -> tuple[str, tuple[str, ...]]:
    word = p.name()
    return word, (p.names() if p.token.is_op("(") else ())


def _grant(revoke: bool) -> Grammar:
    def read(p: QueryParser) -> st.Statement:
        p.i += 1
        option = revoke and (p.take("grant", "option", "for") or p.take("admin", "option", "for"))
        at = p.token.start
        if p.take("all"):
            p.take("privileges")
            privileges: tuple[tuple[str, tuple[str, ...]], ...] = (("all", p.names() if p.token.is_op("(") else ()),)
        else:
            privileges = p.comma_list(lambda: _privilege(p))
        if p.token.is_word("to", "from"):
            return _roles(p, revoke, tuple(word for word, _ in privileges), option)
        p.expect("on")
        return _objects(p, revoke, privileges, option, at)

    return read


def _roles(p: QueryParser, revoke: bool, roles: tuple[str, ...], option: bool) -> st.Statement:
    p.expect("from" if revoke else "to")
    grantees = p.comma_list(lambda: _grantee(p))
    admin = option or p.take("with", "admin", "option")
    grantor = _granted_by(p)
    p.one_of("cascade", "restrict")
    return GrantRole(granted_by=grantor, revoke=revoke, roles=roles, grantees=grantees, admin_option=admin)


def _granted_by(p: QueryParser) -> str | None:
    """GRANTED BY role."""
    return p.name() if p.take("granted", "by") else None


def _grantee(p: QueryParser) -> str:
    p.take("group")
    return p.name()


def _objects(p: QueryParser, revoke: bool, privileges: tuple[tuple[str, tuple[str, ...]], ...], option: bool, at: int) -> st.Statement:
    kind = "table"
    if (
        p.token.is_word("domain", "parameter", "tablespace", "large", "foreign")
        and not p.peek().is_op(",", ".")
        and not p.peek().is_word("to", "from")
    ):
        raise p.unsupported(f"GRANT ON {p.token.raw.upper()}")
    if p.take("all"):
        kind = "all " + p.name()
        p.expect("in", "schema")
    elif word := p.one_of("table", "sequence", "database", "function", "procedure", "routine", "schema", "type", "language"):
        kind = "function" if word in ("procedure", "routine") else word
    names: list[st.Name] = []
    signatures: list[tuple[TypeName, ...] | None] = []
    while True:
        names.append(p.qualified())
        signatures.append(arguments(p) if kind == "function" else None)
        if not p.mark(","):
            break
    p.expect("from" if revoke else "to")
    grantees = p.comma_list(lambda: _grantee(p))
    with_option = option or p.take("with", "grant", "option")
    grantor = _granted_by(p)
    cascade = p.one_of("cascade", "restrict") == "cascade"
    return Grant(revoke=revoke, privileges=privileges, object=kind, names=tuple(names), grantees=grantees, arguments=tuple(signatures),
                    grant_option=with_option, cascade=cascade, granted_by=grantor, at=at)  # fmt: skip


GRAMMAR: dict[str, Grammar] = {"grant": _grant(False), "revoke": _grant(True)}
