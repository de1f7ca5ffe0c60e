"""Random small schemas, random queries over them, and how many of those two engines plan alike."""
