"""Estimates: rows, selectivities, groups and widths by PostgreSQL's formulas (selfuncs.c, clausesel.c)."""
