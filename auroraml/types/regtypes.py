"""regtypes: text forms (being built)."""
