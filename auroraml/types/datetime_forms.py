"""datetime_forms: text forms (being built)."""
