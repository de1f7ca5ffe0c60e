"""What a golden file's `setup: name` prepares before its first block: SQL for PostgreSQL, SQL for auroraml, and endpoints.

`lateral`: functions of Aurora's kind, PL/pgSQL stand-ins on PostgreSQL (which would inline SQL wrappers), wrappers over an endpoint here.
"""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, kw_only=True)
class Setup:
    """SQL run first, by engine."""

    postgres: str = ""
    aurora: str = ""


SETUPS = {"": Setup(), "lateral": Setup(postgres=_POSTGRES + _TABLES, aurora=_AURORA + _TABLES)}
