"""Composition root: catalogs, storage, services and extensions as one Database, with its sessions."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from auroraml.catalog.bootstrap import bootstrap
from auroraml.catalog.changes import Change
from auroraml.errors import DuplicateDatabase, InvalidAuthorizationSpecification, InvalidCatalogName, ObjectInUse
from auroraml.ir.objects import Role
from auroraml.session.session import Session
from auroraml.session.transaction import Hub
from auroraml.settings import Context, Settings, defined, group_values
from auroraml.settings.setting import Setting
from auroraml.storage.store import Store

TEMPLATES = ("postgres", "rdsadmin", "template1")


class Database:
    """A cluster in this process: roles, databases, parameters and services shared by its sessions; safe for any threads."""

    def __init__(
        self,
        *,
        endpoints: Mapping[str, object] | None = None,
        services: object = "embedded",
        parameters: Mapping[str, object] | None = None,
        **options: object,
    ) -> None:
        self.lock = threading.RLock()
        self.group = group_values(parameters or {})
        self.pending: dict[Setting[object], object] = {}
        self.services = services
        self.endpoints = dict(endpoints or {})
        self.options = options
        self.hubs: dict[str, Hub] = {}
        self.sessions: list[Session] = []
        self.closed = False
        for name in TEMPLATES:
            self.hubs[name] = self._hub()

    def _hub(self) -> Hub:
        return Hub(bootstrap(), Store())

    def session(self, *, dbname: str = "postgres", user: str = "postgres") -> Session:
        """A new session of `user` in database `dbname`."""
        with self.lock:
            hub = self.hubs.get(dbname)
            if hub is None:
                raise InvalidCatalogName(f'database "{dbname}" does not exist')
            role = hub.catalog.find_role(user)
            if role is None:
                raise InvalidAuthorizationSpecification(f'role "{user}" does not exist')
            if not role.can_login:
                raise InvalidAuthorizationSpecification(f'role "{user}" is not permitted to log in')
            session = Session(server=self, hub=hub, dbname=dbname, user=user, settings=Settings(self.group))
            session.on_close = self._left
            self.sessions.append(session)
            return session

    def _left(self, session: Session) -> None:
        with self.lock:
            if session in self.sessions:
                self.sessions.remove(session)
