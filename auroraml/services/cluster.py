"""Cluster: the DB cluster as IAM sees it: a role for each feature, what the roles may do, and the account and Region calls go to."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Protocol

from auroraml.errors import FeatureNotSupported
from auroraml.errors import SystemError as PgSystemError
from auroraml.lazy import difflib, pattern
from auroraml.records import dataclass
from auroraml.services.iam import Policy, RoleArn, Statement
from auroraml.services.iam import policy as read_policy
from auroraml.services.iam import role_arn as read_arn
from auroraml.services.protocols import ServiceFailure
from auroraml.services.tariffs import Sent
from auroraml.settings.regions import NAMES, WITHOUT_AURORA_ML, available

REGION = pattern(r"[a-z]{2}(?:-[a-z]+)+-\d")
KEYS = frozenset({"name", "region", "roles", "policies"})
DEFAULT_NAME, DEFAULT_REGION, DEFAULT_ACCOUNT = "auroraml", "us-east-1", "111122223333"
GEOGRAPHY = pattern(r"(?:us|eu|apac|jp|au|ca|global|us-gov)\.")


@dataclass(frozen=True, kw_only=True)
class Feature:
    """Something a role is attached for, with the actions that the guide's policy gives such a role."""

    name: str
    actions: tuple[str, ...]

    @property
    def policy(self) -> Policy:
        """What a role may do of which nothing else was said."""
        return Policy((Statement(actions=self.actions, resources=("*",)),))


FEATURES = {feature.name: feature for feature in (
    Feature(name="Comprehend", actions=("comprehend:DetectSentiment", "comprehend:BatchDetectSentiment")),
    Feature(name="SageMaker", actions=("sagemaker:InvokeEndpoint",)),
    Feature(name="Bedrock", actions=("bedrock:InvokeModel",)),
    Feature(name="s3Import", actions=("s3:GetObject", "s3:ListBucket")),
    Feature(name="s3Export", actions=("s3:PutObject", "s3:AbortMultipartUpload")),
    Feature(name="Lambda", actions=("lambda:InvokeFunction",)),
)}  # fmt: skip


class Placed(Protocol):
    """Where an endpoint is; empty: in the account and Region that calls go to."""

    @property
    def account(self) -> str:
        """The account's twelve digits."""

    @property
    def region(self) -> str:
        """The Region's code."""


