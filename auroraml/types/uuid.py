"""uuid: text forms (being built)."""
