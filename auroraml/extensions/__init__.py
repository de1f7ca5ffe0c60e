"""Extensions: what CREATE EXTENSION can install."""
