"""ConnectionInfo: what a program may ask about its connection, in libpq's words."""

from __future__ import annotations

from datetime import UTC, tzinfo
from enum import IntEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from auroraml.dbapi.connection import Connection


class TransactionStatus(IntEnum):
    """libpq's PGTransactionStatusType."""

    IDLE = 0
    ACTIVE = 1
    INTRANS = 2
    INERROR = 3
    UNKNOWN = 4


STATUS = {"I": TransactionStatus.IDLE, "T": TransactionStatus.INTRANS, "E": TransactionStatus.INERROR}
REPORTED = frozenset({  # the settings that a server tells its clients
    "application_name", "client_encoding", "datestyle", "integer_datetimes", "intervalstyle", "is_superuser", "server_encoding", "server_version",
    "session_authorization", "standard_conforming_strings", "timezone",
})  # fmt: skip


class ConnectionInfo:
    """The state and the parameters of a connection to an embedded database."""

    host = ""
    port = 0
    password = ""
    options = ""
    error_message = ""
    encoding = "utf-8"
    backend_pid = 0

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dbname(self) -> str:
        """The database's name."""
        return self._connection.session.dbname

    @property
    def user(self) -> str:
        """The user that logged in."""
        return self._connection.session.login_user

    @property
    def transaction_status(self) -> TransactionStatus:
        """Idle, in a transaction, in a failed one; unknown when closed."""
        return TransactionStatus.UNKNOWN if self._connection.closed else STATUS[self._connection.session.status]

    @property
    def server_version(self) -> int:
        """The version that is emulated, as libpq counts: 150018."""
        return int(self._setting("server_version_num"))

    @property
    def timezone(self) -> tzinfo:
        """The session's TimeZone (UTC where Python has no such zone)."""
        try:
            return ZoneInfo(self._setting("timezone"))
        except (ValueError, KeyError):
            return UTC

    def parameter_status(self, name: str) -> str | None:
        """The value of a reported parameter."""
        return self._setting(name) if name.lower() in REPORTED else None

    def get_parameters(self) -> dict[str, str]:
        """The parameters of the connection string."""
        return {"user": self.user, "dbname": self.dbname}

    @property
    def dsn(self) -> str:
        """The connection string."""
        return f"user={self.user} dbname={self.dbname}"

    def _setting(self, name: str) -> str:
        return str(self._connection.session.settings.show(name))
