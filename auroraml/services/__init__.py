"""Machine-learning services: our own few calls over Arrow rows, working models on this machine, and the real services."""
