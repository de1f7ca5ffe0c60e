"""AWS Regions: their names, and which have Aurora machine learning for PostgreSQL 15 and each of its services."""

from __future__ import annotations

# Names, and where a service has an endpoint: AWS's partition data as botocore 1.44.8 carries it. Where Aurora PostgreSQL 15 has machine learning
# (15.2 and higher): "Supported Regions and DB engines for Aurora machine learning", April 2026.
NAMES = {
    "af-south-1": "Africa (Cape Town)", "ap-east-1": "Asia Pacific (Hong Kong)", "ap-east-2": "Asia Pacific (Taipei)",
    "ap-northeast-1": "Asia Pacific (Tokyo)", "ap-northeast-2": "Asia Pacific (Seoul)", "ap-northeast-3": "Asia Pacific (Osaka)",
    "ap-south-1": "Asia Pacific (Mumbai)", "ap-south-2": "Asia Pacific (Hyderabad)", "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)", "ap-southeast-3": "Asia Pacific (Jakarta)", "ap-southeast-4": "Asia Pacific (Melbourne)",
    "ap-southeast-5": "Asia Pacific (Malaysia)", "ap-southeast-6": "Asia Pacific (New Zealand)", "ap-southeast-7": "Asia Pacific (Thailand)",
    "ca-central-1": "Canada (Central)", "ca-west-1": "Canada West (Calgary)", "cn-north-1": "China (Beijing)", "cn-northwest-1": "China (Ningxia)",
    "eu-central-1": "Europe (Frankfurt)", "eu-central-2": "Europe (Zurich)", "eu-north-1": "Europe (Stockholm)", "eu-south-1": "Europe (Milan)",
    "eu-south-2": "Europe (Spain)", "eu-west-1": "Europe (Ireland)", "eu-west-2": "Europe (London)", "eu-west-3": "Europe (Paris)",
    "il-central-1": "Israel (Tel Aviv)", "me-central-1": "Middle East (UAE)", "me-south-1": "Middle East (Bahrain)",
    "mx-central-1": "Mexico (Central)", "sa-east-1": "South America (Sao Paulo)", "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)", "us-gov-east-1": "AWS GovCloud (US-East)", "us-gov-west-1": "AWS GovCloud (US-West)",
    "us-west-1": "US West (N. California)", "us-west-2": "US West (Oregon)",
}  # fmt: skip
WITHOUT_AURORA_ML = frozenset({"af-south-1", "eu-south-1", "mx-central-1"})
_CHINA = frozenset({"cn-north-1", "cn-northwest-1"})
SERVICES = {
    "Comprehend": frozenset({
        "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-west-1", "eu-west-2",
        "us-east-1", "us-east-2", "us-gov-west-1", "us-west-2",
    }),
    "SageMaker": frozenset(NAMES),
    "Bedrock": frozenset(NAMES) - _CHINA - {"ap-east-1"},
}  # fmt: skip


def available(service: str, region: str) -> bool:
    """Whether an Aurora PostgreSQL cluster in `region` can call `service` there."""
    return region not in WITHOUT_AURORA_ML and region in SERVICES[service]
