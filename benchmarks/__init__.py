"""Benchmarks: each paired in one run against PostgreSQL 15 and DuckDB, or a hand-written loop."""
