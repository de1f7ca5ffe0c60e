"""The OIDs of aws_ml's functions, which its rows and its kernels share."""

from __future__ import annotations

DETECT_SENTIMENT, INVOKE_ENDPOINT, INVOKE_MODEL, GET_EMBEDDINGS = 9_001, 9_002, 9_003, 9_004
