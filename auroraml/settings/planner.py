"""The planner's settings: costs, methods and memory, as PostgreSQL 15's pg_settings has them."""

from __future__ import annotations

from auroraml.settings.setting import FLOAT8_MAX, Context, Setting, VarType

CONSTRAINT_EXCLUSION = Setting[str](
    name="constraint_exclusion",
    kind=VarType.ENUM,
    default="partition",
    choices=(
        "partition",
        "on",
        "off",
    ),
    hidden=(
        ("true", "on"),
        ("false", "off"),
        ("yes", "on"),
        ("no", "off"),
        ("1", "on"),
        ("0", "off"),
    ),
    category="Query Tuning / Other Planner Options",
    help="Enables the planner to use constraints to optimize queries.",
    more="Table scans will be skipped if their constraints guarantee that no rows match the query.",
)
CPU_INDEX_TUPLE_COST = Setting[float](
    name="cpu_index_tuple_cost",
    kind=VarType.REAL,
    default=0.005,
    least=0.0,
    most=FLOAT8_MAX,
    category="Query Tuning / Planner Cost Constants",
    help="Sets the planner's estimate of the cost of processing each index entry during an index scan.",
)
CPU_OPERATOR_COST = Setting[float](
    name="cpu_operator_cost",
    kind=VarType.REAL,
    default=0.0025,
    least=0.0,
    most=FLOAT8_MAX,
    category="Query Tuning / Planner Cost Constants",
    help="Sets the planner's estimate of the cost of processing each operator or function call.",
)
CPU_TUPLE_COST = Setting[float](
    name="cpu_tuple_cost",
    kind=VarType.REAL,
    default=0.01,
    least=0.0,
    most=FLOAT8_MAX,
    category="Query Tuning / Planner Cost Constants",
    help="Sets the planner's estimate of the cost of processing each tuple (row).",
)
CURSOR_TUPLE_FRACTION = Setting[float](
    name="cursor_tuple_fraction",
    kind=VarType.REAL,
    default=0.1,
    least=0.0,
    most=1.0,
    category="Query Tuning / Other Planner Options",
    help="Sets the planner's estimate of the fraction of a cursor's rows that will be retrieved.",
)
DEFAULT_STATISTICS_TARGET = Setting[int](
    name="default_statistics_target",
    kind=VarType.INTEGER,
    default=100,
    least=1,
    most=10000,
    category="Query Tuning / Other Planner Options",
    help="Sets the default statistics target.",
    more="This applies to table columns that have not had a column-specific target set via ALTER TABLE SET STATISTICS.",
)
EFFECTIVE_CACHE_SIZE = Setting[int](
    name="effective_cache_size",
    kind=VarType.INTEGER,
    default=524288,
    unit="8kB",
    least=1,
    most=2147483647,
    category="Query Tuning / Planner Cost Constants",
    help="Sets the planner's assumption about the total size of the data caches.",
    more="That is, the total size of the caches (kernel cache and shared buffers) used for PostgreSQL data files. This is measured in disk pages, which are normally 8 kB each.",
)
EFFECTIVE_IO_CONCURRENCY = Setting[int](
    name="effective_io_concurrency",
    kind=VarType.INTEGER,
    default=1,
    least=0,
    most=1000,
    category="Resource Usage / Asynchronous Behavior",
    help="Number of simultaneous requests that can be handled efficiently by the disk subsystem.",
)
ENABLE_ASYNC_APPEND = Setting[bool](
    name="enable_async_append",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of async append plans.",
)
ENABLE_BITMAPSCAN = Setting[bool](
    name="enable_bitmapscan",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of bitmap-scan plans.",
)
ENABLE_GATHERMERGE = Setting[bool](
    name="enable_gathermerge",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of gather merge plans.",
)
ENABLE_HASHAGG = Setting[bool](
    name="enable_hashagg",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of hashed aggregation plans.",
)
ENABLE_HASHJOIN = Setting[bool](
    name="enable_hashjoin",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of hash join plans.",
)
ENABLE_INCREMENTAL_SORT = Setting[bool](
    name="enable_incremental_sort",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of incremental sort steps.",
)
ENABLE_INDEXONLYSCAN = Setting[bool](
    name="enable_indexonlyscan",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of index-only-scan plans.",
)
ENABLE_INDEXSCAN = Setting[bool](
    name="enable_indexscan",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of index-scan plans.",
)
ENABLE_MATERIAL = Setting[bool](
    name="enable_material",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of materialization.",
)
ENABLE_MEMOIZE = Setting[bool](
    name="enable_memoize",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of memoization.",
)
ENABLE_MERGEJOIN = Setting[bool](
    name="enable_mergejoin",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of merge join plans.",
)
ENABLE_NESTLOOP = Setting[bool](
    name="enable_nestloop",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of nested-loop join plans.",
)
ENABLE_PARALLEL_APPEND = Setting[bool](
    name="enable_parallel_append",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of parallel append plans.",
)
ENABLE_PARALLEL_HASH = Setting[bool](
    name="enable_parallel_hash",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of parallel hash plans.",
)
ENABLE_PARTITION_PRUNING = Setting[bool](
    name="enable_partition_pruning",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables plan-time and execution-time partition pruning.",
    more="Allows the query planner and executor to compare partition bounds to conditions in the query to determine which partitions must be scanned.",
)
ENABLE_PARTITIONWISE_AGGREGATE = Setting[bool](
    name="enable_partitionwise_aggregate",
    kind=VarType.BOOL,
    default=False,
    category="Query Tuning / Planner Method Configuration",
    help="Enables partitionwise aggregation and grouping.",
)
ENABLE_PARTITIONWISE_JOIN = Setting[bool](
    name="enable_partitionwise_join",
    kind=VarType.BOOL,
    default=False,
    category="Query Tuning / Planner Method Configuration",
    help="Enables partitionwise join.",
)
ENABLE_SEQSCAN = Setting[bool](
    name="enable_seqscan",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of sequential-scan plans.",
)
ENABLE_SORT = Setting[bool](
    name="enable_sort",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of explicit sort steps.",
)
ENABLE_TIDSCAN = Setting[bool](
    name="enable_tidscan",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Planner Method Configuration",
    help="Enables the planner's use of TID scan plans.",
)
FORCE_PARALLEL_MODE = Setting[str](
    name="force_parallel_mode",
    kind=VarType.ENUM,
    default="off",
    choices=(
        "off",
        "on",
        "regress",
    ),
    hidden=(
        ("true", "on"),
        ("false", "off"),
        ("yes", "on"),
        ("no", "off"),
        ("1", "on"),
        ("0", "off"),
    ),
    category="Developer Options",
    help="Forces use of parallel query facilities.",
    more="If possible, run query using a parallel worker and with parallel restrictions.",
)
FROM_COLLAPSE_LIMIT = Setting[int](
    name="from_collapse_limit",
    kind=VarType.INTEGER,
    default=8,
    least=1,
    most=2147483647,
    category="Query Tuning / Other Planner Options",
    help="Sets the FROM-list size beyond which subqueries are not collapsed.",
    more="The planner will merge subqueries into upper queries if the resulting FROM list would have no more than this many items.",
)
GEQO = Setting[bool](
    name="geqo",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Genetic Query Optimizer",
    help="Enables genetic query optimization.",
    more="This algorithm attempts to do planning without exhaustive searching.",
)
GEQO_EFFORT = Setting[int](
    name="geqo_effort",
    kind=VarType.INTEGER,
    default=5,
    least=1,
    most=10,
    category="Query Tuning / Genetic Query Optimizer",
    help="GEQO: effort is used to set the default for other GEQO parameters.",
)
GEQO_GENERATIONS = Setting[int](
    name="geqo_generations",
    kind=VarType.INTEGER,
    default=0,
    least=0,
    most=2147483647,
    category="Query Tuning / Genetic Query Optimizer",
    help="GEQO: number of iterations of the algorithm.",
    more="Zero selects a suitable default value.",
)
GEQO_POOL_SIZE = Setting[int](
    name="geqo_pool_size",
    kind=VarType.INTEGER,
    default=0,
    least=0,
    most=2147483647,
    category="Query Tuning / Genetic Query Optimizer",
    help="GEQO: number of individuals in the population.",
    more="Zero selects a suitable default value.",
)
GEQO_SEED = Setting[float](
    name="geqo_seed",
    kind=VarType.REAL,
    default=0.0,
    least=0.0,
    most=1.0,
    category="Query Tuning / Genetic Query Optimizer",
    help="GEQO: seed for random path selection.",
)
GEQO_SELECTION_BIAS = Setting[float](
    name="geqo_selection_bias",
    kind=VarType.REAL,
    default=2.0,
    least=1.5,
    most=2.0,
    category="Query Tuning / Genetic Query Optimizer",
    help="GEQO: selective pressure within the population.",
)
GEQO_THRESHOLD = Setting[int](
    name="geqo_threshold",
    kind=VarType.INTEGER,
    default=12,
    least=2,
    most=2147483647,
    category="Query Tuning / Genetic Query Optimizer",
    help="Sets the threshold of FROM items beyond which GEQO is used.",
)
HASH_MEM_MULTIPLIER = Setting[float](
    name="hash_mem_multiplier",
    kind=VarType.REAL,
    default=2.0,
    least=1.0,
    most=1000.0,
    category="Resource Usage / Memory",
    help="Multiple of work_mem to use for hash tables.",
)
JIT = Setting[bool](
    name="jit",
    kind=VarType.BOOL,
    default=True,
    category="Query Tuning / Other Planner Options",
    help="Allow JIT compilation.",
)
JIT_ABOVE_COST = Setting[float](
    name="jit_above_cost",
    kind=VarType.REAL,
    default=100000.0,
    least=-1.0,
    most=FLOAT8_MAX,
    category="Query Tuning / Planner Cost Constants",
    help="Perform JIT compilation if query is more expensive.",
    more="-1 disables JIT compilation.",
)
JIT_INLINE_ABOVE_COST = Setting[float](
    name="jit_inline_above_cost",
    kind=VarType.REAL,
    default=500000.0,
    least=-1.0,
    most=FLOAT8_MAX,
    category="Query Tuning / Planner Cost Constants",
    help="Perform JIT inlining if query is more expensive.",
    more="-1 disables inlining.",
)
JIT_OPTIMIZE_ABOVE_COST = Setting[float](
    name="jit_optimize_above_cost",
    kind=VarType.REAL,
    default=500000.0,
    least=-1.0,
    most=FLOAT8_MAX,
    category="Query Tuning / Planner Cost Constants",
    help="Optimize JIT-compiled functions if query is more expensive.",
    more="-1 disables optimization.",
)
JOIN_COLLAPSE_LIMIT = Setting[int](
    name="join_collapse_limit",
    kind=VarType.INTEGER,
    default=8,
    least=1,
    most=2147483647,
    category="Query Tuning / Other Planner Options",
    help="Sets the FROM-list size beyond which JOIN constructs are not flattened.",
    more="The planner will flatten explicit JOIN constructs into lists of FROM items whenever a list of no more than this many items would result.",
)
MAINTENANCE_WORK_MEM = Setting[int](
    name="maintenance_work_mem",
    kind=VarType.INTEGER,
    default=65536,
    unit="kB",
    least=1024,
    most=2147483647,
    category="Resource Usage / Memory",
    help="Sets the maximum memory to be used for maintenance operations.",
    more="This includes operations such as VACUUM and CREATE INDEX.",
)
MAX_PARALLEL_MAINTENANCE_WORKERS = Setting[int](
    name="max_parallel_maintenance_workers",
    kind=VarType.INTEGER,
    default=2,
    least=0,
    most=1024,
    category="Resource Usage / Asynchronous Behavior",
    help="Sets the maximum number of parallel processes per maintenance operation.",
)
MAX_PARALLEL_WORKERS = Setting[int](
    name="max_parallel_workers",
    kind=VarType.INTEGER,
    default=8,
    least=0,
    most=1024,
    category="Resource Usage / Asynchronous Behavior",
    help="Sets the maximum number of parallel workers that can be active at one time.",
)
MAX_PARALLEL_WORKERS_PER_GATHER = Setting[int](
    name="max_parallel_workers_per_gather",
    kind=VarType.INTEGER,
    default=2,
    least=0,
    most=1024,
    category="Resource Usage / Asynchronous Behavior",
    help="Sets the maximum number of parallel processes per executor node.",
)
MAX_WORKER_PROCESSES = Setting[int](
    name="max_worker_processes",
    kind=VarType.INTEGER,
    default=8,
    context=Context.POSTMASTER,
    least=0,
    most=262143,
    category="Resource Usage / Asynchronous Behavior",
    help="Maximum number of concurrent worker processes.",
)
MIN_PARALLEL_INDEX_SCAN_SIZE = Setting[int](
    name="min_parallel_index_scan_size",
    kind=VarType.INTEGER,
    default=64,
    unit="8kB",
    least=0,
    most=715827882,
    category="Query Tuning / Planner Cost Constants",
    help="Sets the minimum amount of index data for a parallel scan.",
    more="If the planner estimates that it will read a number of index pages too small to reach this limit, a parallel scan will not be considered.",
)
MIN_PARALLEL_TABLE_SCAN_SIZE = Setting[int](
    name="min_parallel_table_scan_size",
    kind=VarType.INTEGER,
    default=1024,
    unit="8kB",
    least=0,
    most=715827882,
    category="Query Tuning / Planner Cost Constants",
    help="Sets the minimum amount of table data for a parallel scan.",
    more="If the planner estimates that it will read a number of table pages too small to reach this limit, a parallel scan will not be considered.",
)
PARALLEL_LEADER_PARTICIPATION = Setting[bool](
    name="parallel_leader_participation",
    kind=VarType.BOOL,
    default=True,
    category="Resource Usage / Asynchronous Behavior",
    help="Controls whether Gather and Gather Merge also run subplans.",
    more="Should gather nodes also run subplans or just gather tuples?",
)
PARALLEL_SETUP_COST = Setting[float](
    name="parallel_setup_cost",
    kind=VarType.REAL,
    default=1000.0,
    least=0.0,
    most=FLOAT8_MAX,
    category="Query Tuning / Planner Cost Constants",
    help="Sets the planner's estimate of the cost of starting up worker processes for parallel query.",
)
PARALLEL_TUPLE_COST = Setting[float](
    name="parallel_tuple_cost",
    kind=VarType.REAL,
    default=0.1,
    least=0.0,
    most=FLOAT8_MAX,
    category="Query Tuning / Planner Cost Constants",
    help="Sets the planner's estimate of the cost of passing each tuple (row) from worker to leader backend.",
)
PLAN_CACHE_MODE = Setting[str](
    name="plan_cache_mode",
    kind=VarType.ENUM,
    default="auto",
    choices=(
        "auto",
        "force_generic_plan",
        "force_custom_plan",
    ),
    category="Query Tuning / Other Planner Options",
    help="Controls the planner's selection of custom or generic plan.",
    more="Prepared statements can have custom and generic plans, and the planner will attempt to choose which is better.  This can be set to override the default behavior.",
)
RANDOM_PAGE_COST = Setting[float](
    name="random_page_cost",
    kind=VarType.REAL,
    default=4.0,
    least=0.0,
    most=FLOAT8_MAX,
    category="Query Tuning / Planner Cost Constants",
    help="Sets the planner's estimate of the cost of a nonsequentially fetched disk page.",
)
RECURSIVE_WORKTABLE_FACTOR = Setting[float](
    name="recursive_worktable_factor",
    kind=VarType.REAL,
    default=10.0,
    least=0.001,
    most=1000000.0,
    category="Query Tuning / Other Planner Options",
    help="Sets the planner's estimate of the average size of a recursive query's working table.",
)
SEQ_PAGE_COST = Setting[float](
    name="seq_page_cost",
    kind=VarType.REAL,
    default=1.0,
    least=0.0,
    most=FLOAT8_MAX,
    category="Query Tuning / Planner Cost Constants",
    help="Sets the planner's estimate of the cost of a sequentially fetched disk page.",
)
WORK_MEM = Setting[int](
    name="work_mem",
    kind=VarType.INTEGER,
    default=4096,
    unit="kB",
    least=64,
    most=2147483647,
    category="Resource Usage / Memory",
    help="Sets the maximum memory to be used for query workspaces.",
    more="This much memory can be used by each internal sort operation and hash table before switching to temporary disk files.",
)

SETTINGS: tuple[Setting[object], ...] = tuple(value for value in globals().values() if isinstance(value, Setting))
