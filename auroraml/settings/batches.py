"""Settings of batches: what AWS does not publish about their sizes, about requests and about answers, each with our default."""

from __future__ import annotations

from auroraml.settings.setting import Setting, VarType

CATEGORY = "Customized Options"
AURORAML_COMPREHEND_BATCH_ROWS = Setting[int](
    name="auroraml.comprehend_batch_rows",
    kind=VarType.INTEGER,
    default=25,
    least=1,
    most=2147483647,
    category=CATEGORY,
    help="Rows of a batch of detect_sentiment whose max_rows_per_batch is NULL.",
    more="The default is Aurora MySQL's; AWS publishes none for Aurora PostgreSQL.",
)
AURORAML_SAGEMAKER_BATCH_ROWS = Setting[int](
    name="auroraml.sagemaker_batch_rows",
    kind=VarType.INTEGER,
    default=10_000,
    least=1,
    most=2147483647,
    category=CATEGORY,
    help="Rows of a batch of invoke_endpoint whose max_rows_per_batch is NULL.",
    more="The default is Aurora MySQL's; AWS publishes none for Aurora PostgreSQL.",
)
AURORAML_MAX_ROWS_PER_BATCH = Setting[int](
    name="auroraml.max_rows_per_batch",
    kind=VarType.INTEGER,
    default=0,
    least=0,
    most=2147483647,
    category=CATEGORY,
    help="Rows of a batch of every batch function, whatever max_rows_per_batch its call or wrapper says; 0 leaves it to the call.",
    more="For trying sizes without changing statements and wrappers; AWS has no such setting.",
)
AURORAML_BATCH_OVER_LIMIT = Setting[str](
    name="auroraml.batch_over_limit",
    kind=VarType.ENUM,
    default="split",
    choices=("split", "clamp"),
    category=CATEGORY,
    help="What a max_rows_per_batch above what the service takes at once does.",
    more="split sends a batch in several requests; clamp makes batches no larger than one request may be.",
)
AURORAML_BATCH_ROWS_BELOW_ONE = Setting[str](
    name="auroraml.batch_rows_below_one",
    kind=VarType.ENUM,
    default="error",
    choices=("error", "default"),
    category=CATEGORY,
    help="What a max_rows_per_batch of zero or less does.",
    more="error refuses it; default takes it as NULL.",
)
AURORAML_BATCH_FROM_ITEMS = Setting[str](
    name="auroraml.batch_from_items",
    kind=VarType.ENUM,
    default="always",
    choices=("always", "with_migration"),
    category=CATEGORY,
    help="Whether a call written in FROM runs in batch mode while apg_enable_function_migration is off.",
    more="always leaves the choice to apg_enable_batch_mode_function_execution alone; with_migration asks for both.",
)
AURORAML_REQUEST_QUOTING = Setting[str](
    name="auroraml.request_quoting",
    kind=VarType.ENUM,
    default="minimal",
    choices=("minimal", "none"),
    category=CATEGORY,
    help="How fields of a text/csv request are quoted.",
    more="minimal quotes as COPY does, where a field needs it; none never quotes, for containers that do not unquote.",
)
AURORAML_REQUEST_TEXT = Setting[str](
    name="auroraml.request_text",
    kind=VarType.ENUM,
    default="output",
    choices=("output", "cast"),
    category=CATEGORY,
    help="The text form of values in a text/csv request.",
    more="output is that of COPY (t, padded char); cast is that of a cast to text (true, char without padding).",
)
AURORAML_RESPONSE_SHAPE = Setting[str](
    name="auroraml.response_shape",
    kind=VarType.ENUM,
    default="lines_or_items",
    choices=("lines_or_items", "lines"),
    category=CATEGORY,
    help="How a text/csv answer is divided into rows.",
    more="lines_or_items takes one line of as many comma-separated items as there are rows too, as XGBoost's container answers.",
)
AURORAML_UNFIT_DOCUMENTS = Setting[str](
    name="auroraml.unfit_documents",
    kind=VarType.ENUM,
    default="error",
    choices=("error", "null"),
    category=CATEGORY,
    help="What a text does that Comprehend refuses: an empty one, one over 5,000 bytes, one in another language, one in the answer's ErrorList.",
    more="error ends the statement; null gives the row no sentiment and sends the others.",
)
AURORAML_FUNCTION_STATISTICS = Setting[str](
    name="auroraml.function_statistics",
    kind=VarType.ENUM,
    default="rows",
    choices=("rows", "batches"),
    category=CATEGORY,
    help="What pg_stat_user_functions.calls counts in batch mode.",
)
AURORAML_ML_SCHEMA_USAGE = Setting[str](
    name="auroraml.ml_schema_usage",
    kind=VarType.ENUM,
    default="public",
    choices=("public", "none"),
    category=CATEGORY,
    help="Whom CREATE EXTENSION aws_ml grants USAGE on its schemas.",
    more="public needs only GRANT EXECUTE, as the guide has it; with none a user needs GRANT USAGE too.",
)
SETTINGS: tuple[Setting[object], ...] = tuple(value for value in globals().values() if isinstance(value, Setting))
