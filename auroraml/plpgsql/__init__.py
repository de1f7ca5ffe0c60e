"""PL/pgSQL: bodies read into trees, their expressions compiled once, run statement by statement; for trigger functions, functions and DO."""
