"""Functions and operators: PostgreSQL's rows, and the kernels behind them, which are loaded when one is first asked for."""
