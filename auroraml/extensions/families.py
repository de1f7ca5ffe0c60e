"""All modules that declare kernels of extensions; importing this one registers them."""

from __future__ import annotations

from auroraml.extensions.aws_ml import bedrock_kernels, kernels

__all__ = ["bedrock_kernels", "kernels"]
