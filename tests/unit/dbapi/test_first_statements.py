"""The first statements of several threads at once, each of which has modules loaded."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import threading
import auroraml
database = auroraml.Database()
statements = ("SELECT 'x' || chr(65)", "SELECT to_char(date '2024-05-06', 'DD Mon')", "SELECT jsonb_build_object('a', 1)", "BEGIN; SELECT md5('a'); COMMIT",
              "CREATE TABLE t (a int)", "SELECT count(*) FROM pg_class", "SELECT sum(n) FROM generate_series(1, 9) AS n", "EXPLAIN SELECT 1")
start, failures = threading.Barrier(len(statements)), []
def run(statement):
    connection = database.connect(autocommit=True)
    start.wait()
    try:
        connection.execute(statement)
    except Exception as error:
        failures.append(repr(error))
threads = [threading.Thread(target=run, args=(statement,)) for statement in statements]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(failures)
"""


def test_threads_load_modules_whole() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
