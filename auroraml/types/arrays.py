"""arrays: text forms (being built)."""
