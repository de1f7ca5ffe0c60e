"""Commands: one module a family, reached through the Host protocol; most are loaded with the first statement that is no query."""
