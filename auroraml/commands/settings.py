"""SET, SHOW, RESET, SET ROLE, SET SESSION AUTHORIZATION, DISCARD."""

from __future__ import annotations

from auroraml.batch import Batch, from_datums
from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import InsufficientPrivilege, InvalidParameterValue, NoActiveSqlTransaction
from auroraml.ir.logical import Output
from auroraml.pipeline.result import ResultStream, of_batch
from auroraml.settings.setting import Setting
from auroraml.settings.values import defined
from auroraml.sql import statements as st
from auroraml.types.table import TEXT

LISTS = ("search_path", "DateStyle", "temp_tablespaces")  # several values make a list of quoted names


def quoted(name: str) -> str:
    """A list element, quoted where it needs to be."""
    plain = name and name.replace("_", "a").replace("$", "a").isalnum() and not name[0].isdigit() and name == name.lower()
    return name if plain else '"' + name.replace('"', '""') + '"'


@command(st.SetSetting)
def set_setting(statement: st.SetSetting, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """SET [LOCAL]."""
    if statement.local and not host.block.in_block:
        host.notice("SET LOCAL can only be used in transaction blocks", severity="WARNING", sqlstate=NoActiveSqlTransaction.sqlstate)
    values = statement.values
    name = statement.name
    text = None
    if values is not None:
        setting = defined(name)
        if setting is not None and setting.name in LISTS:
            text = ", ".join(quoted(value) if setting.name == "search_path" else value for value in values)
        elif len(values) > 1:
            raise InvalidParameterValue(f"SET {name} takes only one argument")
        else:
            text = values[0]
    if name.lower() == "role":
        host.set_role(None if text in (None, "none") else text, local=statement.local)
    elif name.lower() == "session_authorization":
        host.set_session_user(text, local=statement.local)
    else:
        host.settings.set(name, text, local=statement.local, superuser=host.may_set(name))
    return done("SET")


@command(st.SetRole)
def set_role(statement: st.SetRole, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """SET ROLE."""
    host.set_role(statement.role, local=statement.local)
    return done("RESET" if statement.reset else "SET")


@command(st.SetSessionAuthorization)
def set_session_authorization(statement: st.SetSessionAuthorization, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """SET SESSION AUTHORIZATION."""
    host.set_session_user(statement.role, local=statement.local)
    return done("RESET" if statement.reset else "SET")


@command(st.Reset)
def reset(statement: st.Reset, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """RESET."""
    match statement.name.lower():
        case "all":
            host.settings.reset_all()
        case "role":
            host.set_role(None)
        case "session authorization" | "session_authorization":
            host.set_session_user(None)
        case _:
            host.settings.reset(statement.name, host.may_set(statement.name))
    return done("RESET")


def shown(host: Host, setting: Setting[object]) -> str:
    """The value SHOW prints; the session answers for who runs."""
    match setting.name:
        case "is_superuser":
            return "on" if host.is_superuser else "off"
        case "session_authorization":
            return host.session_user
        case "role":
            return "none" if host.current_role == host.session_user else host.current_role
        case _:
            return setting.show(host.settings[setting])


@command(st.Show)
def show(statement: st.Show, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """SHOW name, SHOW ALL."""
    if statement.name.lower() == "all":
        settings = host.settings.all()
        texts = [[s.name for s in settings], [shown(host, s) for s in settings], [s.help for s in settings]]
        columns = [Output(id=i, name=name, type=TEXT) for i, name in enumerate(("name", "setting", "description"))]
        return of_batch("SHOW", columns, Batch.of([from_datums(TEXT, column) for column in texts], len(settings)))
    setting = host.settings.find(statement.name)
    column = Output(id=0, name=setting.name, type=TEXT)
    return of_batch("SHOW", [column], Batch.of([from_datums(TEXT, [shown(host, setting)])], 1))


@command(st.Discard)
def discard(statement: st.Discard, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """DISCARD."""
    what = statement.what.lower()
    if what == "all":
        host.block.refuse_in_block("DISCARD ALL")
        host.set_session_user(None)
        host.settings.reset_all()
        host.forget_all()
    if what in ("all", "temp", "temporary"):
        host.drop_temporary()
    return done(f"DISCARD {what.upper()}")


def permission_denied(name: str) -> InsufficientPrivilege:
    """PostgreSQL's refusal of SET ROLE."""
    return InsufficientPrivilege(f'permission denied to set role "{name}"')
