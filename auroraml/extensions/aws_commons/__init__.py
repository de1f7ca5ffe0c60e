"""aws_commons: required by aws_ml; its own types come with S3."""
