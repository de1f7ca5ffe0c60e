"""The picture of a statement: a page, a fragment for notebooks and a form for terminals, all of one model."""
