"""The query that exports a server's statistics as the document that load_statistics reads: one statement, for any role that may read the tables."""

from __future__ import annotations

_COLUMN = """jsonb_strip_nulls(jsonb_build_object(
      'null_fraction', s.null_frac, 'width', s.avg_width, 'distinct', s.n_distinct, 'common_values', to_jsonb(s.most_common_vals::text::text[]),
      'common_frequencies', to_jsonb(s.most_common_freqs), 'histogram', to_jsonb(s.histogram_bounds::text::text[]), 'correlation', s.correlation,
      'common_elements', to_jsonb(s.most_common_elems::text::text[]), 'element_frequencies', to_jsonb(s.most_common_elem_freqs),
      'element_counts', to_jsonb(s.elem_count_histogram)))"""
_PAGES = "pg_relation_size({}.oid) / current_setting('block_size')::int"
_END = """(SELECT v FROM XMLTABLE('/row' PASSING query_to_xml(format('SELECT %1$I::text AS v FROM %2$I.%3$I WHERE %1$I IS NOT NULL ORDER BY %1$I {} LIMIT 1',
        a.attname, n.nspname, c.relname), false, true, '') COLUMNS v text PATH 'v'))"""

STATISTICS_QUERY = f"""SELECT jsonb_build_object('server', current_setting('server_version'), 'date_style', current_setting('DateStyle'),
  'interval_style', current_setting('IntervalStyle'), 'relations', coalesce(jsonb_agg(r ORDER BY r->>'schema', r->>'name'), '[]'))
FROM (SELECT jsonb_build_object(
    'schema', n.nspname, 'name', c.relname, 'pages', c.relpages, 'current_pages', {_PAGES.format("c")}, 'tuples', c.reltuples,
    'all_visible', c.relallvisible,
    'columns', (SELECT coalesce(jsonb_object_agg(s.attname, {_COLUMN}), '{{}}')
      FROM pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND NOT s.inherited),
    'indexes', (SELECT coalesce(jsonb_object_agg(i.relname, jsonb_strip_nulls(jsonb_build_object(
      'pages', i.relpages, 'current_pages', {_PAGES.format("i")}, 'tuples', i.reltuples,
      'height', CASE WHEN to_regproc('bt_metap') IS NOT NULL AND current_setting('is_superuser') = 'on' AND m.amname = 'btree' THEN (SELECT v
        FROM XMLTABLE('/row' PASSING query_to_xml(format('SELECT fastlevel AS v FROM bt_metap(%L)', i.oid::regclass), false, true, '')
        COLUMNS v int PATH 'v')) END,
      'least', CASE WHEN a.attname IS NOT NULL AND m.amname = 'btree' AND has_table_privilege(c.oid, 'SELECT') THEN {_END.format("ASC")} END,
      'greatest', CASE WHEN a.attname IS NOT NULL AND m.amname = 'btree' AND has_table_privilege(c.oid, 'SELECT') THEN {_END.format("DESC")} END,
      'expressions', (SELECT jsonb_object_agg(s.attname, {_COLUMN})
        FROM pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = i.relname)))), '{{}}')
      FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am m ON m.oid = i.relam
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[0] AND x.indpred IS NULL WHERE x.indrelid = c.oid),
    'statistics', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
      'schema', e.statistics_schemaname, 'name', e.statistics_name,
      'columns', (SELECT jsonb_object_agg(a.attnum, a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = ANY (e.attnames)),
      'distinct', e.n_distinct::text, 'dependencies', encode(e.dependencies::bytea, 'hex'), 'common_values', to_jsonb(e.most_common_vals),
      'common_frequencies', to_jsonb(e.most_common_freqs), 'common_base_frequencies', to_jsonb(e.most_common_base_freqs),
      'expressions', (SELECT jsonb_agg({_COLUMN} ORDER BY o.place)
        FROM unnest(e.exprs) WITH ORDINALITY o (expr, place) JOIN pg_stats_ext_exprs s ON s.statistics_schemaname = e.statistics_schemaname
          AND s.statistics_name = e.statistics_name AND s.expr = o.expr)))), '[]')
      FROM pg_stats_ext e WHERE e.schemaname = n.nspname AND e.tablename = c.relname AND NOT e.inherited)) AS r
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_') q"""
