"""Expressions to functions over batches: the only place that computes values; also folding, defaults, CHECK and index keys."""

from __future__ import annotations

from auroraml.evaluate.calling import Evaluator
from auroraml.evaluate.compile import compile, constant
from auroraml.evaluate.conditions import chosen, select, truth
from auroraml.evaluate.frame import Frame, Runtime, Taken, scatter

__all__ = ["Evaluator", "Frame", "Runtime", "Taken", "chosen", "compile", "constant", "scatter", "select", "truth"]
