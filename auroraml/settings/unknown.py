"""Names that are no parameters here: which prefixes are reserved, and what to say of names that Aurora MySQL or AWS's documents have."""

from __future__ import annotations

from auroraml.errors import UndefinedObject

# RDS and Aurora reserve these names, so that a misspelt one is an error; PostgreSQL would take one with a dot as a placeholder.
SPACES = ("rds", "auroraml")  # before a dot
FAMILIES = ("apg_", "aws_", "aurora_")
_ROLES = ("aws_default_comprehend_role", "aws_default_sagemaker_role", "aws_default_bedrock_role", "aws_default_s3_role", "aws_default_lambda_role",
          "aws_default_logs_role", "aurora_load_from_s3_role", "aurora_select_into_s3_role", "aws_bedrock.bedrock_role")  # fmt: skip
_BY_FEATURE = 'Aurora PostgreSQL has no parameter for roles: an IAM role is added to the DB cluster for a feature name, such as "{}".'
_FEATURES = {"sagemaker": "SageMaker", "bedrock": "Bedrock", "s3": "s3Import", "lambda": "Lambda"}
_ELSEWHERE = frozenset((  # documented for Aurora PostgreSQL ("Amazon Aurora PostgreSQL parameters", April 2026), with nothing here for them to switch
    "apg_ccm_enabled", "apg_enable_correlated_any_transform", "apg_enable_not_in_transform", "apg_enable_remove_redundant_inner_joins",
    "apg_enable_semijoin_push_down", "apg_enable_correlated_scalar_transform", "apg_enable_correlated_scalar_index_transform",
    "apg_enable_subquery_cache", "aurora_compute_plan_id", "aws_lambda.connect_timeout_ms", "aws_lambda.request_timeout_ms",
    "aws_lambda.endpoint_override", "aws_s3.curlopt_low_speed_limit", "aws_s3.curlopt_low_speed_time", "rds.accepted_password_auth_method",
    "rds.adaptive_autovacuum", "rds.babelfish_status", "rds.enable_plan_management", "rds.force_admin_logging_level",
    "rds.force_autovacuum_logging_level", "rds.force_ssl", "rds.global_db_rpo", "rds.logical_replication", "rds.logically_replicate_unlogged_tables",
    "rds.log_retention_period", "rds.rds_superuser_reserved_connections", "rds.restrict_password_commands", "rds.superuser_variables",
    *(f"apg_plan_mgmt.{name}" for name in (
        "capture_plan_baselines", "explain_hashes", "log_plan_enforcement_result", "max_databases", "max_plans", "plan_capture_threshold",
        "plan_hash_version", "plan_retention_period", "unapproved_plan_execution_threshold", "use_plan_baselines",
    )),
))  # fmt: skip


def reserved(name: str) -> bool:
    """Whether no parameter called `name` may be made up."""
    lower = name.lower()
    return lower.startswith(FAMILIES) or (lower.split(".")[0] in SPACES and "." in lower)


def _hint(name: str) -> str | None:
    lower = name.lower()
    if lower in _ROLES:
        return _BY_FEATURE.format(next((feature for word, feature in _FEATURES.items() if word in lower), "Comprehend"))
    if lower == "aurora_ml_inference_timeout":
        return "This is a parameter of Aurora MySQL."
    if lower in _ELSEWHERE:
        return "Aurora PostgreSQL has this parameter; what it switches is not part of auroraml."
    return None


def unrecognized(name: str) -> UndefinedObject:
    """PostgreSQL's error for a name that is no parameter; DETAIL and HINT of the reserved ones are ours."""
    detail = f'"{name.split(".")[0]}" is a reserved prefix.' if reserved(name) and "." in name else None
    return UndefinedObject(f'unrecognized configuration parameter "{name}"', detail=detail, hint=_hint(name))
