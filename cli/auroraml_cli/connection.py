"""Connection: the options that say where and how to connect, and the client that they open; subcommands share them."""

from __future__ import annotations

import os

import click

from auroraml.records import dataclass
from auroraml_cli.client import DatabaseError, Embedded, open_embedded
from auroraml_cli.target import DEFAULT_USER, BadTarget, parse_target, settings_of
from auroraml_cli.variables import quoted_literal


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Where and how to connect, as the command line says it."""

    dbname: str | None = None
    username: str | None = None
    host: str | None = None
    port: str | None = None
    config: str | None = None
    services: str | None = None
    record: str | None = None
    replay: str | None = None
    instance: str = "writer"


CONNECTION: list[click.Parameter] = [
    click.Option(["-d", "--dbname"]), click.Option(["-U", "--username"]), click.Option(["-h", "--host"]), click.Option(["-p", "--port"]),
    click.Option(["--config"]), click.Option(["--services"], type=click.Choice(["embedded", "aws"])), click.Option(["--record"]),
    click.Option(["--replay"]), click.Option(["--instance"], type=click.Choice(["writer", "reader"]), default="writer"),
]  # fmt: skip


class Unconnected(Exception):
    """Why there is no connection, in the words the program prints behind "error: "."""


def connect(asked: Connection) -> Embedded:
    """The client asked for, with the settings that the environment and the connection string give; Unconnected where there is none."""
    try:
        target = parse_target(dbname=asked.dbname, user=asked.username, host=asked.host, port=asked.port, environment=os.environ)
        if target.host is not None:
            raise BadTarget(target.refusal)
        user = target.user or DEFAULT_USER
        given = {"services": asked.services, "config": asked.config, "record": asked.record, "replay": asked.replay}
        more = {name: value for name, value in given.items() if value is not None}
        client = open_embedded(target.dbname or target.user or DEFAULT_USER, user, more, asked.instance)
        for name, value in settings_of(target.options or "", os.environ):
            for _ in client.run(f"SELECT pg_catalog.set_config({quoted_literal(name)}, {quoted_literal(value)}, false)"):
                pass
    except BadTarget as error:
        raise Unconnected(str(error)) from error
    except DatabaseError as error:
        raise Unconnected(f"connection to the embedded database failed: FATAL:  {error}") from error
    except (OSError, ValueError, TypeError) as error:
        raise Unconnected(f"could not use the configuration: {error}") from error
    return client
