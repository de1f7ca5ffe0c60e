"""Settings: values, units, transactions, contexts; what PostgreSQL 15 answered."""

from __future__ import annotations

import pytest

from auroraml import errors
from auroraml.settings import Settings, group_values
from auroraml.settings.aurora import AURORAML_FUNCTION_SCAN_COST
from auroraml.settings.core import SEARCH_PATH
from auroraml.settings.planner import WORK_MEM


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("work_mem", "64MB", "64MB"),
        ("work_mem", "1024", "1MB"),
        ("work_mem", "1025", "1025kB"),
        ("WORK_MEM", " 2 GB", "2GB"),
        ("shared_buffers", "", "128MB"),
        ("statement_timeout", "1500", "1500ms"),
        ("statement_timeout", "1.5s", "1500ms"),
        ("statement_timeout", "60s", "1min"),
        ("seq_page_cost", "1.50", "1.5"),
        ("enable_seqscan", "f", "off"),
        ("DateStyle", "german", "German, DMY"),
        ("TimeZone", "utc", "UTC"),
        ("timezone", "-5", "<-05>+05"),
        ("constraint_exclusion", "true", "on"),
        ("My.Setting", "v", "v"),
    ],
)
def test_values_are_shown_as_postgresql_shows_them(name: str, text: str, shown: str) -> None:
    settings = Settings()
    if text:
        settings.set(name, text)
    assert settings.show(name) == shown


@pytest.mark.parametrize(
    ("name", "text", "sqlstate", "message"),
    [
        ("work_mem", "x", "22023", 'invalid value for parameter "work_mem": "x"'),
        ("work_mem", "1", "22023", '1 kB is outside the valid range for parameter "work_mem" (64 .. 2147483647)'),
        ("seq_page_cost", "-1", "22023", '-1 is outside the valid range for parameter "seq_page_cost" (0 .. 1.79769e+308)'),
        ("enable_seqscan", "maybe", "22023", 'parameter "enable_seqscan" requires a Boolean value'),
        ("nope", "1", "42704", 'unrecognized configuration parameter "nope"'),
        ("max_connections", "1", "55P02", 'parameter "max_connections" cannot be changed without restarting the server'),
        ("server_version", "1", "55P02", 'parameter "server_version" cannot be changed'),
        ("auroraml.nope", "1", "42704", 'unrecognized configuration parameter "auroraml.nope"'),
        ("a b.c", "1", "42602", 'invalid configuration parameter name "a b.c"'),
    ],
)
def test_refusals(name: str, text: str, sqlstate: str, message: str) -> None:
    with pytest.raises(errors.DatabaseError) as caught:
        Settings().set(name, text)
    assert (caught.value.sqlstate, caught.value.diag.message_primary) == (sqlstate, message)


def test_a_transaction_undoes_what_it_set() -> None:
    settings = Settings()
    settings.set("work_mem", "1MB")
    settings.push()
    settings.set("work_mem", "2MB", local=True)
    settings.set("search_path", "a")
    settings.push()
    settings.set("work_mem", "3MB")
    settings.rollback(1)
    assert settings[WORK_MEM] == 2048
    settings.commit()
    assert (settings[WORK_MEM], settings[SEARCH_PATH]) == (1024, "a")
    settings.push()
    settings.reset("work_mem")
    settings.rollback()
    assert settings[WORK_MEM] == 1024


def test_group_values_lie_beneath_the_session() -> None:
    settings = Settings(group_values({"work_mem": "8MB", "auroraml.function_scan_cost": "postgres", "max_connections": 10}))
    settings.set("work_mem", "1MB")
    settings.reset("work_mem")
    assert settings.show("work_mem") == "8MB"
    assert settings[AURORAML_FUNCTION_SCAN_COST] == "postgres"
    assert settings.show("max_connections") == "10"


def test_only_superusers_set_superuser_parameters() -> None:
    with pytest.raises(errors.InsufficientPrivilege, match='permission denied to set parameter "deadlock_timeout"'):
        Settings().set("deadlock_timeout", "1s", superuser=False)
