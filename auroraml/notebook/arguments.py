"""The line of %sql and %%sql: options, `name <<`, and SQL."""

from __future__ import annotations

import re

from auroraml.records import dataclass

ASSIGNED = re.compile(r"\s*([A-Za-z_]\w*)\s*<<\s*(.*)\Z", re.S)
OPTION = re.compile(r"\s*(--?[A-Za-z][\w-]*)(?:=(\S+))?(?=\s|\Z)")
VALUED = {"-c": "connection", "--connection": "connection", "-d": "database", "--database": "database", "-U": "user", "--user": "user",
          "--config": "config", "-n": "limit", "--limit": "limit"}  # fmt: skip
FLAGS = {"-q": "quiet", "--quiet": "quiet", "--close": "close", "-?": "helping", "--help": "helping", "--no-picture": "plain"}
HELP = """%sql [OPTION]... [NAME <<] [SQL]        %%sql [OPTION]... [NAME <<], then SQL in the cell

Runs SQL, statement by statement. NAME << keeps the last result in a variable instead of showing it. :name and $name stand for the notebook's
variables. psql's commands that show something work too: \\d, \\d TABLE, \\df, \\l, \\sf, \\sv. Without SQL: the connection in use.

  -c, --connection NAME    use the connection or the database in the variable NAME from now on
  -d, --database NAME      a database of this name in the same cluster, made if there is none
  -U, --user NAME          connect as this role (postgres)
      --config FILE        a new cluster with the services of a TOML file
      --close              end the connection; the next %sql begins with a new cluster
  -n, --limit N            show at most N rows (%config SqlMagics.limit)
  -q, --quiet              show no results
      --no-picture         show plans as text only
"""


class BadLine(ValueError):
    """What is wrong with the line of a magic."""


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """A line taken apart; `sql` is what is left of it."""

    connection: str | None = None
    database: str | None = None
    user: str | None = None
    config: str | None = None
    limit: int | None = None
    quiet: bool = False
    close: bool = False
    helping: bool = False
    plain: bool = False
    name: str | None = None
    sql: str = ""

    @property
    def connects(self) -> bool:
        """Whether another connection is asked for."""
        return any(value is not None for value in (self.connection, self.database, self.user, self.config))


def parse(line: str) -> Arguments:
    """A line; an SQL comment that begins it ends the options."""
    values: dict[str, object] = {}
    while match := OPTION.match(line):
        option, value = match.groups()
        line = line[match.end() :]
        if option in FLAGS and value is None:
            values[FLAGS[option]] = True
            continue
        if option not in VALUED:
            raise BadLine(f"{option} is no option of %sql; %sql --help lists them")
        if value is None:
            following = re.match(r"\s*(\S+)", line)
            if following is None:
                raise BadLine(f"{option} needs a value")
            value, line = following[1], line[following.end() :]
        values[VALUED[option]] = value
    if "limit" in values:
        if not str(values["limit"]).isdigit():
            raise BadLine(f"a limit is a number of rows, not {values['limit']!r}")
        values["limit"] = int(str(values["limit"]))
    if assigned := ASSIGNED.match(line):
        values["name"], line = assigned.groups()
    return Arguments(**values, sql=line.strip())  # type: ignore[arg-type] # VALUED and FLAGS have its names
