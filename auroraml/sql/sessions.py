"""SET, SHOW, RESET, transactions, LOCK, DISCARD; and the statements refused by name."""

from __future__ import annotations

from auroraml.lazy import load
from auroraml.sql import statements as st
from auroraml.sql.grammar import Grammar, QueryParser


def _setting_name(p: QueryParser) -> str:
    name = p.name()
    while p.mark("."):
        name += "." + p.name()
    return name


def set_(p: QueryParser) -> st.Statement:
    """SET ..."""
    p.expect("set")
    local = p.take("local")
    session = not local and p.take("session")
    if session and p.take("characteristics", "as", "transaction"):
        return st.SetTransaction(modes=_modes(p), session=True)
    if p.take("session", "authorization") or (session and p.take("authorization")):
        return st.SetSessionAuthorization(role=None if p.take("default") else p.option_value(), local=local)
    if p.take("transaction"):
        if p.take("snapshot"):
            return p.refuse("SET TRANSACTION SNAPSHOT")
        return st.SetTransaction(modes=_modes(p))
    if p.take("constraints"):
        p.i -= 1
        return _later("deferring")(p)
    if p.take("role"):
        if not p.take("to"):
            p.mark("=")
        return st.SetRole(role=None if p.take("none") else p.option_value(), local=local)
    at = p.token.start
    if p.take("time", "zone"):
        zone = None if p.take("default") or p.take("local") else _zone(p)
        return st.SetSetting(name="timezone", values=None if zone is None else (zone,), local=local, at=at)
    if not p.peek().is_word("to") and not p.peek().is_op("=", "."):
        for words in (("names",), ("schema",), ("catalog",), ("xml", "option")):
            if p.take(*words):
                return _spelled(p, words[0], local, at)
    name = _setting_name(p)
    if p.token.is_word("from"):
        raise p.unsupported("SET ... FROM CURRENT")
    if not p.take("to"):
        p.need("=")
    if p.take("default"):
        return st.SetSetting(name=name, values=None, local=local, at=at)

    def value() -> str:
        found = p.option_value()
        if found is None:
            raise p.fail()
        return found

    return st.SetSetting(name=name, values=p.comma_list(value), local=local, at=at)


def _spelled(p: QueryParser, word: str, local: bool, at: int) -> st.Statement:
    """SET NAMES and SET SCHEMA: settings under SQL's own names."""
    setting = {"names": "client_encoding", "schema": "search_path"}.get(word)
    if setting is None:
        raise p.unsupported(f"SET {word.upper()}")
    values = None if word == "names" and (p.at_end or p.take("default")) else (p.string(),)
    return st.SetSetting(name=setting, values=values, local=local, at=at)


def _zone(p: QueryParser) -> str:
    if p.take("interval"):
        text = p.string()
        p.i = p.stop
        return text
    found = p.option_value()
    if found is None:
        raise p.fail()
    return found


def _modes(p: QueryParser) -> tuple[str, ...]:
    modes = []
    while not p.at_end:
        if p.take("isolation", "level"):
            if p.take("read"):
                modes.append("isolation level read " + p.name())
            elif p.take("repeatable", "read"):
                modes.append("isolation level repeatable read")
            else:
                p.expect("serializable")
                modes.append("isolation level serializable")
        elif p.take("read"):
            word = p.one_of("only", "write")
            if word is None:
                raise p.fail()
            modes.append(f"read {word}")
        elif p.take("not", "deferrable"):
            modes.append("not deferrable")
        elif p.take("deferrable"):
            modes.append("deferrable")
        else:
            raise p.fail()
        p.mark(",")
    return tuple(modes)


def show(p: QueryParser) -> st.Statement:
    """SHOW name | ALL | TIME ZONE | SESSION AUTHORIZATION | TRANSACTION ISOLATION LEVEL."""
    p.expect("show")
    if p.take("time", "zone"):
        return st.Show(name="timezone")
    if p.take("session", "authorization"):
        return st.Show(name="session_authorization")
    if p.take("transaction", "isolation", "level"):
        return st.Show(name="transaction_isolation")
    return st.Show(name=_setting_name(p))


