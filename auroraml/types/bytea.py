"""bytea: text forms (being built)."""
