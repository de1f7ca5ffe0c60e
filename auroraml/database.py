"""Composition root: catalogs, storage, services and extensions as one Database, with its sessions."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, cast

from auroraml.catalog.bootstrap import bootstrap
from auroraml.catalog.catalog import SUPERUSER, new_oid
from auroraml.catalog.changes import Change, Put, Remove, SetComment
from auroraml.errors import (
    DuplicateDatabase,
    FeatureNotSupported,
    InvalidAuthorizationSpecification,
    InvalidCatalogName,
    InvalidParameterValue,
    ObjectInUse,
)
from auroraml.executor.crew import WorkerSlots
from auroraml.ir.objects import Database as DatabaseRow
from auroraml.ir.objects import Role
from auroraml.services.cluster import Cluster
from auroraml.services.config import Config, read_config
from auroraml.services.factory import make_services
from auroraml.services.meter import BillLine
from auroraml.session.observer import Observer
from auroraml.session.session import Session
from auroraml.session.transaction import Hub
from auroraml.settings import Context, Settings, defined, group_values
from auroraml.settings.instances import AURORAML_REGION, computed
from auroraml.settings.planner import MAX_WORKER_PROCESSES
from auroraml.settings.services import AURORAML_SERVICE_CALLS_KEPT
from auroraml.settings.setting import Setting
from auroraml.storage.store import Store

SHARED_CATALOGS = (1260, 1262)  # pg_authid, pg_database
WRITER, READER = INSTANCES = ("writer", "reader")
REGION = cast("Setting[object]", AURORAML_REGION)
UNSET = object()  # pends for a parameter that leaves the group
TEMPLATES = ("postgres", "rdsadmin", "template1")


class Database:
    """A cluster in this process: roles, databases, parameters and services shared by its sessions; safe for any threads."""

    def __init__(
        self,
        *,
        endpoints: Mapping[str, object] | str | Path | None = None,
        services: object = None,
        parameters: Mapping[str, object] | None = None,
        config: str | Path | None = None,
        observer: Observer | None = None,
        **options: Any,
    ) -> None:
        """`config` names a TOML file (see services/config.py); what is given here goes before it. `options` are those of `make_services`."""
        file = Config(endpoints={}, services={}, parameters={}) if config is None else read_config(config)
        if isinstance(endpoints, str | Path):
            endpoints = read_config(endpoints).endpoints
        self.observer = observer or Observer()
        self.lock = threading.RLock()
        self.group = group_values({**file.parameters, **(parameters or {})})
        self.pending: dict[Setting[object], object] = {}
        options.setdefault("cluster", file.cluster)
        self._place(file.services, options)
        options["prices"] = {**file.prices, **options.get("prices", {})}
        options |= {name: {**file.tables[name], **options.get(name, {})} for name in file.tables}
        options = {"services": "embedded", **file.services, **options} | ({} if services is None else {"services": services})
        options.setdefault("workers", 2 * Settings(self.group)[MAX_WORKER_PROCESSES])  # calls at once: of all parallel workers, and as many others
        self.service_clients = make_services(endpoints={**file.endpoints, **(endpoints or {})}, **options)
        self.worker_slots = WorkerSlots()
        self._keep_calls()
        self.hubs: dict[str, Hub] = {}
        self.sessions: list[Session] = []
        self.closed = False
        for name in TEMPLATES:
            self.hubs[name] = self._hub()

    def _place(self, services: Mapping[str, object], options: dict[str, Any]) -> None:
        """One Region for the parameter group, the cluster and the services' clients, whichever of them names it; ValueError where they differ."""
        cluster = options.get("cluster") or {}
        named = {str(place["region"]) for place in (services, options, cluster) if place.get("region")}
        if AURORAML_REGION.name in {setting.name for setting in self.group}:
            named.add(str(self.group[REGION]))
        if len(named) > 1:
            raise ValueError(f"the Region is named differently: {', '.join(sorted(named))}")
        if named:
            options["region"] = named.pop()
            try:
                self.group |= group_values({AURORAML_REGION.name: options["region"]})
            except InvalidParameterValue as error:
                raise ValueError(f"region {options['region']!r} is not a Region's code") from error

    def _hub(self) -> Hub:
        """A database like template1, without its tables' rows (there are none: what holds rows is refused); roles are the cluster's."""
        hub = Hub(self.hubs["template1"].catalog if "template1" in self.hubs else bootstrap(), Store(), self.lock)
        hub.on_commit.append(lambda changes: self._share_roles(hub, changes))
        return hub

    def _share_roles(self, hub: Hub, changes: tuple[Change, ...]) -> None:
        """Roles made, changed or dropped in one database are so in all."""
        roles = tuple(change for change in changes if (isinstance(change, Put | Remove) and isinstance(change.row, Role | DatabaseRow)) or
                       (isinstance(change, SetComment) and change.catalog in SHARED_CATALOGS))  # fmt: skip
        for other in self.hubs.values():
            if roles and other is not hub:
                other.catalog = other.catalog.apply(roles)

    def session(self, *, dbname: str = "postgres", user: str = "postgres", instance: str = WRITER) -> Session:
        """A new session of `user` in database `dbname`, on the cluster's writer or on a reader of the same storage."""
        if instance not in INSTANCES:
            raise ValueError(f"instance is {' or '.join(repr(name) for name in INSTANCES)}, not {instance!r}")
        with self.lock:
            hub = self.hubs.get(dbname)
            if hub is None:
                raise InvalidCatalogName(f'database "{dbname}" does not exist')
            role = hub.catalog.find_role(user)
            if role is None:
                raise InvalidAuthorizationSpecification(f'role "{user}" does not exist')
            if not role.can_login:
                raise InvalidAuthorizationSpecification(f'role "{user}" is not permitted to log in')
            session = Session(server=self, hub=hub, dbname=dbname, user=user, settings=Settings(self._configured(instance)), instance=instance)
            session.on_close = self._left
            self.sessions.append(session)
            return session

    def _configured(self, instance: str) -> dict[Setting[object], object]:
        return {**computed(self.group, reader=instance == READER), **self.group}

    def _left(self, session: Session) -> None:
        with self.lock:
            if session in self.sessions:
                self.sessions.remove(session)

    def create_database(self, name: str, owner: str) -> None:
        """Add a database like template1; roles are the cluster's."""
        with self.lock:
            if name in self.hubs:
                raise DuplicateDatabase(f'database "{name}" already exists')
            if self.hubs["template1"].store.tables:
                raise FeatureNotSupported("CREATE DATABASE from a template1 that has tables is not supported")
            self.hubs[name] = self._hub()
            found = self.hubs["postgres"].catalog.find_role(owner)
            self._share((Put(row=DatabaseRow(oid=new_oid(), name=name, owner=SUPERUSER if found is None else found.oid)),))

    def _share(self, changes: tuple[Change, ...]) -> None:
        for hub in self.hubs.values():
            hub.catalog = hub.catalog.apply(changes)

    def _row(self, name: str) -> DatabaseRow:
        return self.hubs["postgres"].catalog.databases_by_name[name]

    def drop_database(self, name: str, session: object) -> None:
        """Remove a database; 55006 while a session is connected to it."""
        with self.lock:
            if name not in self.hubs:
                raise InvalidCatalogName(f'database "{name}" does not exist')
            users = [s for s in self.sessions if s.hub is self.hubs[name]]
            if session in users:
                raise ObjectInUse("cannot drop the currently open database")
            if users:
                count = f"There {'is 1 other session' if len(users) == 1 else f'are {len(users)} other sessions'} using the database."
                raise ObjectInUse(f'database "{name}" is being accessed by other users', detail=count)
            row = self._row(name)
            del self.hubs[name]
            self._share((Remove(row=row),))

    def rename_database(self, name: str, new_name: str) -> None:
        """Give a database another name; 55006 while a session is connected to it."""
        with self.lock:
            if any(s.hub is self.hubs[name] for s in self.sessions):
                raise ObjectInUse("current database cannot be renamed")
            row = self._row(name)
            self.hubs[new_name] = self.hubs.pop(name)
            self._share((Remove(row=row), Put(row=replace(row, name=new_name))))

    def set_parameters(self, parameters: Mapping[str, object]) -> None:
        """Change the parameter group: postmaster parameters wait for `restart`, the others reach all sessions at once."""
        with self.lock:
            for setting, value in group_values(parameters).items():
                if setting.context is not Context.POSTMASTER:
                    self.group[setting] = value
                elif value == self._configured(WRITER).get(setting, setting.default):
                    self.pending.pop(setting, None)
                else:
                    self.pending[setting] = value
            self._reload()

    def reset_parameters(self, *names: str) -> None:
        """Take parameters out of the group, or all of them: their defaults hold again, those of postmaster parameters after `restart`."""
        with self.lock:
            for setting in [setting for setting in self.group if not names or setting.name.lower() in {name.lower() for name in names}]:
                if setting.context is not Context.POSTMASTER:
                    del self.group[setting]
                else:
                    self.pending[setting] = UNSET
            self._reload()

    def _reload(self) -> None:
        for session in self.sessions:
            session.settings.reload(self._configured(session.instance))

    def pending_restart(self, name: str) -> bool:
        """Whether the parameter's group value waits for a restart."""
        return defined(name) in self.pending

    @property
    def cluster(self) -> Cluster:
        """The cluster as IAM sees it: roles are attached and taken away here."""
        return self.service_clients.cluster

    def bill(self) -> tuple[BillLine, ...]:
        """What all sessions' service calls cost, since the Database was made or the bill was reset."""
        return self.service_clients.meter.snapshot().listed()

    def reset_bill(self) -> None:
        """Begin a new bill, and a new month of the services' tiers; sessions' own bills and budgets go on."""
        self.service_clients.meter.reset()

    def restart(self) -> None:
        """End all sessions and apply what waits; data stay."""
        with self.lock:
            for session in list(self.sessions):
                session.close()
            self.group = {setting: value for setting, value in {**self.group, **self.pending}.items() if value is not UNSET}
            self.pending.clear()
            self.service_clients.cluster.region = str(self.group.get(REGION, AURORAML_REGION.default))
            self._keep_calls()

    def _keep_calls(self) -> None:
        self.service_clients.log.keep(Settings(self.group)[AURORAML_SERVICE_CALLS_KEPT])

    def close(self) -> None:
        """End all sessions; a ResourceWarning names the abandoned service calls that still run."""
        with self.lock:
            for session in list(self.sessions):
                session.close()
            self.closed = True
        running = self.service_clients.workers.abandoned()
        if running:
            warnings.warn(f"abandoned calls are still running: {', '.join(running)}", ResourceWarning, stacklevel=2)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
