"""The catalog rows of aws_ml: schemas, role, functions with EXECUTE revoked from PUBLIC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from auroraml.catalog.catalog import Catalog
from auroraml.catalog.changes import Row
from auroraml.extensions.aws_ml.oids import DETECT_SENTIMENT, GET_EMBEDDINGS, INVOKE_ENDPOINT, INVOKE_MODEL
from auroraml.ir.expr import Const
from auroraml.ir.objects import AclItem, Function, Parameter, Role, Schema
from auroraml.services.protocols import MAX_DOCUMENTS
from auroraml.settings import Settings
from auroraml.settings.aurora import AURORAML_ML_ROLE, AURORAML_ML_VOLATILITY
from auroraml.settings.batches import AURORAML_COMPREHEND_BATCH_ROWS, AURORAML_ML_SCHEMA_USAGE, AURORAML_SAGEMAKER_BATCH_ROWS
from auroraml.types.pg_type import Attribute, PgType, Rep
from auroraml.types.table import ANY, BY_NAME, FLOAT4, INT4, RECORD, TEXT, VARCHAR

SENTIMENT = PgType(
    oid=RECORD.oid, name="record", rep=Rep.STRUCT, length=-1, kind="p", category="P",
    attributes=(Attribute(name="sentiment", type=VARCHAR), Attribute(name="confidence", type=FLOAT4)),
)  # fmt: skip


def first(owner: Role, new_oid: Callable[[], int], catalog: Catalog, settings: Settings) -> tuple[Row, ...]:
    """aws_ml 1.0; `owner` is rds_superuser, which is granted the new role aws_ml."""
    role = catalog.find_role("aws_ml") or Role(oid=new_oid(), name="aws_ml")
    member = owner if role.oid in owner.member_of else replace(owner, member_of=(*owner.member_of, role.oid))
    schemas = tuple(_schema(name, owner, role, new_oid, settings) for name in ("aws_comprehend", "aws_sagemaker"))
    volatility = settings[AURORAML_ML_VOLATILITY][0]  # pg_proc's letter is the word's first
    private = _callers(owner, role, settings)
    sentiment = Function(
        oid=DETECT_SENTIMENT, name="detect_sentiment", schema="aws_comprehend", result=SENTIMENT, language="c", source="detect_sentiment",
        volatility=volatility, parallel="s", cost=5000.0, batch=True, batch_rows=2, batch_setting=AURORAML_COMPREHEND_BATCH_ROWS.name, batch_request=MAX_DOCUMENTS,
        owner=owner.oid, acl=private,
        parameters=(
            Parameter(name="input_text", type=VARCHAR), Parameter(name="language_code", type=VARCHAR),
            Parameter(name="max_rows_per_batch", type=INT4, default=Const(type=INT4, value=None)),
            Parameter(name="sentiment", type=VARCHAR, mode="o"), Parameter(name="confidence", type=FLOAT4, mode="o"),
        ),
    )  # fmt: skip
    endpoint = Function(
        oid=INVOKE_ENDPOINT, name="invoke_endpoint", schema="aws_sagemaker", result=VARCHAR, language="c", source="invoke_endpoint",
        volatility=volatility, parallel="s", cost=5000.0, batch=True, batch_rows=1, batch_setting=AURORAML_SAGEMAKER_BATCH_ROWS.name, variadic=ANY.oid,
        owner=owner.oid, acl=private,
        parameters=(
            Parameter(name="endpoint_name", type=VARCHAR), Parameter(name="max_rows_per_batch", type=INT4),
            Parameter(name="model_input", type=ANY, mode="v"), Parameter(name="model_output", type=VARCHAR, mode="o"),
        ),
    )  # fmt: skip
    return (role, member, *schemas, sentiment, endpoint)


def _schema(name: str, owner: Role, role: Role, new_oid: Callable[[], int], settings: Settings) -> Schema:
    everyone = ((0, "U", owner.oid),) if settings[AURORAML_ML_SCHEMA_USAGE] == "public" else ()
    administrators = ((role.oid, "U", owner.oid),) if settings[AURORAML_ML_ROLE] == "execute" else ()
    return Schema(oid=new_oid(), name=name, owner=owner.oid, acl=((owner.oid, "UC", owner.oid), *everyone, *administrators))


def _callers(owner: Role, role: Role, settings: Settings) -> tuple[AclItem, ...]:
    """Who may call the functions: not PUBLIC."""
    administrators = ((role.oid, "X*", owner.oid),) if settings[AURORAML_ML_ROLE] == "execute" else ()
    return ((owner.oid, "X", owner.oid), *administrators)


def bedrock(owner: Role, new_oid: Callable[[], int], catalog: Catalog, settings: Settings) -> tuple[Row, ...]:
    """What aws_ml 2.0 adds. No batch mode, and parallel unsafe: the guide says that they "don't support batched or parallel calls"."""
    role = catalog.find_role("aws_ml")
    assert role is not None  # aws_ml 1.0 made it
    model, content, request = (
        Parameter(name=name, type=type) for name, type in (("model_id", VARCHAR), ("content_type", TEXT), ("model_input", TEXT))
    )
    invoke = Function(
        oid=INVOKE_MODEL, name="invoke_model", schema="aws_bedrock", result=VARCHAR, language="c", source="invoke_model",
        volatility=settings[AURORAML_ML_VOLATILITY][0], parallel="u", cost=5000.0, owner=owner.oid, acl=_callers(owner, role, settings),
        parameters=(model, content, Parameter(name="accept_type", type=TEXT), request, Parameter(name="model_output", type=VARCHAR, mode="o")),
    )  # fmt: skip
    embeddings = replace(
        invoke, oid=GET_EMBEDDINGS, name="invoke_model_get_embeddings", result=BY_NAME["_float8"], source="invoke_model_get_embeddings",
        parameters=(model, content, Parameter(name="json_key", type=TEXT), request, Parameter(name="model_output", type=BY_NAME["_float8"], mode="o")),
    )  # fmt: skip
    return _schema("aws_bedrock", owner, role, new_oid, settings), invoke, embeddings


SCRIPTS = {"1.0": first, "2.0": bedrock}
