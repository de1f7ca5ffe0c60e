"""PostgreSQL's preparation steps in PostgreSQL's order, one module a rule; function migration runs before them."""
