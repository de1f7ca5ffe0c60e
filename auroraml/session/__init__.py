"""One statement from text to ResultStream: block, portals, prepared statements, plan cache."""
