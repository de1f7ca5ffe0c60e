"""Where to connect: libpq's options, key=value strings, URIs and PG* variables. Without a host they name the embedded database and user."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from auroraml.lazy import pattern
from auroraml.records import dataclass

VARIABLES = {"PGHOST": "host", "PGHOSTADDR": "hostaddr", "PGPORT": "port", "PGDATABASE": "dbname", "PGUSER": "user", "PGPASSWORD": "password",
             "PGOPTIONS": "options", "PGAPPNAME": "application_name", "PGSERVICE": "service"}  # fmt: skip
KEYWORDS = frozenset((
    *VARIABLES.values(), "passfile", "connect_timeout", "client_encoding", "fallback_application_name", "keepalives", "keepalives_idle",
    "keepalives_interval", "keepalives_count", "tcp_user_timeout", "replication", "gssencmode", "sslmode", "requiressl", "sslcompression",
    "sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl", "sslcrldir", "sslsni", "requirepeer", "ssl_min_protocol_version",
    "ssl_max_protocol_version", "krbsrvname", "gsslib", "target_session_attrs", "channel_binding",
))  # fmt: skip
_PAIR = pattern(r"\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|\Z)", re.S)
DEFAULT_USER = "postgres"


class BadTarget(Exception):
    """What is wrong with a connection string."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A place to connect to; None where nothing was said."""

    dbname: str | None = None
    user: str | None = None
    host: str | None = None
    port: str | None = None
    options: str | None = None

    @property
    def refusal(self) -> str:
        """Why a host is refused."""
        place = f'"{self.host}", port {self.port or "5432"}'
        return f"connection to server at {place} failed: this program has its database in its own process and cannot reach servers yet; leave the host out"


def _pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while text[at:].strip():
        match = _PAIR.match(text, at)
        if match is None:
            word = text[at:].split()[0].split("=")[0]
            raise BadTarget(f'missing "=" after "{word}" in connection info string')
        value = match[2] if match[2] is not None else match[3]
        found[match[1]] = re.sub(r"\\(.)", r"\1", value)
        at = match.end()
    return found


def _uri(text: str) -> dict[str, str]:
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        raise BadTarget(f'invalid integer value "{parts.netloc.rpartition(":")[2]}" for connection option "port"') from None
    named = (("user", parts.username), ("password", parts.password), ("host", parts.hostname), ("dbname", parts.path[1:]))
    found = {key: unquote(value) for key, value in named if value}
    if port is not None:
        found["port"] = str(port)
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        if key not in KEYWORDS:
            raise BadTarget(f'invalid URI query parameter: "{key}"')
        found[key] = value
    return found


def settings_of(options: str, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """The settings that PGDATESTYLE, PGTZ and a connection's options (-c name=value, --name=value) give a session at its start."""
    found = [(setting, environment[name]) for name, setting in (("PGDATESTYLE", "datestyle"), ("PGTZ", "timezone")) if environment.get(name)]
    words = [re.sub(r"\\(.)", r"\1", word) for word in re.findall(r"(?:[^\s\\]|\\.)+", options)]
    while words:
        word = words.pop(0)
        if word == "-c" and words:
            word = words.pop(0)
        elif word.startswith("-c"):
            word = word[2:]
        elif word.startswith("--"):
            word = word[2:].replace("-", "_")
        else:
            raise BadTarget(f"invalid command-line argument for server process: {word}")
        name, equals, value = word.partition("=")
        if not equals:
            raise BadTarget(f"-c {word} requires a value")
        found.append((name, value))
    return found


def parse_target(
    *, dbname: str | None = None, user: str | None = None, host: str | None = None, port: str | None = None, environment: Mapping[str, str]
) -> Target:
    """The place that options, a connection string in the database's place, and the environment name together."""
    values = {keyword: environment[name] for name, keyword in VARIABLES.items() if environment.get(name)}
    values |= {key: value for key, value in (("host", host), ("port", port), ("user", user)) if value is not None}
    if dbname is not None:
        string: dict[str, str] | None = None
        if dbname.startswith(("postgresql://", "postgres://")):
            string = _uri(dbname)
        elif "=" in dbname:
            string = _pairs(dbname)
        for keyword in string or ():
            if keyword not in KEYWORDS:
                raise BadTarget(f'invalid connection option "{keyword}"')
        values |= {"dbname": dbname} if string is None else string
    if values.get("service"):
        raise BadTarget(f'definition of service "{values["service"]}" not found')
    host = values.get("host") or values.get("hostaddr")
    if values.get("port") and not values["port"].strip().isdigit():
        raise BadTarget(f'invalid integer value "{values["port"]}" for connection option "port"')
    return Target(
        dbname=values.get("dbname") or None, user=values.get("user") or None, host=host or None, port=values.get("port"),
        options=values.get("options"),
    )  # fmt: skip
