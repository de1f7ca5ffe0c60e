"""Extensions by the instance's release, Region and rds.allowed_extensions, and across a restart."""

from __future__ import annotations

import pytest

import auroraml
from auroraml import errors
from auroraml.extensions.versions import PROVIDED
from auroraml.settings.instances import RELEASES

SENTIMENT = "SELECT (aws_comprehend.detect_sentiment('I love it', 'en')).sentiment"


def value(connection: auroraml.Connection, sql: str) -> object:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("engine", "versions"),
    [
        ("15.17", {"apg_plan_mgmt": "2.9", "aws_commons": "1.2", "aws_lambda": "2.0", "aws_ml": "2.0", "aws_s3": "2.0", "plpgsql": "1.0"}),
        ("15.5", {"apg_plan_mgmt": "2.6", "aws_commons": "1.2", "aws_lambda": "1.0", "aws_ml": "2.0", "aws_s3": "1.2", "plpgsql": "1.0"}),
        ("15.4", {"apg_plan_mgmt": "2.5", "aws_commons": "1.2", "aws_lambda": "1.0", "aws_ml": "1.0", "aws_s3": "1.2", "plpgsql": "1.0"}),
        ("15.2", {"apg_plan_mgmt": "2.4", "aws_commons": "1.2", "aws_lambda": "1.0", "aws_ml": "1.0", "aws_s3": "1.1", "plpgsql": "1.0"}),
    ],
)
def test_each_release_lists_its_versions(engine: str, versions: dict[str, str]) -> None:
    connection = auroraml.connect(parameters={"auroraml.engine_version": engine})
    assert dict(connection.execute("SELECT name, default_version FROM pg_available_extensions").fetchall()) == versions
    assert all(set(table) == set(RELEASES) for table in PROVIDED.values())


def test_before_15_5_there_is_no_bedrock() -> None:
    connection = auroraml.connect(autocommit=True, parameters={"auroraml.engine_version": "15.4"})
    assert connection.execute("SELECT version FROM pg_available_extension_versions WHERE name = 'aws_ml'").fetchall() == [("1.0",)]
    with pytest.raises(errors.InvalidParameterValue, match=r'has no installation script nor update path for version "2\.0"'):
        connection.execute("CREATE EXTENSION aws_ml VERSION '2.0' CASCADE")
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    assert value(connection, SENTIMENT) == "POSITIVE"
    with pytest.raises(errors.InvalidSchemaName, match='schema "aws_bedrock" does not exist'):
        connection.execute("SELECT aws_bedrock.invoke_model('a', 'b', 'c', 'd')")
    with pytest.raises(errors.InvalidParameterValue, match=r'has no update path from version "1\.0" to version "2\.0"'):
        connection.execute("ALTER EXTENSION aws_ml UPDATE TO '2.0'")


def test_an_upgraded_engine_keeps_the_installed_version_until_it_is_updated() -> None:
    with auroraml.Database(parameters={"auroraml.engine_version": "15.4"}) as database:
        database.connect(autocommit=True).execute("CREATE EXTENSION aws_ml CASCADE")
        database.set_parameters({"auroraml.engine_version": "15.5"})
        assert value(database.connect(), "SELECT aurora_version()") == "15.4.0"
        database.restart()
        connection = database.connect(autocommit=True)
        assert value(connection, "SELECT aurora_version()") == "15.5.0"
        row = connection.execute("SELECT default_version, installed_version FROM pg_available_extensions WHERE name = 'aws_ml'").fetchone()
        assert row == ("2.0", "1.0")
        connection.execute("ALTER EXTENSION aws_ml UPDATE TO '2.0'")
        assert value(connection, "SELECT count(*) FROM pg_namespace WHERE nspname = 'aws_bedrock'") == 1
        database.set_parameters({"auroraml.engine_version": "15.4"})
        database.restart()  # an engine goes back as a restored snapshot does: what is installed stays
        assert value(database.connect(), "SELECT extversion FROM pg_extension WHERE extname = 'aws_ml'") == "2.0"


def test_an_installed_version_that_the_release_lacks_has_no_update() -> None:
    with auroraml.Database() as database:
        database.connect(autocommit=True).execute("CREATE EXTENSION aws_ml CASCADE")
        database.set_parameters({"auroraml.engine_version": "15.4"})
        database.restart()
        with pytest.raises(errors.InvalidParameterValue, match=r'has no update path from version "2\.0" to version "1\.0"'):
            database.connect(autocommit=True).execute("ALTER EXTENSION aws_ml UPDATE")


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("af-south-1", "Aurora machine learning is not available in Region af-south-1 (Africa (Cape Town))"),
        ("eu-south-1", "Aurora machine learning is not available in Region eu-south-1 (Europe (Milan))"),
        ("eu-north-1", "Amazon Comprehend is not available in Region eu-north-1 (Europe (Stockholm))"),
    ],
)
def test_a_region_without_the_service_is_refused_when_it_is_called(region: str, message: str) -> None:
    connection = auroraml.connect(autocommit=True, parameters={"auroraml.region": region})
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    with pytest.raises(errors.FeatureNotSupported) as caught:
        connection.execute(SENTIMENT)
    assert caught.value.diag.message_primary == message
    assert str(caught.value.diag.message_hint).startswith("It is available in ap-northeast-1, ")
    assert connection.execute(f"{SENTIMENT} WHERE false").fetchall() == []


def test_a_region_with_one_service_has_that_one() -> None:
    endpoint = {"size": lambda texts: [len(texts)]}
    connection = auroraml.connect(autocommit=True, parameters={"auroraml.region": "eu-north-1"}, endpoints=endpoint)
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    assert value(connection, "SELECT aws_sagemaker.invoke_endpoint('size', NULL, 'one row'::text)") == "1"


def test_only_allowed_extensions_are_created() -> None:
    with auroraml.Database(parameters={"rds.allowed_extensions": "aws_commons, plpgsql"}) as database:
        connection = database.connect(autocommit=True)
        with pytest.raises(errors.InsufficientPrivilege, match='permission denied to create extension "aws_ml"') as caught:
            connection.execute("CREATE EXTENSION aws_ml CASCADE")
        assert caught.value.diag.message_hint == 'This extension is not specified in "rds.allowed_extensions".'
        connection.execute("CREATE EXTENSION aws_commons")
        database.set_parameters({"rds.allowed_extensions": "*"})
        connection.execute("CREATE EXTENSION aws_ml")
        connection.execute("DROP EXTENSION aws_commons CASCADE")
        database.set_parameters({"rds.allowed_extensions": "aws_ml"})
        with pytest.raises(errors.InsufficientPrivilege, match='permission denied to create extension "aws_commons"'):
            connection.execute("CREATE EXTENSION aws_ml CASCADE")
        database.connect(user="rdsadmin", autocommit=True).execute("CREATE EXTENSION aws_ml CASCADE")


def test_what_is_installed_in_template1_is_in_new_databases() -> None:
    with auroraml.Database() as database:
        database.connect(dbname="template1", autocommit=True).execute("CREATE EXTENSION aws_ml CASCADE")
        connection = database.connect(autocommit=True)
        connection.execute("CREATE DATABASE labdb")
        assert value(database.connect(dbname="labdb"), SENTIMENT) == "POSITIVE"
        with pytest.raises(errors.InvalidSchemaName, match='schema "aws_comprehend" does not exist'):
            connection.execute(SENTIMENT)
