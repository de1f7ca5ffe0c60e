"""\\c, \\conninfo, \\encoding, \\errverbose, \\password, \\q: the connection and the session."""

from __future__ import annotations

from auroraml.errors.report import report
from auroraml_cli.client import DatabaseError
from auroraml_cli.meta.registry import Call, Outcome, meta
from auroraml_cli.slash import Kind
from auroraml_cli.target import BadTarget, parse_target


@meta("q", "quit")
def leave(call: Call) -> Outcome:
    """End this input."""
    return Outcome.QUIT


@meta("c", "connect")
def connect(call: Call) -> Outcome:
    """Connect to another database or as another user; a failure in a script leaves no connection."""
    words = [call.next(Kind.NAME_OR_TEXT) for _ in range(4)]
    if words[0] is not None and words[0].startswith("-reuse-previous="):
        words = [*words[1:], call.next(Kind.NAME_OR_TEXT)]
    dbname, user, host, port = (None if word in (None, "", "-") else word for word in words)
    shell = call.shell
    try:
        target = parse_target(dbname=dbname, user=user, host=host, port=port, environment={})
        if target.host is not None:
            raise BadTarget(target.refusal)
        client = shell.client.connect(target.dbname or shell.client.dbname, target.user or shell.client.user)
    except (DatabaseError, BadTarget) as error:
        message = f"FATAL:  {error}" if isinstance(error, DatabaseError) else str(error)
        if shell.prompting:
            shell.info(message)
            shell.info("Previous connection kept")
        else:
            shell.error(f"\\connect: {message}")
            shell.connected = False
            shell.client.close()
        return Outcome.ERROR
    shell.client.close()
    shell.use(client)
    shell.say(f'You are now connected to database "{client.dbname}" as user "{client.user}".')
    return Outcome.DONE


@meta("conninfo")
def connection_info(call: Call) -> Outcome:
    """Where we are connected."""
    shell = call.shell
    if not shell.connected:
        shell.standard_out.write("You are currently not connected to a database.\n")
        return Outcome.DONE
    shell.standard_out.write(f'You are connected to database "{shell.client.dbname}" as user "{shell.client.user}" {shell.client.in_use}.\n')
    shell.standard_out.flush()
    return Outcome.DONE


@meta("encoding")
def encoding(call: Call) -> Outcome:
    """The client's encoding, which is UTF8."""
    name = call.next()
    if name is None:
        call.shell.standard_out.write("UTF8\n")
        call.shell.standard_out.flush()
    elif name.lower().replace("-", "") not in ("utf8", "unicode"):
        call.shell.error(f"{name}: invalid encoding name or conversion procedure not found")
        return Outcome.ERROR
    return Outcome.DONE


@meta("errverbose")
def last_error(call: Call) -> Outcome:
    """The last error with all it carries."""
    shell = call.shell
    if shell.last_error is None:
        shell.standard_out.write("There is no previous error.\n")
        shell.standard_out.flush()
    else:
        shell.info(report(shell.last_error, shell.last_query, "verbose", "always").removesuffix("\n"))
    return Outcome.DONE


@meta("password")
def password(call: Call) -> Outcome:
    """Refused: roles of an embedded database have no passwords."""
    call.arguments.rest()
    call.shell.error("\\password: roles of an embedded database have no passwords")
    return Outcome.ERROR
