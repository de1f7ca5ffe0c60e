"""Working models on this machine, behind the same protocols as the real services."""
