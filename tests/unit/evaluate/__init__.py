"""Tests of how expressions are computed."""
