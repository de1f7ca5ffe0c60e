"""Set-returning functions."""
