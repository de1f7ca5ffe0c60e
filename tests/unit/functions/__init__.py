"""Tests of the kernels of functions."""
