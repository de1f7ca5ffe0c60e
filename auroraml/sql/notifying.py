"""LISTEN, UNLISTEN and NOTIFY, as they are written."""

from __future__ import annotations

from auroraml.records import dataclass
from auroraml.sql import statements as st
from auroraml.sql.grammar import Grammar, QueryParser


@dataclass(frozen=True, kw_only=True)
class Listen(st.Detached):
    """LISTEN channel."""

    channel: str


@dataclass(frozen=True, kw_only=True)
class Unlisten(st.Detached):
    """UNLISTEN channel, or * (None)."""

    channel: str | None


@dataclass(frozen=True, kw_only=True)
class Notify(st.Detached):
    """NOTIFY channel [, payload]."""

    channel: str
    payload: str = ""


def listen(p: QueryParser) -> st.Statement:
    """LISTEN channel."""
    p.expect("listen")
    return Listen(channel=p.name())


def unlisten(p: QueryParser) -> st.Statement:
    """UNLISTEN channel | *."""
    p.expect("unlisten")
    return Unlisten(channel=None if p.mark("*") else p.name())


def notify(p: QueryParser) -> st.Statement:
    """NOTIFY channel [, 'payload']."""
    p.expect("notify")
    channel = p.name()
    return Notify(channel=channel, payload=p.string() if p.mark(",") else "")


GRAMMAR: dict[str, Grammar] = {"listen": listen, "unlisten": unlisten, "notify": notify}