class Cluster:
    """IAM is off until a configuration or the first role turns it on, and then stays on; safe for threads."""

    def __init__(self, table: Mapping[str, object] | None = None, *, region: str = "", real: bool = False) -> None:
        """`table` is [cluster] of the configuration; `real`: the services are Amazon's, which check for themselves."""
        self.on = table is not None
        self.real = real
        given = dict(table or {})
        strange = sorted(given.keys() - KEYS)
        if strange:
            raise ValueError(f"[cluster] has {strange[0]!r}, which is not one of {', '.join(sorted(KEYS))}")
        self.name = str(given.get("name", DEFAULT_NAME))
        self.region = str(given.get("region", region or DEFAULT_REGION))
        if not REGION.fullmatch(self.region):
            raise ValueError(f"[cluster] region {self.region!r} is not a Region's code, such as {DEFAULT_REGION}")
        self._roles: dict[str, RoleArn] = {}
        self._policies: dict[str, Policy] = {}
        self._lock = threading.Lock()
        for feature, arn in _table(given, "roles").items():
            self.add_role(feature=feature, role_arn=arn)  # type: ignore[arg-type] # checked there
        for role, document in _table(given, "policies").items():
            try:
                self.put_role_policy(role=role, policy=document)
            except ValueError as error:
                raise ValueError(f"[cluster.policies.{role}] {error}") from None

    @property
    def roles(self) -> Mapping[str, str]:
        """Each feature's role."""
        return {feature: arn.text for feature, arn in self._roles.items()}

    def add_role(self, *, feature: str, role_arn: str) -> None:
        """Attach a role for a feature, as add-role-to-db-cluster does; a feature has one role, and a role serves one feature."""
        found, arn = _feature(feature), read_arn(role_arn)
        with self._lock:
            holder = next((name for name, other in self._roles.items() if other.text == arn.text), None)
            if holder is not None:
                raise ValueError(f"role {arn.text} is already associated with feature {holder}")
            if found.name in self._roles:
                raise ValueError(f"feature {found.name} already has role {self._roles[found.name].text}: remove it first")
            self._roles = {**self._roles, found.name: arn}
            self.on = True

    def remove_role(self, *, feature: str, role_arn: str | None = None) -> None:
        """Take a feature's role away; IAM stays on, so that its calls fail from now on."""
        found = _feature(feature)
        with self._lock:
            arn = self._roles.get(found.name)
            if arn is None or (role_arn is not None and arn.text != role_arn):
                raise ValueError(f"feature {found.name} has no role{'' if role_arn is None else f' {role_arn}'}")
            self._roles = {name: other for name, other in self._roles.items() if name != found.name}

    def put_role_policy(self, *, role: str, policy: object) -> None:
        """Say what a role (its name or ARN) may do: AWS's policy document. Without one a role may do what the guide's policy for its feature allows."""
        name = read_arn(role).name if role.startswith("arn:") else role
        made = read_policy(policy)
        with self._lock:
            self._policies = {**self._policies, name: made}

    # Checks

    @property
    def checks(self) -> bool:
        """Whether calls are checked here."""
        return self.on and not self.real

    def check(self, sent: Sent) -> None:
        """Before a request: 0A000 in a Region without the service (text ours), 58000 without a role for it; ServiceFailure where the role may not call,
        as the service itself answers."""
        if not (self.real or available(sent.service, self.region)):
            self._refuse_region(sent.service)
        if not self.checks:
            return
        role = self.role(sent.service)
        for action, resource in _wanted(sent, role, self.region):
            refusal = self._allowed(role, sent.service).refusal(action, resource)
            if refusal is not None:
                on = "" if resource == "*" else f" on resource: {resource}"
                raise ServiceFailure("AccessDeniedException", f"User: {role.session(self.name)} is not authorized to perform: {action}{on} {refusal}",
                                     transient=False)  # fmt: skip

    def _refuse_region(self, service: str) -> None:
        place = f"{self.region} ({NAMES.get(self.region, 'unknown')})"
        missing = "Aurora machine learning" if self.region in WITHOUT_AURORA_ML else f"Amazon {service}"
        raise FeatureNotSupported(f"{missing} is not available in Region {place}",
                                  hint=f"It is available in {', '.join(code for code in NAMES if available(service, code))}.")  # fmt: skip

    def role(self, feature: str) -> RoleArn:
        """A feature's role; the error's text is remembered from Aurora's sibling extensions, no source confirms it."""
        found = self._roles.get(feature)
        if found is None:
            raise PgSystemError("credentials stored with the database cluster can't be accessed",
                                hint=f'Has the IAM role Amazon Resource Name (ARN) been associated with the feature-name "{feature}"?')  # fmt: skip
        return found

    def account(self, feature: str) -> str:
        """The account that calls go to: the role's, which is why an endpoint's name does not say it."""
        arn = self._roles.get(feature) if self.checks else None
        return DEFAULT_ACCOUNT if arn is None else arn.account

    def reaches(self, feature: str, place: Placed) -> bool:
        """Whether a call finds what is at `place`: it must be in the role's account and the cluster's Region."""
        if not self.checks:
            return True
        return place.account in ("", self.account(feature)) and place.region in ("", self.region)

    def _allowed(self, role: RoleArn, feature: str) -> Policy:
        return self._policies.get(role.name) or FEATURES[feature].policy


def _wanted(sent: Sent, role: RoleArn, region: str) -> list[tuple[str, str]]:
    """The actions a call needs, with the resource of each."""
    if sent.service == "Comprehend":  # has no resources; the guide asks for both actions, whichever a batch uses
        first = f"comprehend:{sent.operation}"
        return [(action, "*") for action in dict.fromkeys((first, *FEATURES["Comprehend"].actions))]
    if sent.service == "SageMaker":
        return [("sagemaker:InvokeEndpoint", f"arn:{role.partition}:sagemaker:{region}:{role.account}:endpoint/{sent.target}")]
    if sent.target.startswith("arn:"):
        return [("bedrock:InvokeModel", sent.target)]
    if GEOGRAPHY.match(sent.target):
        return [("bedrock:InvokeModel", f"arn:{role.partition}:bedrock:{region}:{role.account}:inference-profile/{sent.target}")]
    return [("bedrock:InvokeModel", f"arn:{role.partition}:bedrock:{region}::foundation-model/{sent.target}")]


def _feature(name: str) -> Feature:
    found = FEATURES.get(name)
    if found is None:
        near = difflib.get_close_matches(str(name).lower(), [known.lower() for known in FEATURES], 1)
        meant = next((f": perhaps {known}" for known in FEATURES if near and known.lower() == near[0]), "")
        raise ValueError(f"feature {name!r} is not one of {', '.join(FEATURES)}{meant}")
    return found


def _table(table: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = table.get(key, {})
    if not isinstance(found, Mapping):
        raise ValueError(f"[cluster.{key}] is a table")  # noqa: TRY004 - as all that is wrong in a configuration
    return found
