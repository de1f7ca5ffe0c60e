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
_ELSEWHERE = ("apg_ccm_enabled", "apg_enable_correlated_any_transform", "apg_enable_not_in_transform", "apg_enable_remove_redundant_inner_joins",
              "apg_enable_semijoin_push_down", "apg_enable_correlated_scalar_transform", "apg_enable_correlated_scalar_index_transform",
              "apg_enable_subquery_cache", "aurora_compute_plan_id")  # fmt: skip


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
