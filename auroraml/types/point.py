"""point: text forms (being built)."""