def reset(p: QueryParser) -> st.Statement:
    """RESET name | ALL | ROLE | SESSION AUTHORIZATION | TIME ZONE."""
    p.expect("reset")
    if p.take("time", "zone"):
        return st.Reset(name="timezone")
    if p.take("session", "authorization"):
        return st.SetSessionAuthorization(role=None, reset=True)
    if p.take("role"):
        return st.SetRole(role=None, reset=True)
    return st.Reset(name=_setting_name(p))


def begin(p: QueryParser) -> st.Statement:
    """BEGIN, START TRANSACTION."""
    start = p.take("start")
    if start:
        p.expect("transaction")
    else:
        p.expect("begin")
        p.one_of("work", "transaction")
    return st.Begin(modes=_modes(p), start_transaction=start)


def _chain(p: QueryParser) -> bool:
    p.one_of("work", "transaction")
    if p.take("and"):
        no = p.take("no")
        p.expect("chain")
        return not no
    return False


def commit(p: QueryParser) -> st.Statement:
    """COMMIT, END."""
    p.i += 1
    if p.take("prepared"):
        return p.refuse("COMMIT PREPARED")
    return st.Commit(chain=_chain(p))


def rollback(p: QueryParser) -> st.Statement:
    """ROLLBACK, ABORT, ROLLBACK TO."""
    p.i += 1
    if p.take("prepared"):
        return p.refuse("ROLLBACK PREPARED")
    p.one_of("work", "transaction")
    if p.take("to"):
        p.take("savepoint")
        return st.RollbackTo(name=p.name())
    return st.Rollback(chain=_chain(p))


def savepoint(p: QueryParser) -> st.Statement:
    """SAVEPOINT name."""
    p.expect("savepoint")
    return st.Savepoint(name=p.name())


def release(p: QueryParser) -> st.Statement:
    """RELEASE [SAVEPOINT] name."""
    p.expect("release")
    p.take("savepoint")
    return st.Release(name=p.name())


_LOCK_MODES = (
    ("access", "share"), ("row", "share"), ("row", "exclusive"), ("share", "update", "exclusive"), ("share", "row", "exclusive"), ("share",),
    ("exclusive",), ("access", "exclusive"),
)  # fmt: skip


def _with_heirs(p: QueryParser) -> st.Name:
    """[ONLY] name [*]: no table has others that inherit from it."""
    if p.take("only"):
        marked = p.mark("(")
        name = p.qualified()
        if marked:
            p.need(")")
        return name
    name = p.qualified()
    p.mark("*")
    return name


def lock(p: QueryParser) -> st.Statement:
    """LOCK [TABLE] names [IN mode MODE] [NOWAIT]."""
    p.expect("lock")
    p.take("table")
    names = p.comma_list(lambda: _with_heirs(p))
    mode = "access exclusive"
    if p.take("in"):
        found = next((words for words in _LOCK_MODES if p.take(*words)), None)
        if found is None:
            raise p.fail()
        p.expect("mode")
        mode = " ".join(found)
    return st.Lock(names=names, mode=mode, nowait=p.take("nowait"))


def discard(p: QueryParser) -> st.Statement:
    """DISCARD ALL | PLANS | SEQUENCES | TEMP."""
    p.expect("discard")
    what = p.one_of("all", "plans", "sequences", "temp", "temporary")
    if what is None:
        raise p.fail()
    return st.Discard(what=what)


def _refused(p: QueryParser) -> st.Statement:
    return p.refuse(p.token.raw.upper())


def _later(module: str) -> Grammar:
    """The grammar of statements that few programs send: its module is loaded with the first of them."""

    def read(p: QueryParser) -> st.Statement:
        grammar: dict[str, Grammar] = load(f"auroraml.sql.{module}").GRAMMAR
        return grammar[p.token.text](p)

    return read


GRAMMAR: dict[str, Grammar] = {
    "set": set_, "show": show, "reset": reset, "begin": begin, "start": begin, "commit": commit, "end": commit, "rollback": rollback, "abort": rollback,
    "savepoint": savepoint, "release": release, "lock": lock, "discard": discard, "reindex": _later("reindexing"),
    **dict.fromkeys(("listen", "unlisten", "notify"), _later("notifying")),
    **dict.fromkeys(("call", "checkpoint", "cluster", "merge", "load", "import", "security", "reassign"), _refused),
}  # fmt: skip
