"""has_table_privilege and its kin, pg_has_role, aclexplode's parts: who may do what."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from auroraml.catalog.acl import ALL, WORDS, Grantable, acl_text, default_acl, has_column_privilege, has_privilege
from auroraml.catalog.catalog import Catalog
from auroraml.errors import InvalidCatalogName, InvalidParameterValue, InvalidSchemaName, UndefinedColumn, UndefinedObject, WrongObjectType
from auroraml.functions.signature import CallContext, scalar
from auroraml.ir.objects import Column, Database, Function, Relation, Role, Schema
from auroraml.types.pg_type import PgArray, PgType

Privilege = tuple[str, bool]  # a letter, and whether with grant option
NOBODY = Role(oid=0, name="public")


def _privileges(text: str, allowed: str) -> list[Privilege]:
    """The privileges in 'SELECT, UPDATE WITH GRANT OPTION'; 22023 for others than `allowed`."""
    found = []
    for part in text.split(","):
        word = part.strip().lower()
        option = word.endswith(" with grant option")
        letter = WORDS.get(word.removesuffix(" with grant option").strip())
        if letter is None or letter not in allowed:
            raise InvalidParameterValue(f'unrecognized privilege type: "{part.strip()}"')
        found.append((letter, option))
    return found


def _role(ctx: CallContext, user: object) -> Role:
    catalog: Catalog = ctx.catalog
    if user is None:
        return catalog.role(ctx.user)
    if isinstance(user, int):
        return catalog.role_by_oid(user) or NOBODY
    return NOBODY if user == "public" else catalog.role(str(user))


def _table(ctx: CallContext, key: object) -> Relation | None:
    oid = key if isinstance(key, int) else ctx.style.objects.oid_of("regclass", str(key))
    found: Relation | None = ctx.catalog.find_relation_oid(oid)
    return found


def _sequence(ctx: CallContext, key: object) -> Relation | None:
    found = _table(ctx, key)
    if found is not None and found.kind != "S":
        raise WrongObjectType(f'"{found.name}" is not a sequence')
    return found


def _function(ctx: CallContext, key: object) -> Function | None:
    oid = key if isinstance(key, int) else ctx.style.objects.oid_of("regprocedure", str(key))
    found: Function | None = ctx.catalog.find_function(oid)
    return found


def _schema(ctx: CallContext, key: object) -> Schema | None:
    if isinstance(key, int):
        return next((s for s in ctx.catalog.schemas() if s.oid == key), None)
    found: Schema | None = ctx.catalog.find_schema(str(key))
    if found is None:
        raise InvalidSchemaName(f'schema "{key}" does not exist')
    return found


def _database(ctx: CallContext, key: object) -> Database | None:
    if isinstance(key, int):
        return next((d for d in ctx.catalog.databases() if d.oid == key), None)
    found: Database | None = ctx.catalog.find_database(str(key))
    if found is None:
        raise InvalidCatalogName(f'database "{key}" does not exist')
    return found


def _type(ctx: CallContext, key: object) -> PgType | None:
    oid = key if isinstance(key, int) else ctx.style.objects.oid_of("regtype", str(key))
    found: PgType | None = ctx.catalog.find_type_oid(oid)
    return found


def _register(name: str, find: Callable[[CallContext, object], Grantable | None], allowed: str) -> None:
    signatures = [f"{name}({','.join((*user, object, 'text'))})" for user, object in product((("name",), ("oid",), ()), ("text", "oid"))]

    def inquire(ctx: CallContext, *arguments: object) -> bool | None:
        user = arguments[0] if len(arguments) == 3 else None
        role = _role(ctx, user)
        row = find(ctx, arguments[-2])
        wanted = _privileges(str(arguments[-1]), allowed)
        return None if row is None else any(has_privilege(ctx.catalog, role, row, letter, option) for letter, option in wanted)

    scalar(*signatures, face="datum", context=True)(inquire)


_register("has_table_privilege", _table, ALL["relation"])
_register("has_sequence_privilege", _sequence, ALL["sequence"])
_register("has_function_privilege", _function, "X")
_register("has_schema_privilege", _schema, ALL["schema"])
_register("has_database_privilege", _database, ALL["database"])
_register("has_type_privilege", _type, "U")


def _column(relation: Relation, key: object) -> Column | None:
    if isinstance(key, int):
        return next((c for c in relation.columns if c.number == key and not c.dropped), None)
    found = next((c for c in relation.columns if c.name == key and not c.dropped), None)
    if found is None:
        raise UndefinedColumn(f'column "{key}" of relation "{relation.name}" does not exist')
    return found


@scalar(
    *(f"has_column_privilege({','.join((*user, table, column, 'text'))})"
      for user, table, column in product((("name",), ("oid",), ()), ("text", "oid"), ("text", "int2"))),
    face="datum", context=True,
)  # fmt: skip
def has_column(ctx: CallContext, *arguments: object) -> bool | None:
    """Whether a role has a privilege on a column."""
    role = _role(ctx, arguments[0] if len(arguments) == 4 else None)
    relation = _table(ctx, arguments[-3])
    wanted = _privileges(str(arguments[-1]), ALL["column"])
    column = None if relation is None else _column(relation, arguments[-2])
    if relation is None or column is None:
        return None
    return any(has_column_privilege(ctx.catalog, role, relation, column, letter, option) for letter, option in wanted)


@scalar(
    *(f"has_any_column_privilege({','.join((*user, table, 'text'))})" for user, table in product((("name",), ("oid",), ()), ("text", "oid"))),
    face="datum", context=True,
)  # fmt: skip
def has_any_column(ctx: CallContext, *arguments: object) -> bool | None:
    """Whether a role has a privilege on some column."""
    role = _role(ctx, arguments[0] if len(arguments) == 3 else None)
    relation = _table(ctx, arguments[-2])
    wanted = _privileges(str(arguments[-1]), ALL["column"])
    if relation is None:
        return None
    return any(has_column_privilege(ctx.catalog, role, relation, c, letter, option) for c in relation.columns for letter, option in wanted)


@scalar(
    "pg_has_role(name,name,text)", "pg_has_role(name,oid,text)", "pg_has_role(oid,name,text)", "pg_has_role(oid,oid,text)", "pg_has_role(name,text)",
    "pg_has_role(oid,text)", face="datum", context=True,
)  # fmt: skip
def pg_has_role(ctx: CallContext, *arguments: object) -> bool:
    """Whether one role is a member of another (MEMBER) and has its privileges at once (USAGE)."""
    member = _role(ctx, arguments[0] if len(arguments) == 3 else None)
    key = arguments[-2]
    role: Role | None = ctx.catalog.role_by_oid(key) if isinstance(key, int) else ctx.catalog.role(str(key))
    answer = False
    for part in str(arguments[-1]).split(","):
        word = part.strip().lower()
        option = word.endswith((" with admin option", " with grant option"))
        if word.split(" with ")[0] not in ("member", "usage"):
            raise InvalidParameterValue(f'unrecognized privilege type: "{part.strip()}"')
        if role is not None and option:
            answer = answer or member.superuser or role.oid in member.admin_of
        elif role is not None:
            answer = answer or (ctx.catalog.acts_as(member, role) if word == "usage" else ctx.catalog.is_member(member, role))
    return answer


_KINDS = {"r": "relation", "c": "column", "s": "sequence", "d": "database", "f": "function", "l": "language", "n": "schema", "T": "type"}


@scalar("acldefault(char,oid)", face="datum", context=True)
def acldefault(ctx: CallContext, kind: str, owner: int) -> PgArray:
    """The privileges an object of a kind has before any GRANT."""
    if kind not in _KINDS:
        raise UndefinedObject(f"unrecognized object type abbreviation: {kind}")
    rows: dict[str, Grantable] = {
        "relation": Relation(oid=0, name="", schema="", owner=owner), "sequence": Relation(oid=0, name="", schema="", kind="S", owner=owner),
        "database": Database(oid=0, name="", owner=owner), "schema": Schema(oid=0, name="", owner=owner),
        "function": Function(oid=0, name="", result=ctx.catalog.type(23), owner=owner),
    }  # fmt: skip
    row = rows.get(_KINDS[kind])
    if row is not None:
        acl = default_acl(row)
    else:
        acl = () if kind == "c" else ((0, "U", owner), (owner, "U", owner))
    return PgArray.of(tuple(acl_text(ctx.catalog, acl)))
