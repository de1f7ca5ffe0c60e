"""json: text forms (being built)."""
