"""LISTEN and NOTIFY: what a transaction has said, and who hears of it when it commits (async.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auroraml.errors import InvalidParameterValue
from auroraml.records import dataclass

if TYPE_CHECKING:
    from auroraml.session.session import Session

LONGEST_CHANNEL = 63
LONGEST_PAYLOAD = 7999


@dataclass(frozen=True, kw_only=True)
class Notification:
    """What a listener gets."""

    channel: str
    payload: str
    pid: int  # the session that sent it


@dataclass(frozen=True, kw_only=True, eq=False)
class Saying:
    """What happens at the commit: `listen` True or False for LISTEN and UNLISTEN of a channel (None: all of them); None for a notification."""

    listen: bool | None
    channel: str | None
    payload: str = ""


class Listeners:
    """Who listens to what in one database; used under the store's lock."""

    def __init__(self) -> None:
        self.channels: dict[str, list[Session]] = {}

    def heard_by(self, session: Session) -> list[str]:
        """The channels a session listens to, in the order it began."""
        return [channel for channel, sessions in self.channels.items() if session in sessions]

    def leave(self, session: Session, channel: str | None = None) -> None:
        """A session listens to a channel no more; None: to none."""
        for name in [channel] if channel is not None else list(self.channels):
            sessions = self.channels.get(name, [])
            if session in sessions:
                sessions.remove(session)
                if not sessions:
                    del self.channels[name]

    def enter(self, session: Session, channel: str) -> None:
        """A session listens to a channel."""
        sessions = self.channels.setdefault(channel, [])
        if session not in sessions:
            sessions.append(session)


def say(session: Session, saying: Saying) -> None:
    """Keep something for the commit."""
    transaction = session.transaction
    sayings = transaction.sayings
    if saying.listen is None and any(s.listen is None and (s.channel, s.payload) == (saying.channel, saying.payload) for s in sayings):
        return
    n = len(sayings)
    sayings.append(saying)
    transaction.stored.log(lambda: sayings.__delitem__(slice(n, None)))


def notify(session: Session, channel: str | None, payload: str | None) -> None:
    """NOTIFY, and pg_notify with its checks."""
    if not channel:
        raise InvalidParameterValue("channel name cannot be empty")
    if len(channel.encode()) > LONGEST_CHANNEL:
        raise InvalidParameterValue("channel name too long")
    if len((payload or "").encode()) > LONGEST_PAYLOAD:
        raise InvalidParameterValue("payload string too long")
    say(session, Saying(listen=None, channel=channel, payload=payload or ""))


def publish(session: Session, sayings: list[Saying]) -> None:
    """The transaction has been committed: listen, and tell those who do."""
    hub = session.hub
    listeners = hub.listeners
    with hub.store.ended:
        for saying in sayings:
            if saying.listen is False:
                listeners.leave(session, saying.channel)
            elif saying.listen and saying.channel is not None:
                listeners.enter(session, saying.channel)
        for saying in sayings:
            if saying.listen is None and saying.channel is not None:
                for listener in listeners.channels.get(saying.channel, ()):
                    listener.arrived.append(Notification(channel=saying.channel, payload=saying.payload, pid=session.pid))
        hub.store.ended.notify_all()
