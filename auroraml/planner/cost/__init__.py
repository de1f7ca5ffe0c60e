"""PostgreSQL's cost formulas: numbers in, numbers out; initial and final cost as PostgreSQL splits them."""
