"""Storage: versioned column tables in memory, transactions, unique keys, sequences. Knows nothing of SQL."""
