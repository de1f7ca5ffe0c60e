"""Record a PostgreSQL server's statistics as the JSON document that `Connection.load_statistics` reads.

Run with PGHOST, PGPORT, PGUSER and PGDATABASE pointing at the server, as its superuser: `python tools/record_statistics.py schema > statistics.json`.
Index heights come from the extension pageinspect, which is made for the run in a transaction that is rolled back.
"""

from __future__ import annotations

import json
import subprocess
import sys

QUERY = """
SELECT jsonb_build_object('server', current_setting('server_version'), 'relations', coalesce(jsonb_agg(r ORDER BY r->>'name'), '[]'))
FROM (SELECT jsonb_build_object(
    'schema', n.nspname, 'name', c.relname, 'pages', c.relpages, 'tuples', c.reltuples, 'all_visible', c.relallvisible,
    'columns', (SELECT coalesce(jsonb_object_agg(s.attname, jsonb_build_object(
        'null_fraction', s.null_frac, 'width', s.avg_width, 'distinct', s.n_distinct, 'common_values', to_jsonb(s.most_common_vals::text::text[]),
        'common_frequencies', to_jsonb(s.most_common_freqs), 'histogram', to_jsonb(s.histogram_bounds::text::text[]), 'correlation', s.correlation)), '{}')
        FROM pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname),
    'indexes', (SELECT coalesce(jsonb_object_agg(i.relname, jsonb_build_object(
        'pages', i.relpages, 'height', (bt_metap(format('%I.%I', n.nspname, i.relname))).fastlevel,
        'least', (xpath('/row/v/text()', query_to_xml(format('SELECT min(%I)::text AS v FROM %I.%I', a.attname, n.nspname, c.relname), false, true, '')))[1]::text,
        'greatest', (xpath('/row/v/text()', query_to_xml(format('SELECT max(%I)::text AS v FROM %I.%I', a.attname, n.nspname, c.relname), false, true, '')))[1]::text)), '{}')
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[0]
        WHERE x.indrelid = c.oid)) AS r
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :'schema' AND c.relkind IN ('r', 'm')) q
"""


def main() -> None:
    """Print the statistics of one schema."""
    schema = sys.argv[1] if len(sys.argv) > 1 else "public"
    script = f"BEGIN;\nCREATE EXTENSION IF NOT EXISTS pageinspect;\n{QUERY};\nROLLBACK;\n"
    done = subprocess.run(
        ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", f"schema={schema}"], input=script, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    json.dump(json.loads(done.stdout), sys.stdout, indent=1, sort_keys=True)


if __name__ == "__main__":
    main()
