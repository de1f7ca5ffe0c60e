"""Twelve lessons on Aurora ML as runnable texts: prose, SQL, and questions whose answers are computed from the run."""
