"""The real services through boto3, behind the same protocols as the embedded ones."""
