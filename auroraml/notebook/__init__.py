"""The IPython extension: %sql and %%sql, results as tables, plans as pictures; `%load_ext auroraml` loads it."""
