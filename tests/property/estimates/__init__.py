"""Random correlated tables with statistics objects, and random conditions on them, for the comparison of row estimates."""
