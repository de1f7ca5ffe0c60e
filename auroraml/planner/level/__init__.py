"""One query level as a flat, ordered value: relations, clauses, special joins, equivalence classes, pathkeys."""
