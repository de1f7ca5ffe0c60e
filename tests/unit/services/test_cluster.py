"""IAM: role ARNs, policies, features, what a call needs, the configuration's [cluster] table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from moto import mock_aws

import auroraml
from auroraml import errors
from auroraml.services.cluster import FEATURES, Cluster
from auroraml.services.endpoints import Callable
from auroraml.services.iam import Policy, policy, role_arn
from auroraml.services.protocols import ServiceFailure
from tests.unit.services.test_charges import Call

ROLE = "arn:aws:iam::444455556666:role/service-role/aurora-ml"
OTHER = "arn:aws:iam::444455556666:role/another"


def allow(action: object, resource: object) -> Policy:
    return policy({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource}})


def test_a_role_arn() -> None:
    arn = role_arn(ROLE)
    assert (arn.account, arn.name, arn.session("me")) == ("444455556666", "aurora-ml", "arn:aws:sts::444455556666:assumed-role/aurora-ml/me")
    assert role_arn("arn:aws-cn:iam::444455556666:role/x").session("me").startswith("arn:aws-cn:sts::")


@pytest.mark.parametrize(
    "text", ["aurora-ml", "arn:aws:iam::44445555666:role/x", "arn:aws:iam::444455556666:user/x", "arn:aws:iam::444455556666:role/", None, 1]
)
def test_what_is_no_role_arn(text: object) -> None:
    with pytest.raises(ValueError, match="is not the ARN of a role"):
        role_arn(text)


@pytest.mark.parametrize(
    ("action", "resource", "asked", "on", "allowed"),
    [
        ("sagemaker:InvokeEndpoint", "*", "sagemaker:InvokeEndpoint", "arn:a", True),
        ("sagemaker:invokeendpoint", "*", "sagemaker:InvokeEndpoint", "arn:a", True),
        ("sagemaker:*", "*", "sagemaker:InvokeEndpoint", "arn:a", True),
        ("*", "*", "sagemaker:InvokeEndpoint", "arn:a", True),
        ("sagemaker:Invoke", "*", "sagemaker:InvokeEndpoint", "arn:a", False),
        ("sagemaker:InvokeEndpoint", "arn:?", "sagemaker:InvokeEndpoint", "arn:a", True),
        ("sagemaker:InvokeEndpoint", "arn:?", "sagemaker:InvokeEndpoint", "arn:ab", False),
        ("sagemaker:InvokeEndpoint", "arn:*/b", "sagemaker:InvokeEndpoint", "arn:x/y/b", True),
        ("sagemaker:InvokeEndpoint", "arn:A", "sagemaker:InvokeEndpoint", "arn:a", False),
        ("sagemaker:InvokeEndpoint", "arn:a.", "sagemaker:InvokeEndpoint", "arn:ab", False),
        (["comprehend:DetectSentiment", "comprehend:BatchDetectSentiment"], "*", "comprehend:BatchDetectSentiment", "*", True),
        ("comprehend:BatchDetectSentiment", "arn:aws:comprehend:*", "comprehend:BatchDetectSentiment", "*", False),
    ],
)
def test_patterns(action: object, resource: object, asked: str, on: str, allowed: bool) -> None:
    assert (allow(action, resource).refusal(asked, on) is None) is allowed


def test_a_deny_goes_before_every_allow() -> None:
    made = policy([
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Sid": "not that", "Effect": "Deny", "Action": "sagemaker:*", "Resource": ["arn:b", "arn:c"]},
    ])  # fmt: skip
    assert made.refusal("sagemaker:InvokeEndpoint", "arn:a") is None
    assert made.refusal("sagemaker:InvokeEndpoint", "arn:c") == "with an explicit deny in an identity-based policy"
    assert Policy().refusal("a:B", "*") == "because no identity-based policy allows the a:B action"


@pytest.mark.parametrize(
    ("document", "part"),
    [
        ({}, "one Statement or more"),
        ([], "one Statement or more"),
        ("Allow", "one Statement or more"),
        (["Allow"], "a table of Effect, Action and Resource"),
        ({"statement": []}, "'statement' of a policy is not supported"),
        ({"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}, "Effect is Allow or Deny, not 'allow'"),
        ({"Statement": {"Effect": "Allow", "Action": "*"}}, "Resource is a text or a list of texts"),
        ({"Statement": {"Effect": "Allow", "Action": [], "Resource": "*"}}, "Action is a text or a list of texts"),
        ({"Statement": {"Effect": "Allow", "Action": "InvokeEndpoint", "Resource": "*"}}, "not written service:Operation"),
        ({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {}}}, "'Condition' of a statement is not supported"),
    ],
)
def test_policies_that_are_not_understood(document: object, part: str) -> None:
    with pytest.raises(ValueError, match=part):
        policy(document)


def refused(cluster: Cluster, sent: Call) -> str:
    with pytest.raises(ServiceFailure) as caught:
        cluster.check(sent)
    assert (caught.value.code, caught.value.transient) == ("AccessDeniedException", False)
    return caught.value.message


MODEL = "anthropic.claude-3-haiku-20240307-v1:0"


@pytest.mark.parametrize(
    ("target", "resource"),
    [
        (MODEL, f"arn:aws:bedrock:us-east-1::foundation-model/{MODEL}"),
        (f"eu.{MODEL}", f"arn:aws:bedrock:us-east-1:444455556666:inference-profile/eu.{MODEL}"),
        ("arn:aws:bedrock:us-east-1:444455556666:provisioned-model/abc", "arn:aws:bedrock:us-east-1:444455556666:provisioned-model/abc"),
    ],
)
def test_bedrock_models_are_arns(target: str, resource: str) -> None:
    cluster = Cluster({"roles": {"Bedrock": ROLE}})
    sent = Call(service="Bedrock", operation="InvokeModel", target=target)
    cluster.check(sent)
    cluster.put_role_policy(role="aurora-ml", policy={"Statement": {"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": resource}})
    cluster.check(sent)
    cluster.put_role_policy(
        role=ROLE, policy={"Statement": {"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": "arn:aws:bedrock:other"}}
    )
    assert refused(cluster, sent) == (
        "User: arn:aws:sts::444455556666:assumed-role/aurora-ml/auroraml is not authorized to perform: bedrock:InvokeModel "
        f"on resource: {resource} because no identity-based policy allows the bedrock:InvokeModel action"
    )


@pytest.mark.parametrize("lacking", ["comprehend:DetectSentiment", "comprehend:BatchDetectSentiment"])
def test_comprehend_needs_both_actions(lacking: str) -> None:
    cluster = Cluster({"roles": {"Comprehend": ROLE}})
    sent = Call(service="Comprehend", operation="BatchDetectSentiment", target="en")
    cluster.check(sent)
    (has,) = {*FEATURES["Comprehend"].actions} - {lacking}
    cluster.put_role_policy(role="aurora-ml", policy={"Statement": {"Effect": "Allow", "Action": has, "Resource": "*"}})
    message = refused(cluster, sent)
    assert f"not authorized to perform: {lacking} because" in message
    assert "on resource" not in message


def test_off_until_the_first_role_and_on_after_the_last() -> None:
    with auroraml.connect(user="rdsadmin", autocommit=True) as connection:
        connection.execute("CREATE EXTENSION aws_ml CASCADE")
        call = "SELECT aws_comprehend.detect_sentiment('I love it', 'en')"
        connection.execute(call)
        cluster = connection.database.cluster
        cluster.add_role(feature="s3Import", role_arn=OTHER)
        with pytest.raises(errors.SystemError, match="credentials stored") as caught:
            connection.execute(call)
        assert caught.value.diag.message_hint == ('Has the IAM role Amazon Resource Name (ARN) been associated with the feature-name "Comprehend"?')
        cluster.add_role(feature="Comprehend", role_arn=ROLE)
        connection.execute(call)
        assert cluster.roles == {"s3Import": OTHER, "Comprehend": ROLE}
        cluster.remove_role(feature="s3Import", role_arn=OTHER)
        cluster.remove_role(feature="Comprehend")
        with pytest.raises(errors.SystemError, match="credentials stored"):
            connection.execute(call)
        assert len(connection.database.service_clients.log.records()) == 2


def test_features_and_roles() -> None:
    cluster = Cluster()
    assert not cluster.on
    for feature in FEATURES:
        cluster.add_role(feature=feature, role_arn=f"arn:aws:iam::444455556666:role/{feature}")
    with pytest.raises(ValueError, match=r"feature 'Comrehend' is not one of Comprehend, .*: perhaps Comprehend"):
        cluster.add_role(feature="Comrehend", role_arn=ROLE)
    with pytest.raises(ValueError, match=r"feature 'sagemaker' is not one of .*: perhaps SageMaker"):
        cluster.add_role(feature="sagemaker", role_arn=ROLE)
    with pytest.raises(ValueError, match=r"feature Lambda already has role .*/Lambda: remove it first"):
        cluster.add_role(feature="Lambda", role_arn=ROLE)
    cluster.remove_role(feature="Lambda")
    with pytest.raises(ValueError, match=r"role .*/s3Import is already associated with feature s3Import"):
        cluster.add_role(feature="Lambda", role_arn="arn:aws:iam::444455556666:role/s3Import")
    with pytest.raises(ValueError, match=r"feature Lambda has no role"):
        cluster.remove_role(feature="Lambda")
    with pytest.raises(ValueError, match=f"feature Bedrock has no role {ROLE}"):
        cluster.remove_role(feature="Bedrock", role_arn=ROLE)


CONFIG = """
[cluster]
name = "labcluster"
region = "eu-west-1"

