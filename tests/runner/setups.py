"""What a golden file's `setup: name` prepares before its first block: SQL for PostgreSQL, SQL for auroraml, and endpoints.

`lateral`: functions of Aurora's kind, PL/pgSQL stand-ins on PostgreSQL (which would inline SQL wrappers), wrappers over an endpoint here.
`one_row`: the same, without batch mode. `unmigrated`: function migration is off, so both inline the same LANGUAGE SQL wrappers; PostgreSQL's
invoke_endpoint is its own concat_ws, which an endpoint imitates here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_TABLES = """
CREATE SCHEMA ts;
CREATE TABLE ts.r (id int, description varchar(200), score real);
INSERT INTO ts.r SELECT g, 'row ' || g, g % 100 FROM generate_series(1, 3333) g;
CREATE TABLE small (id int PRIMARY KEY, kind int, txt text);
INSERT INTO small SELECT g, g % 4, 'text ' || g FROM generate_series(1, 40) g;
ANALYZE;
"""
_POSTGRES = """
CREATE FUNCTION anomaly_score(description text) RETURNS real LANGUAGE plpgsql PARALLEL SAFE COST 5000 AS $$ BEGIN RETURN length(description); END $$;
CREATE FUNCTION classify(kind int, txt text, OUT category int) LANGUAGE plpgsql PARALLEL SAFE COST 5000 AS $$ BEGIN category := kind; END $$;
CREATE FUNCTION pairs(kind int, OUT label text, OUT weight real) LANGUAGE plpgsql PARALLEL SAFE COST 5000 AS $$ BEGIN label := 'x'; weight := kind; END $$;
"""
_AURORA = """
CREATE EXTENSION aws_ml CASCADE;
CREATE FUNCTION anomaly_score(description text) RETURNS real LANGUAGE SQL PARALLEL SAFE COST 5000
    AS $$ SELECT aws_sagemaker.invoke_endpoint('length-endpoint', NULL, description)::real $$;
CREATE FUNCTION classify(kind int, txt text, OUT category int) LANGUAGE SQL PARALLEL SAFE COST 5000
    AS $$ SELECT aws_sagemaker.invoke_endpoint('first-endpoint', NULL, kind, txt)::int $$;
CREATE FUNCTION pairs(kind int, OUT label text, OUT weight real) LANGUAGE SQL PARALLEL SAFE COST 5000
    AS $$ SELECT 'x'::text, aws_sagemaker.invoke_endpoint('first-endpoint', NULL, kind)::real $$;
SET auroraml.function_scan_cost = 'postgres';
"""
_STAND_INS = """
CREATE SCHEMA aws_sagemaker;
CREATE FUNCTION aws_sagemaker.invoke_endpoint(endpoint_name varchar, max_rows_per_batch int, VARIADIC model_input "any", OUT model_output varchar)
    LANGUAGE internal PARALLEL SAFE COST 5000 AS 'text_concat_ws';
CREATE SCHEMA aws_comprehend;
CREATE FUNCTION aws_comprehend.detect_sentiment(input_text varchar, language_code varchar, max_rows_per_batch int DEFAULT NULL,
    OUT sentiment varchar, OUT confidence real) LANGUAGE plpgsql PARALLEL SAFE COST 5000 AS $$ BEGIN sentiment := 'MIXED'; confidence := 1; END $$;
"""
_WRAPPERS = """
CREATE FUNCTION category(kind int, max_rows_per_batch int DEFAULT NULL) RETURNS int LANGUAGE SQL PARALLEL SAFE COST 5000
    AS $$ SELECT aws_sagemaker.invoke_endpoint('0', max_rows_per_batch, kind)::int $$;
CREATE FUNCTION pair(a int, b int, OUT number int) LANGUAGE SQL PARALLEL SAFE COST 5000
    AS $$ SELECT aws_sagemaker.invoke_endpoint('0', NULL, a, b)::int $$;
CREATE FUNCTION label(kind int, txt text) RETURNS text LANGUAGE SQL PARALLEL SAFE COST 5000
    AS $$ SELECT upper(aws_sagemaker.invoke_endpoint('x', NULL, kind, txt)) $$;
CREATE FUNCTION twice(kind int) RETURNS int LANGUAGE SQL AS $$ SELECT category(kind) * 2 $$;
CREATE FUNCTION scored(kind int, OUT label text, OUT weight real) LANGUAGE SQL AS $$ SELECT 'x'::text, aws_sagemaker.invoke_endpoint('0', NULL, kind)::real $$;
"""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """SQL run first, by engine; what auroraml's database is opened with."""

    postgres: str = ""
    aurora: str = ""
    options: Mapping[str, object] = field(default_factory=dict)


_ROLE = "arn:aws:iam::444455556666:role"
_SAGEMAKER = "arn:aws:sagemaker:eu-central-1:444455556666:endpoint"
_IAM: dict[str, object] = {
    "name": "labcluster",
    "region": "eu-central-1",
    "roles": {"Comprehend": f"{_ROLE}/service-role/labcluster-comprehend", "SageMaker": f"{_ROLE}/labcluster-sagemaker"},
    "policies": {
        "labcluster-sagemaker": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sagemaker:Invoke*", "Resource": [f"{_SAGEMAKER}/*-endpoint", f"{_SAGEMAKER}/churn-?"]},
                {"Effect": "Deny", "Action": "*", "Resource": f"{_SAGEMAKER}/half-*"},
            ],
        },
    },
}
_DENIED: dict[str, object] = {
    "roles": {"Comprehend": f"{_ROLE}/half", "Bedrock": f"{_ROLE}/titan"},
    "policies": {
        "titan": {"Statement": {"Effect": "Allow", "Action": "bedrock:Invoke*", "Resource": "arn:aws:bedrock:*::foundation-model/*v2:0"}},
        "half": {"Statement": {"Effect": "Allow", "Action": "comprehend:BatchDetectSentiment", "Resource": "*"}},
    },
}
_ONE_ROW = "SET apg_enable_batch_mode_function_execution = off;"
_UNMOVED = "SET apg_enable_function_migration = off;"
SETUPS = {
    "": Setup(),
    "lateral": Setup(postgres=_POSTGRES + _TABLES, aurora=_AURORA + _TABLES),
    "iam": Setup(aurora="CREATE EXTENSION aws_ml CASCADE;", options={"cluster": _IAM}),
    "denied": Setup(aurora="CREATE EXTENSION aws_ml CASCADE;", options={"cluster": _DENIED}),
    "one_row": Setup(postgres=_POSTGRES + _TABLES, aurora=_AURORA + _TABLES + _ONE_ROW),
    "unmigrated": Setup(postgres=_STAND_INS + _WRAPPERS + _TABLES, aurora="CREATE EXTENSION aws_ml CASCADE;" + _WRAPPERS + _TABLES + _UNMOVED),
}
