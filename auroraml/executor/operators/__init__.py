"""One module a family of plan nodes."""
