"""Instances of a cluster: the release, the Region, the instance class, readers; the parameter group and what waits for a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

import auroraml
from auroraml import errors
from auroraml.settings.instances import CLASSES, RELEASES
from auroraml.settings.regions import NAMES, SERVICES


def value(connection: auroraml.Connection, sql: str) -> object:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return row[0]


def opened(**parameters: object) -> auroraml.Connection:
    return auroraml.connect(user="rdsadmin", autocommit=True, parameters={name.replace("__", "."): given for name, given in parameters.items()})


@pytest.mark.parametrize(
    ("name", "processes", "workers", "connections"),
    [
        ("db.t3.small", 8, 8, 225),
        ("db.r6g.large", 8, 8, 1802),
        ("db.r6g.xlarge", 8, 8, 3604),
        ("db.r6g.2xlarge", 16, 8, 5000),
        ("db.r6g.8xlarge", 64, 16, 5000),
        ("db.r5.12xlarge", 96, 24, 5000),
        ("db.x2g.16xlarge", 128, 32, 5000),
        ("db.r7i.24xlarge", 192, 48, 5000),
        ("db.r8g.48xlarge", 384, 96, 5000),
    ],
)
def test_the_instance_class_sets_auroras_formulas(name: str, processes: int, workers: int, connections: int) -> None:
    found = opened(auroraml__instance_class=name).execute(
        "SELECT name, setting::int, boot_val::int, reset_val::int, source FROM pg_settings"
        " WHERE name IN ('max_connections', 'max_parallel_workers', 'max_worker_processes') ORDER BY name"
    )
    assert found.fetchall() == [
        ("max_connections", connections, 100, connections, "configuration file"),
        ("max_parallel_workers", workers, 8, workers, "configuration file"),
        ("max_worker_processes", processes, 8, processes, "configuration file"),
    ]


def test_the_parameter_group_goes_before_the_formulas() -> None:
    with opened(auroraml__instance_class="db.r6g.8xlarge", max_worker_processes=12) as connection:
        assert value(connection, "SHOW max_worker_processes") == "12"
        assert value(connection, "SHOW max_parallel_workers") == "16"


def test_an_unknown_class_is_refused_with_the_known_ones() -> None:
    with pytest.raises(errors.InvalidParameterValue, match="invalid value for parameter") as caught:
        opened(auroraml__instance_class="db.r9.large")
    assert caught.value.diag.message_hint == f"Available values: none, {', '.join(CLASSES)}."


def test_the_table_of_classes_is_whole() -> None:
    assert len(CLASSES) == 86
    assert (CLASSES["db.r4.large"].memory, CLASSES["db.r4.16xlarge"].memory, CLASSES["db.r6i.32xlarge"].vcpus) == (15.25, 488, 128)
    assert {"db.r6id.large", "db.r6gd.large", "db.r7g.24xlarge", "db.r7i.32xlarge", "db.r4.12xlarge"}.isdisjoint(CLASSES)


@pytest.mark.parametrize(
    ("engine", "name", "texts"),
    [
        (
            "15.5",
            "db.r5.large",
            ("15.5", "150005", "15.5.0", "PostgreSQL 15.5 on x86_64-pc-linux-gnu, compiled by x86_64-pc-linux-gnu-gcc (GCC) 9.5.0, 64-bit"),
        ),
        (
            "15.10.2",
            "db.r8g.large",
            (
                "15.10",
                "150010",
                "15.10.2",
                "PostgreSQL 15.10 on aarch64-unknown-linux-gnu, compiled by aarch64-unknown-linux-gnu-gcc (GCC) 9.5.0, 64-bit",
            ),
        ),
    ],
)
def test_the_release_is_what_the_server_says_it_is(engine: str, name: str, texts: tuple[str, ...]) -> None:
    connection = opened(auroraml__engine_version=engine, auroraml__instance_class=name)
    row = connection.execute(
        "SELECT current_setting('server_version'), current_setting('server_version_num'), aurora_version(), version(),"
        " boot_val, reset_val, source FROM pg_settings WHERE name = 'server_version'"
    ).fetchone()
    assert row == (*texts, texts[0], texts[0], "default")
    assert connection.info.server_version == int(texts[1])


@pytest.mark.parametrize("engine", ["15.1", "15.16", "14.9", "16.1", "15", "15.5.x", ""])
def test_other_engines_are_refused_with_the_known_ones(engine: str) -> None:
    with pytest.raises(errors.InvalidParameterValue, match=f'invalid value for parameter "auroraml.engine_version": "{engine}"') as caught:
        opened(auroraml__engine_version=engine)
    assert caught.value.diag.message_hint == f"Available values: {', '.join(RELEASES)}."


def test_the_region_is_one_for_parameters_cluster_and_services(tmp_path: Path) -> None:
    assert value(opened(auroraml__region="eu-west-1"), "SHOW auroraml.region") == "eu-west-1"
    with auroraml.Database(cluster={"region": "eu-central-1"}) as database:
        assert value(database.connect(), "SHOW auroraml.region") == "eu-central-1"
    with auroraml.Database(parameters={"auroraml.region": "eu-west-2"}) as database:
        assert database.cluster.region == "eu-west-2"
        database.set_parameters({"auroraml.region": "eu-west-3"})
        assert (database.cluster.region, database.pending_restart("auroraml.region")) == ("eu-west-2", True)
        database.restart()
        assert (database.cluster.region, value(database.connect(), "SHOW auroraml.region")) == ("eu-west-3", "eu-west-3")
    with pytest.raises(ValueError, match="the Region is named differently: eu-west-1, us-west-2"):
        auroraml.Database(cluster={"region": "eu-west-1"}, parameters={"auroraml.region": "us-west-2"})
    with pytest.raises(errors.InvalidParameterValue, match="invalid value for parameter"):
        opened(auroraml__region="moon-1")
    assert all(regions <= set(NAMES) for regions in SERVICES.values())


def test_a_file_names_the_instance(tmp_path: Path) -> None:
    file = tmp_path / "cluster.toml"
    file.write_text('[parameter_group]\n"auroraml.engine_version" = "15.4"\nauroraml.instance_class = "db.r6g.4xlarge"\nwork_mem = "8MB"\n')
    with auroraml.connect(config=file) as connection:
        assert value(connection, "SELECT aurora_version()") == "15.4.0"
        assert value(connection, "SHOW max_worker_processes") == "32"
        assert value(connection, "SHOW work_mem") == "8MB"


def test_postmaster_parameters_wait_for_a_restart() -> None:
    with auroraml.Database() as database:
        connection = database.connect(autocommit=True)
        other = database.connect(autocommit=True)
        other.execute("SET work_mem = '2MB'")
        database.set_parameters({"max_worker_processes": 20, "work_mem": "16MB", "track_functions": "all"})
        assert value(connection, "SHOW work_mem") == "16MB"
        assert value(other, "SHOW work_mem") == "2MB"
        assert value(other, "SHOW track_functions") == "all"
        assert value(connection, "SHOW max_worker_processes") == "8"
        pending = "SELECT name FROM pg_settings WHERE pending_restart"
        assert connection.execute(pending).fetchall() == [("max_worker_processes",)]
        database.set_parameters({"max_worker_processes": 8})
        assert connection.execute(pending).fetchall() == []
        database.set_parameters({"max_worker_processes": 20})
        database.restart()
        again = database.connect(autocommit=True)
        assert value(again, "SHOW max_worker_processes") == "20"
        assert again.execute(pending).fetchall() == []
        database.reset_parameters("max_worker_processes", "work_mem")
        assert (value(again, "SHOW work_mem"), value(again, "SHOW max_worker_processes")) == ("4MB", "20")
        assert again.execute(pending).fetchall() == [("max_worker_processes",)]
        database.restart()
        assert value(database.connect(), "SHOW max_worker_processes") == "8"


def test_set_refuses_postmaster_parameters() -> None:
    connection = auroraml.connect(autocommit=True)
    for name in ("auroraml.engine_version", "auroraml.region", "auroraml.instance_class", "max_connections"):
        with pytest.raises(errors.CantChangeRuntimeParam, match=f'parameter "{name}" cannot be changed without restarting the server'):
            connection.execute(f"SET {name} = '1'")


def test_writer_and_reader_share_the_storage() -> None:
    with auroraml.Database() as database:
        writer = database.connect(autocommit=True)
        reader = database.connect(instance="reader", autocommit=True)
        writer.execute("CREATE TABLE t AS SELECT 1 AS a")
        assert (value(writer, "SELECT pg_is_in_recovery()"), value(reader, "SELECT pg_is_in_recovery()")) == (False, True)
        assert value(reader, "SELECT a FROM t") == 1
        with pytest.raises(errors.ReadOnlySqlTransaction, match="cannot execute UPDATE in a read-only transaction"):
            reader.execute("UPDATE t SET a = 2")
        writer.execute("UPDATE t SET a = 3")
        assert value(reader, "SELECT a FROM t") == 3
    with pytest.raises(ValueError, match="instance is 'writer' or 'reader', not 'replica'"):
        auroraml.connect(instance="replica")


def test_a_reader_takes_no_data_from_python() -> None:
    reader = auroraml.connect(instance="reader", autocommit=True)
    with pytest.raises(errors.ReadOnlySqlTransaction, match="cannot execute COPY FROM in a read-only transaction"):
        reader.register("t", {"a": [1, 2]})
    with pytest.raises(errors.ReadOnlySqlTransaction, match="cannot execute ANALYZE in a read-only transaction"):
        reader.load_statistics({"relations": []})
