"""Backslash commands: each module registers its own; those that list objects are SQL over pg_catalog."""
