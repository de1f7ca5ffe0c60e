"""Bind, authorize, optimize, choose, run: the one way from a Statement to running operators, for session and commands."""
