"""Aurora's settings and our own: function migration, batch mode, costs and volatility of ML functions."""

from __future__ import annotations

from auroraml.settings.setting import Context, Setting, VarType

APG_ENABLE_FUNCTION_MIGRATION = Setting[bool](
    name="apg_enable_function_migration",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Other Planner Options",
    help="Enables the planner to migrate eligible scalar functions to the FROM clause.",
)
APG_ENABLE_BATCH_MODE_FUNCTION_EXECUTION = Setting[bool](
    name="apg_enable_batch_mode_function_execution",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Other Planner Options",
    help="Enables batch-mode functions to process sets of rows at a time.",
)
AURORAML_FUNCTION_SCAN_COST = Setting[str](
    name="auroraml.function_scan_cost",
    kind=VarType.ENUM,
    default="per_row",
    choices=("per_row", "postgres"),
    category="Customized Options",
    help="How a batch-mode Function Scan is charged.",
    more="per_row charges the function's cost for each outer row; postgres charges it as PostgreSQL's function scan.",
)
AURORAML_COMPOSITE_OUTPUTS = Setting[str](
    name="auroraml.composite_outputs",
    kind=VarType.ENUM,
    default="as_is",
    choices=("as_is", "parenthesized"),
    category="Customized Options",
    help="How a model's output is cast to a composite type.",
    more="as_is follows PostgreSQL, which wants (a,b); parenthesized adds the parentheses to an output that has none.",
)
AURORAML_MIGRATE_UPDATE = Setting[bool](
    name="auroraml.migrate_update",
    kind=VarType.BOOL,
    default=False,
    category="Customized Options",
    help="Moves eligible functions of UPDATE and DELETE to FROM too.",
    more="PostgreSQL has no LATERAL reference to the changed table; off, such calls run one row at a time.",
)
AURORAML_EQUAL_CALLS = Setting[str](
    name="auroraml.equal_calls",
    kind=VarType.ENUM,
    default="separate",
    choices=("separate", "shared"),
    category="Customized Options",
    help="Whether equal calls of one query level that are moved to FROM share a Function Scan.",
    more="separate calls the function for each, as PostgreSQL does with a VOLATILE function; shared calls it once a row.",
)
AURORAML_WARN_DOUBLE_CALLS = Setting[bool](
    name="auroraml.warn_double_calls",
    kind=VarType.BOOL,
    default=True,
    category="Customized Options",
    help="Warns of batch-mode functions that a select list calls more than once a row with the same arguments.",
    more="(f(x)).* calls the function once for each of its columns, and each call is paid for; written in FROM it is called once.",
)
AURORAML_ML_ROLE = Setting[str](
    name="auroraml.ml_role",
    kind=VarType.ENUM,
    default="execute",
    choices=("execute", "none"),
    context=Context.POSTMASTER,
    category="Customized Options",
    help="What CREATE EXTENSION aws_ml lets the role aws_ml do.",
    more="execute: its members call the functions and grant EXECUTE on them, as befits an administrative role; none: nothing of itself.",
)
AURORAML_ML_VOLATILITY = Setting[str](
    name="auroraml.ml_volatility",
    kind=VarType.ENUM,
    default="volatile",
    choices=("volatile", "stable", "immutable"),
    context=Context.POSTMASTER,
    category="Customized Options",
    help="The volatility CREATE EXTENSION aws_ml gives its functions.",
)
SETTINGS: tuple[Setting[object], ...] = tuple(value for value in globals().values() if isinstance(value, Setting))
