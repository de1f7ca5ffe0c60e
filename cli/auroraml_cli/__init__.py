"""auroraml-sql: psql's manners over an embedded auroraml database."""
