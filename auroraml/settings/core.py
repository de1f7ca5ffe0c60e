"""PostgreSQL's general settings that the engine honours or reports."""

from __future__ import annotations

from auroraml.settings.checks import access_method, date_style, encoding, name_list, tablespace, time_zone
from auroraml.settings.setting import Context, Setting, VarType

APPLICATION_NAME = Setting[str](
    name="application_name",
    kind=VarType.STRING,
    default="",
    category="Reporting and Logging / What to Log",
    help="Sets the application name to be reported in statistics and logs.",
)
ARRAY_NULLS = Setting[bool](
    name="array_nulls",
    kind=VarType.BOOL,
    default=True,
    served=(True,),
    category="Version and Platform Compatibility / Previous PostgreSQL Versions",
    help="Enable input of NULL elements in arrays.",
    more="When turned on, unquoted NULL in an array input value means a null value; otherwise it is taken literally.",
)
BACKSLASH_QUOTE = Setting[str](
    name="backslash_quote",
    kind=VarType.ENUM,
    default="safe_encoding",
    choices=(
        "safe_encoding",
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
    served=("safe_encoding", "on"),
    category="Version and Platform Compatibility / Previous PostgreSQL Versions",
    help='Sets whether "\\\'" is allowed in string literals.',
)
BLOCK_SIZE = Setting[int](
    name="block_size",
    kind=VarType.INTEGER,
    default=8192,
    context=Context.INTERNAL,
    least=8192,
    most=8192,
    category="Preset Options",
    help="Shows the size of a disk block.",
)
BYTEA_OUTPUT = Setting[str](
    name="bytea_output",
    kind=VarType.ENUM,
    default="hex",
    choices=(
        "escape",
        "hex",
    ),
    category="Client Connection Defaults / Statement Behavior",
    help="Sets the output format for bytea.",
)
CHECK_FUNCTION_BODIES = Setting[bool](
    name="check_function_bodies",
    kind=VarType.BOOL,
    default=True,
    served=(True,),
    category="Client Connection Defaults / Statement Behavior",
    help="Check routine bodies during CREATE FUNCTION and CREATE PROCEDURE.",
)
CLIENT_ENCODING = Setting[str](
    name="client_encoding",
    kind=VarType.STRING,
    default="UTF8",
    category="Client Connection Defaults / Locale and Formatting",
    help="Sets the client's character set encoding.",
    check=encoding,
)
CLIENT_MIN_MESSAGES = Setting[str](
    name="client_min_messages",
    kind=VarType.ENUM,
    default="notice",
    choices=(
        "debug5",
        "debug4",
        "debug3",
        "debug2",
        "debug1",
        "log",
        "notice",
        "warning",
        "error",
    ),
    hidden=(
        ("debug", "debug2"),
        ("info", "info"),
    ),
    category="Client Connection Defaults / Statement Behavior",
    help="Sets the message levels that are sent to the client.",
    more="Each level includes all the levels that follow it. The later the level, the fewer messages are sent.",
)
COMPUTE_QUERY_ID = Setting[str](
    name="compute_query_id",
    kind=VarType.ENUM,
    default="auto",
    context=Context.SUPERUSER,
    choices=("auto", "regress", "on", "off"),
    hidden=(("true", "on"), ("yes", "on"), ("1", "on"), ("false", "off"), ("no", "off"), ("0", "off")),
    category="Statistics / Monitoring",
    help="Enables in-core computation of query identifiers.",
)
DATA_CHECKSUMS = Setting[bool](
    name="data_checksums",
    kind=VarType.BOOL,
    default=False,
    context=Context.INTERNAL,
    category="Preset Options",
    help="Shows whether data checksums are turned on for this cluster.",
)
DATESTYLE = Setting[str](
    name="DateStyle",
    kind=VarType.STRING,
    default="ISO, MDY",
    category="Client Connection Defaults / Locale and Formatting",
    help="Sets the display format for date and time values.",
    more="Also controls interpretation of ambiguous date inputs.",
    check=date_style,
)
DEADLOCK_TIMEOUT = Setting[int](
    name="deadlock_timeout",
    kind=VarType.INTEGER,
    default=1000,
    context=Context.SUPERUSER,
    unit="ms",
    least=1,
    most=2147483647,
    category="Lock Management",
    help="Sets the time to wait on a lock before checking for deadlock.",
)
DEBUG_ASSERTIONS = Setting[bool](
    name="debug_assertions",
    kind=VarType.BOOL,
    default=False,
    context=Context.INTERNAL,
    category="Preset Options",
    help="Shows whether the running server has assertion checks enabled.",
)
DEFAULT_TABLE_ACCESS_METHOD = Setting[str](
    name="default_table_access_method",
    kind=VarType.STRING,
    default="heap",
    check=access_method,
    category="Client Connection Defaults / Statement Behavior",
    help="Sets the default table access method for new tables.",
)
DEFAULT_TABLESPACE = Setting[str](
    name="default_tablespace",
    kind=VarType.STRING,
    default="",
    check=tablespace,
    category="Client Connection Defaults / Statement Behavior",
    help="Sets the default tablespace to create tables and indexes in.",
    more="An empty string selects the database's default tablespace.",
)
DEFAULT_TRANSACTION_DEFERRABLE = Setting[bool](
    name="default_transaction_deferrable",
    kind=VarType.BOOL,
    default=False,
    category="Client Connection Defaults / Statement Behavior",
    help="Sets the default deferrable status of new transactions.",
)
DEFAULT_TRANSACTION_ISOLATION = Setting[str](
    name="default_transaction_isolation",
    kind=VarType.ENUM,
    default="read committed",
    choices=(
        "serializable",
        "repeatable read",
        "read committed",
        "read uncommitted",
    ),
    category="Client Connection Defaults / Statement Behavior",
    help="Sets the transaction isolation level of each new transaction.",
)
DEFAULT_TRANSACTION_READ_ONLY = Setting[bool](
    name="default_transaction_read_only",
    kind=VarType.BOOL,
    default=False,
    category="Client Connection Defaults / Statement Behavior",
    help="Sets the default read-only status of new transactions.",
)
ESCAPE_STRING_WARNING = Setting[bool](
    name="escape_string_warning",
    kind=VarType.BOOL,
    default=True,
    category="Version and Platform Compatibility / Previous PostgreSQL Versions",
    help="Warn about backslash escapes in ordinary string literals.",
)
EXTRA_FLOAT_DIGITS = Setting[int](
    name="extra_float_digits",
    kind=VarType.INTEGER,
    default=1,
    least=-15,
    most=3,
    category="Client Connection Defaults / Locale and Formatting",
    help="Sets the number of digits displayed for floating-point values.",
    more="This affects real, double precision, and geometric data types. A zero or negative parameter value is added to the standard number of digits (FLT_DIG or DBL_DIG as appropriate). Any value greater than zero selects precise output mode.",  # noqa: E501 - PostgreSQL's words
)
IDLE_IN_TRANSACTION_SESSION_TIMEOUT = Setting[int](
    name="idle_in_transaction_session_timeout",
    kind=VarType.INTEGER,
    default=0,
    unit="ms",
    least=0,
    most=2147483647,
    category="Client Connection Defaults / Statement Behavior",
    help="Sets the maximum allowed idle time between queries, when in a transaction.",
    more="A value of 0 turns off the timeout.",
)
IDLE_SESSION_TIMEOUT = Setting[int](
    name="idle_session_timeout",
    kind=VarType.INTEGER,
    default=0,
    unit="ms",
    least=0,
    most=2147483647,
    category="Client Connection Defaults / Statement Behavior",
    help="Sets the maximum allowed idle time between queries, when not in a transaction.",
    more="A value of 0 turns off the timeout.",
)
IN_HOT_STANDBY = Setting[bool](
    name="in_hot_standby",
    kind=VarType.BOOL,
    default=False,
    context=Context.INTERNAL,
    category="Preset Options",
    help="Shows whether hot standby is currently active.",
)
INTEGER_DATETIMES = Setting[bool](
    name="integer_datetimes",
    kind=VarType.BOOL,
    default=True,
    context=Context.INTERNAL,
    category="Preset Options",
    help="Shows whether datetimes are integer based.",
)
INTERVALSTYLE = Setting[str](
    name="IntervalStyle",
    kind=VarType.ENUM,
    default="postgres",
    choices=(
        "postgres",
        "postgres_verbose",
        "sql_standard",
        "iso_8601",
    ),
    category="Client Connection Defaults / Locale and Formatting",
    help="Sets the display format for interval values.",
)
LC_COLLATE = Setting[str](
    name="lc_collate",
    kind=VarType.STRING,
    default="C",
    context=Context.INTERNAL,
    category="Preset Options",
    help="Shows the collation order locale.",
)
LC_CTYPE = Setting[str](
    name="lc_ctype",
    kind=VarType.STRING,
    default="C",
    context=Context.INTERNAL,
    category="Preset Options",
    help="Shows the character classification and case conversion locale.",
)
LC_MESSAGES = Setting[str](
    name="lc_messages",
    kind=VarType.STRING,
    default="C",
    context=Context.SUPERUSER,
    served=("C", "POSIX", ""),
    category="Client Connection Defaults / Locale and Formatting",
    help="Sets the language in which messages are displayed.",
)
LC_MONETARY = Setting[str](
    name="lc_monetary",
    kind=VarType.STRING,
    default="C",
    served=("C", "POSIX", ""),
    category="Client Connection Defaults / Locale and Formatting",
    help="Sets the locale for formatting monetary amounts.",
)
LC_NUMERIC = Setting[str](
    name="lc_numeric",
    kind=VarType.STRING,
    default="C",
    served=("C", "POSIX", ""),
    category="Client Connection Defaults / Locale and Formatting",
    help="Sets the locale for formatting numbers.",
)
LC_TIME = Setting[str](
    name="lc_time",
    kind=VarType.STRING,
    default="C",
    served=("C", "POSIX", ""),
    category="Client Connection Defaults / Locale and Formatting",
    help="Sets the locale for formatting date and time values.",
)
LOCK_TIMEOUT = Setting[int](
    name="lock_timeout",
    kind=VarType.INTEGER,
    default=0,
    unit="ms",
    least=0,
    most=2147483647,
    category="Client Connection Defaults / Statement Behavior",
    help="Sets the maximum allowed duration of any wait for a lock.",
    more="A value of 0 turns off the timeout.",
)
MAX_CONNECTIONS = Setting[int](
    name="max_connections",
    kind=VarType.INTEGER,
    default=100,
    context=Context.POSTMASTER,
    least=1,
    most=262143,
    category="Connections and Authentication / Connection Settings",
    help="Sets the maximum number of concurrent connections.",
)
MAX_FUNCTION_ARGS = Setting[int](
    name="max_function_args",
    kind=VarType.INTEGER,
    default=100,
    context=Context.INTERNAL,
    least=100,
    most=100,
    category="Preset Options",
    help="Shows the maximum number of function arguments.",
)
MAX_IDENTIFIER_LENGTH = Setting[int](
    name="max_identifier_length",
    kind=VarType.INTEGER,
    default=63,
    context=Context.INTERNAL,
    least=63,
    most=63,
    category="Preset Options",
    help="Shows the maximum identifier length.",
)
MAX_INDEX_KEYS = Setting[int](
    name="max_index_keys",
    kind=VarType.INTEGER,
    default=32,
    context=Context.INTERNAL,
    least=32,
    most=32,
    category="Preset Options",
    help="Shows the maximum number of index keys.",
)
MAX_PREPARED_TRANSACTIONS = Setting[int](
    name="max_prepared_transactions",
    kind=VarType.INTEGER,
    default=0,
    context=Context.POSTMASTER,
    least=0,
    most=262143,
    category="Resource Usage / Memory",
    help="Sets the maximum number of simultaneously prepared transactions.",
)
PASSWORD_ENCRYPTION = Setting[str](
    name="password_encryption",
    kind=VarType.ENUM,
    default="scram-sha-256",
    choices=(
        "md5",
        "scram-sha-256",
    ),
    category="Connections and Authentication / Authentication",
    help="Chooses the algorithm for encrypting passwords.",
)
QUOTE_ALL_IDENTIFIERS = Setting[bool](
    name="quote_all_identifiers",
    kind=VarType.BOOL,
    default=False,
    served=(False,),
    category="Version and Platform Compatibility / Previous PostgreSQL Versions",
    help="When generating SQL fragments, quote all identifiers.",
)
ROW_SECURITY = Setting[bool](
    name="row_security",
    kind=VarType.BOOL,
    default=True,
    category="Client Connection Defaults / Statement Behavior",
    help="Enable row security.",
    more="When enabled, row security will be applied to all users.",
)
SEARCH_PATH = Setting[str](
    name="search_path",
    kind=VarType.STRING,
    default='"$user", public',
    category="Client Connection Defaults / Statement Behavior",
    help="Sets the schema search order for names that are not schema-qualified.",
    check=name_list,
)
SERVER_ENCODING = Setting[str](
    name="server_encoding",
    kind=VarType.STRING,
    default="UTF8",
    context=Context.INTERNAL,
    category="Preset Options",
    help="Shows the server (database) character set encoding.",
)
SERVER_VERSION = Setting[str](
    name="server_version",
    kind=VarType.STRING,
    default="15.17",
    context=Context.INTERNAL,
    category="Preset Options",
    help="Shows the server version.",
)
SERVER_VERSION_NUM = Setting[int](
    name="server_version_num",
    kind=VarType.INTEGER,
    default=150017,
    context=Context.INTERNAL,
    least=150000,
    most=159999,
    category="Preset Options",
    help="Shows the server version as an integer.",
)
SHARED_BUFFERS = Setting[int](
    name="shared_buffers",
    kind=VarType.INTEGER,
    default=16384,
    context=Context.POSTMASTER,
    unit="8kB",
    least=16,
    most=1073741823,
    category="Resource Usage / Memory",
    help="Sets the number of shared memory buffers used by the server.",
)
SHARED_PRELOAD_LIBRARIES = Setting[str](
    name="shared_preload_libraries",
    kind=VarType.STRING,
    default="",
    context=Context.POSTMASTER,
    category="Client Connection Defaults / Shared Library Preloading",
    help="Lists shared libraries to preload into server.",
)
STANDARD_CONFORMING_STRINGS = Setting[bool](
    name="standard_conforming_strings",
    kind=VarType.BOOL,
    default=True,
    served=(True,),
    category="Version and Platform Compatibility / Previous PostgreSQL Versions",
    help="Causes '...' strings to treat backslashes literally.",
)
STATEMENT_TIMEOUT = Setting[int](
    name="statement_timeout",
    kind=VarType.INTEGER,
    default=0,
    unit="ms",
    least=0,
    most=2147483647,
    category="Client Connection Defaults / Statement Behavior",
    help="Sets the maximum allowed duration of any statement.",
    more="A value of 0 turns off the timeout.",
)
SYNCHRONIZE_SEQSCANS = Setting[bool](
    name="synchronize_seqscans",
    kind=VarType.BOOL,
    default=True,
    category="Version and Platform Compatibility / Previous PostgreSQL Versions",
    help="Enable synchronized sequential scans.",
)
SYNCHRONOUS_COMMIT = Setting[str](
    name="synchronous_commit",
    kind=VarType.ENUM,
    default="on",
    choices=(
        "local",
        "remote_write",
        "remote_apply",
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
    category="Write-Ahead Log / Settings",
    help="Sets the current transaction's synchronization level.",
)
TIMEZONE = Setting[str](
    name="TimeZone",
    kind=VarType.STRING,
    default="UTC",
    category="Client Connection Defaults / Locale and Formatting",
    help="Sets the time zone for displaying and interpreting time stamps.",
    check=time_zone,
)
TRACK_ACTIVITIES = Setting[bool](
    name="track_activities",
    kind=VarType.BOOL,
    default=True,
    context=Context.SUPERUSER,
    category="Statistics / Cumulative Query and Index Statistics",
    help="Collects information about executing commands.",
    more="Enables the collection of information on the currently executing command of each session, along with the time at which that command began execution.",
)
TRACK_COUNTS = Setting[bool](
    name="track_counts",
    kind=VarType.BOOL,
    default=True,
    context=Context.SUPERUSER,
    category="Statistics / Cumulative Query and Index Statistics",
    help="Collects statistics on database activity.",
)
TRACK_FUNCTIONS = Setting[str](
    name="track_functions",
    kind=VarType.ENUM,
    default="pl",
    context=Context.SUPERUSER,
    choices=(
        "none",
        "pl",
        "all",
    ),
    category="Statistics / Cumulative Query and Index Statistics",
    help="Collects function-level statistics on database activity.",
)
TRACK_IO_TIMING = Setting[bool](
    name="track_io_timing",
    kind=VarType.BOOL,
    default=False,
    context=Context.SUPERUSER,
    category="Statistics / Cumulative Query and Index Statistics",
    help="Collects timing statistics for database I/O activity.",
)
TRANSACTION_DEFERRABLE = Setting[bool](
    name="transaction_deferrable",
    kind=VarType.BOOL,
    default=False,
    category="Client Connection Defaults / Statement Behavior",
    help="Whether to defer a read-only serializable transaction until it can be executed with no possible serialization failures.",
)
TRANSACTION_ISOLATION = Setting[str](
    name="transaction_isolation",
    kind=VarType.ENUM,
    default="read committed",
    choices=(
        "serializable",
        "repeatable read",
        "read committed",
        "read uncommitted",
    ),
    category="Client Connection Defaults / Statement Behavior",
    help="Sets the current transaction's isolation level.",
)
TRANSACTION_READ_ONLY = Setting[bool](
    name="transaction_read_only",
    kind=VarType.BOOL,
    default=False,
    category="Client Connection Defaults / Statement Behavior",
    help="Sets the current transaction's read-only status.",
)
XMLBINARY = Setting[str](
    name="xmlbinary",
    kind=VarType.ENUM,
    default="base64",
    choices=(
        "base64",
        "hex",
    ),
    category="Client Connection Defaults / Statement Behavior",
    help="Sets how binary values are to be encoded in XML.",
)
XMLOPTION = Setting[str](
    name="xmloption",
    kind=VarType.ENUM,
    default="content",
    choices=(
        "content",
        "document",
    ),
    category="Client Connection Defaults / Statement Behavior",
    help="Sets whether XML data in implicit parsing and serialization operations is to be considered as documents or content fragments.",
)

SETTINGS: tuple[Setting[object], ...] = tuple(value for value in globals().values() if isinstance(value, Setting))
