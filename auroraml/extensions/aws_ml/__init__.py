"""aws_ml: aws_comprehend.detect_sentiment and aws_sagemaker.invoke_endpoint (AWS: Using Aurora machine learning with Aurora PostgreSQL)."""

from __future__ import annotations

from auroraml.extensions.aws_ml.rows import SCRIPTS

__all__ = ["SCRIPTS"]
