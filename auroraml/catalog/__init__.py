"""The catalog: PostgreSQL's rows and the users' as one immutable value, changes to it, privileges, statistics, and what is printed of them."""