[cluster.roles]
SageMaker = "arn:aws:iam::444455556666:role/lab"

[[cluster.policies.lab.Statement]]
Effect = "Allow"
Action = "sagemaker:InvokeEndpoint"
Resource = "arn:aws:sagemaker:eu-west-1:444455556666:endpoint/near*"

[endpoints.near]
kind = "http"
url = "http://localhost:1"

[endpoints.nearby]
kind = "http"
url = "http://localhost:1"
account = "111111111111"
"""


def test_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "auroraml.toml").write_text(CONFIG, encoding="utf-8")
    with auroraml.connect(
        config=tmp_path / "auroraml.toml", endpoints={"near": lambda table: [1], "far": lambda table: [2]}, user="rdsadmin", autocommit=True
    ) as connection:
        connection.execute("CREATE EXTENSION aws_ml CASCADE")
        assert connection.execute("SELECT aws_sagemaker.invoke_endpoint('near', NULL, 1)").fetchone() == ("1",)
        for name, part in (("far", "endpoint/far because"), ("nearby", "Endpoint nearby of account 444455556666 not found.")):
            with pytest.raises(errors.SystemError) as caught:
                connection.execute(f"SELECT aws_sagemaker.invoke_endpoint('{name}', NULL, 1)")
            assert part in str(caught.value.diag.message_detail)


@pytest.mark.parametrize(
    ("table", "part"),
    [
        ({"role": {}}, r"\[cluster\] has 'role', which is not one of name, policies, region, roles"),
        ({"region": "Ireland"}, "region 'Ireland' is not a Region's code"),
        ({"roles": "x"}, r"\[cluster.roles\] is a table"),
        ({"roles": {"Comrehend": ROLE}}, "feature 'Comrehend' is not one of"),
        ({"roles": {"Comprehend": "lab"}}, "'lab' is not the ARN of a role"),
        ({"roles": {"Comprehend": ROLE, "Bedrock": ROLE}}, "already associated with feature Comprehend"),
        ({"policies": {"lab": {}}}, r"\[cluster.policies.lab\] a policy has one Statement or more"),
        ({"policies": {"lab": {"Statement": {"Effect": "Allow"}}}}, r"\[cluster.policies.lab\] Action is"),
    ],
)
def test_configurations_that_are_wrong(table: Mapping[str, object], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        auroraml.connect(cluster=table)


def test_an_endpoint_has_an_account_of_twelve_digits() -> None:
    with pytest.raises(ValueError, match="account '123' is not twelve digits"):
        Callable(len).at(account="123")


def test_amazon_checks_for_itself() -> None:
    with mock_aws(), auroraml.connect(services="aws", region="eu-central-1", cluster={}, user="rdsadmin", autocommit=True) as connection:
        connection.execute("CREATE EXTENSION aws_ml CASCADE")
        assert connection.execute("SELECT aws_sagemaker.invoke_endpoint('e', NULL, 1, 'x')").fetchone() == ("body",)
