"""Paths: candidate ways to compute a relation, and their dominance."""
