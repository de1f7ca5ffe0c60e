"""Record a PostgreSQL server's statistics as the JSON document that `Connection.load_statistics` reads.

Run with PGHOST, PGPORT, PGUSER and PGDATABASE pointing at the server: `python tools/record_statistics.py [schema] > statistics.json`. Any role that may
read the tables will do. A superuser's document has the heights of indexes too: they come from the extension pageinspect, which is made for the run in a
transaction that is rolled back.
"""

from __future__ import annotations

import json
import subprocess
import sys

from auroraml.catalog.statistics_query import STATISTICS_QUERY


def main() -> None:
    """Print the statistics of one schema, or of all."""
    script = f"""BEGIN;
SELECT current_setting('is_superuser') = 'on' AS super \\gset
\\if :super
CREATE EXTENSION IF NOT EXISTS pageinspect;
\\endif
{STATISTICS_QUERY};
ROLLBACK;
"""
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"], input=script, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    document = json.loads(done.stdout)
    if len(sys.argv) > 1:
        document["relations"] = [relation for relation in document["relations"] if relation["schema"] == sys.argv[1]]
    json.dump(document, sys.stdout, indent=1, sort_keys=True)


if __name__ == "__main__":
    main()
