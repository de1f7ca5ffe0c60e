"""Plans as data: catalog rows, expressions, logical and physical plans, metrics."""
