"""Genetic search for a join order, for lists of `geqo_threshold` relations and more."""
