"""Settings that the session answers for: who runs, and the seed; SHOW knows them, SHOW ALL leaves them out."""

from __future__ import annotations

from auroraml.settings.setting import Context, Setting, VarType

IS_SUPERUSER = Setting[bool](
    name="is_superuser",
    kind=VarType.BOOL,
    default=False,
    context=Context.INTERNAL,
    listed=False,
    help="Shows whether the current user is a superuser.",
)
ROLE = Setting[str](name="role", kind=VarType.STRING, default="none", listed=False, help="Sets the current role.")
SESSION_AUTHORIZATION = Setting[str](name="session_authorization", kind=VarType.STRING, default="", listed=False, help="Sets the session user name.")
SEED = Setting[float](name="seed", kind=VarType.REAL, default=0.0, least=-1, most=1, listed=False, help="Sets the seed for random-number generation.")

SETTINGS: tuple[Setting[object], ...] = tuple(value for value in globals().values() if isinstance(value, Setting))
