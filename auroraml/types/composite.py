"""composite: text forms (being built)."""
