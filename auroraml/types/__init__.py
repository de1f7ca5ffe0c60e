"""Types: the table of OIDs and representations, and each family's text forms, casts and typmods."""
