"""Settings: the values of a session, undone with its transactions and savepoints; parameter-group values beneath them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar, cast

from auroraml.errors import CantChangeRuntimeParam, InsufficientPrivilege, InvalidName
from auroraml.lazy import pattern
from auroraml.settings import aurora, autovacuum, batches, charges, core, identity, instances, planner, rds, services
from auroraml.settings.setting import Context, Setting, VarType
from auroraml.settings.unknown import reserved, unrecognized

T = TypeVar("T")
Values = dict[Setting[object], object]

DEFINED: dict[str, Setting[object]] = {
    setting.name.lower(): setting
    for module in (core, planner, autovacuum, aurora, batches, charges, instances, rds, services, identity)
    for setting in module.SETTINGS
}
_UNEXPLAINED = ("default_statistics_target", "maintenance_work_mem", "max_parallel_maintenance_workers", "max_worker_processes")
EXPLAINED: list[Setting[object]] = sorted(
    (DEFINED[name] for name in ("search_path", *(setting.name for setting in planner.SETTINGS)) if name not in _UNEXPLAINED),
    key=lambda setting: setting.name,
)
OF_TRANSACTION = ("transaction_isolation", "transaction_read_only", "transaction_deferrable")  # set for the running transaction alone
_PART = pattern(r"[^\x00-@\[-^`{-\x7f][^\x00-#%-/:-@\[-^`{-\x7f]*")  # letters, _, digits, $ and all beyond ASCII


def defined(name: str) -> Setting[object] | None:
    """The built-in parameter called `name` (case does not matter)."""
    return DEFINED.get(name.lower())


def group_values(parameters: Mapping[str, object]) -> Values:
    """Values of a parameter group, read and checked; a bool or number stands for its text."""
    values: Values = {}
    for name, value in parameters.items():
        setting = defined(name)
        if setting is None or setting.context is Context.INTERNAL:
            raise unrecognized(name)
        values[setting] = setting.read(("on" if value else "off") if isinstance(value, bool) else str(value))
    return values


class Settings:
    """The parameters of one session: `settings[WORK_MEM]` is the value in force."""

    def __init__(self, group: Mapping[Setting[object], object] | None = None) -> None:
        """`group`: the parameter group's values, over those that follow from the instance."""
        self._reset: Values = dict(group or {})
        self._current: Values = {}  # in force, SET LOCAL included
        self._lasting: Values = {}  # what a commit leaves
        self._frames: list[tuple[Values, Values]] = []
        self._placeholders: dict[str, Setting[object]] = {}
        self._key: tuple[tuple[str, object], ...] | None = None
        self.checks: dict[Setting[object], Callable[[object], None]] = {}  # asked before SET gives a parameter its value; raise to refuse it
        self.assigned: dict[Setting[object], Callable[[object], None]] = {}  # told each value that a parameter is given (not those that come back)

    def __getitem__(self, setting: Setting[T]) -> T:
        if setting in self._current:
            return self._current[setting]  # type: ignore[index, return-value] # a setting's value is of its type
        if setting in self._reset:
            return self._reset[setting]  # type: ignore[index, return-value] # as above
        return setting.default

    def key(self) -> tuple[tuple[str, object], ...]:
        """The values that differ from the built-in ones: equal keys mean equal settings."""
        if self._key is None:
            merged = {**self._reset, **self._current}
            self._key = tuple(sorted((s.name, v) for s, v in merged.items()))
        return self._key

    def find(self, name: str) -> Setting[object]:
        """The parameter called `name`; 42704 when there is none."""
        setting = defined(name) or self._placeholders.get(name.lower())
        if setting is None:
            raise unrecognized(name)
        return setting

    def all(self) -> list[Setting[object]]:
        """Every parameter that SHOW ALL lists, by name."""
        listed = [s for s in DEFINED.values() if s.listed] + list(self._placeholders.values())
        return sorted(listed, key=lambda s: s.name.lower())

    def _find_or_place(self, name: str) -> Setting[object]:
        setting = defined(name) or self._placeholders.get(name.lower())
        if setting is not None:
            return setting
        if "." not in name or reserved(name):
            raise unrecognized(name)
        parts = name.split(".")
        if not all(_PART.fullmatch(part) for part in parts):
            detail = "Custom parameter names must be two or more simple identifiers separated by dots."
            raise InvalidName(f'invalid configuration parameter name "{name}"', detail=detail)
        placed = cast(Setting[object], Setting[str](name=name, kind=VarType.STRING, default="", category="Customized Options"))
        self._placeholders[name.lower()] = placed
        return placed

    def set(self, name: str, text: str | None, *, local: bool = False, superuser: bool = True) -> None:
        """SET [LOCAL]; None is DEFAULT. Checks context and value in PostgreSQL's words."""
        setting = self._find_or_place(name)
        self._allow(setting, superuser)
        value = self.reset_value(setting) if text is None else setting.read(text, self[setting])
        if setting in self.checks:
            self.checks[setting](value)
        self.put(setting, value, local=local or setting.name in OF_TRANSACTION)

    def put(self, setting: Setting[T], value: T, *, local: bool = False) -> None:
        """Give `setting` a value already read, as SET [LOCAL] does."""
        key = cast("Setting[object]", setting)
        self._current[key] = value
        if not local:
            self._lasting[key] = value
        self._key = None
        if key in self.assigned:
            self.assigned[key](value)

    def _allow(self, setting: Setting[object], superuser: bool) -> None:
        match setting.context:
            case Context.INTERNAL:
                raise CantChangeRuntimeParam(f'parameter "{setting.name}" cannot be changed')
            case Context.POSTMASTER:
                raise CantChangeRuntimeParam(f'parameter "{setting.name}" cannot be changed without restarting the server')
            case Context.SIGHUP:
                raise CantChangeRuntimeParam(f'parameter "{setting.name}" cannot be changed now')
            case Context.BACKEND | Context.SUPERUSER_BACKEND:
                raise CantChangeRuntimeParam(f'parameter "{setting.name}" cannot be set after connection start')
            case Context.SUPERUSER if not superuser:
                raise InsufficientPrivilege(f'permission denied to set parameter "{setting.name}"')
            case _:
                pass

    def reset(self, name: str, superuser: bool = True) -> None:
        """RESET: the value of the parameter group, or the built-in one."""
        setting = self.find(name)
        self._allow(setting, superuser)
        self._current.pop(setting, None)
        self._lasting.pop(setting, None)
        self._key = None

    def reset_all(self) -> None:
        """RESET ALL, which spares the parameters of the transaction and of the session's identity."""
        kept = (*OF_TRANSACTION, *(s.name for s in identity.SETTINGS))
        self._current = {s: v for s, v in self._current.items() if s.name in kept}
        self._lasting = {s: v for s, v in self._lasting.items() if s.name in kept}
        self._key = None

    def show(self, name: str) -> str:
        """The value as SHOW prints it."""
        setting = self.find(name)
        return setting.show(self[setting])

    def reset_value(self, setting: Setting[object]) -> object:
        """The value RESET would give."""
        return self._reset.get(setting, setting.default)

    def source(self, setting: Setting[object]) -> str:
        """Where the value comes from, in pg_settings' words."""
        if setting in self._current:
            return "session"
        return "configuration file" if setting in self._reset and setting.context is not Context.INTERNAL else "default"

    def boot_value(self, setting: Setting[object]) -> object:
        """The value without a configuration: the built-in one, or of the server's version the instance's."""
        return self.reset_value(setting) if setting.name in ("server_version", "server_version_num") else setting.default

    def reload(self, group: Mapping[Setting[object], object]) -> None:
        """Take over a changed parameter group, as a server that reads its configuration again does; what the session set stays."""
        self._reset = dict(group)
        self._key = None

    def changed(self) -> Iterator[tuple[str, str]]:
        """The planner's parameters that differ from their built-in values, as EXPLAIN (SETTINGS) prints them."""
        for setting in EXPLAINED:
            if self[setting] != setting.default:
                yield setting.name, setting.show(self[setting])

    @contextmanager
    def trying(self, values: Mapping[Setting[bool], bool]) -> Iterator[None]:
        """Other values for as long as something is tried under them."""
        current, key = self._current, self._key
        self._current, self._key = {**current, **cast(Values, values)}, None
        try:
            yield
        finally:
            self._current, self._key = current, key

    def push(self) -> None:
        """Begin a transaction or savepoint."""
        self._frames.append((dict(self._current), dict(self._lasting)))

    def release(self) -> None:
        """Let the innermost savepoint (or function call) become part of what is around it."""
        self._frames.pop()

    def commit(self) -> None:
        """End the transaction: SET LOCAL is undone, SET lasts."""
        self._frames.clear()
        if self._current != self._lasting:
            self._current = dict(self._lasting)
            self._key = None

    def rollback(self, depth: int = 0) -> None:
        """Undo what was set since frame `depth`, which stays open (but not frame 0, the transaction's)."""
        if depth < len(self._frames):
            current, lasting = self._frames[depth]
            self._current, self._lasting = dict(current), dict(lasting)
            del self._frames[depth + (1 if depth else 0) :]
            self._key = None

    @property
    def depth(self) -> int:
        """How many frames are open."""
        return len(self._frames)
