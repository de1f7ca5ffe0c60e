"""The memory and disk that PostgreSQL would have taken for rows: sorts, hash tables, caches. Computed for EXPLAIN ANALYZE alone."""
