"""Teaching: what a plan and its service calls look like, in words and in pictures."""
