"""Settings of autoanalyze: PostgreSQL's thresholds, and whether it runs here at all."""

from __future__ import annotations

from auroraml.settings.setting import Context, Setting, VarType

CATEGORY = "Autovacuum"
AUTOVACUUM = Setting[bool](
    name="autovacuum", kind=VarType.BOOL, default=True, context=Context.SIGHUP, category=CATEGORY, help="Starts the autovacuum subprocess."
)
AUTOVACUUM_ANALYZE_SCALE_FACTOR = Setting[float](
    name="autovacuum_analyze_scale_factor",
    kind=VarType.REAL,
    default=0.1,
    least=0.0,
    most=100.0,
    context=Context.SIGHUP,
    category=CATEGORY,
    help="Number of tuple inserts, updates, or deletes prior to analyze as a fraction of reltuples.",
)
AUTOVACUUM_ANALYZE_THRESHOLD = Setting[int](
    name="autovacuum_analyze_threshold",
    kind=VarType.INTEGER,
    default=50,
    least=0,
    most=2_147_483_647,
    context=Context.SIGHUP,
    category=CATEGORY,
    help="Minimum number of tuple inserts, updates, or deletes prior to analyze.",
)
AURORAML_AUTOANALYZE = Setting[bool](
    name="auroraml.autoanalyze",
    kind=VarType.BOOL,
    default=False,
    category="Customized Options",
    help="Analyzes a table when a commit has changed more of its rows than autovacuum's thresholds say.",
    more="PostgreSQL looks once in autovacuum_naptime, so that plans after a change depend on the clock; here it happens in the commit, or not at all.",
)
SETTINGS: tuple[Setting[object], ...] = tuple(value for value in globals().values() if isinstance(value, Setting))
