"""Check the domain: the delegation of its hosted zone, and the certificate."""

import os
from typing import Any

import msgspec
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from ecs.aws import Aws
from ecs.errors import SkippedError, UsageError, translate

RESOLVER = "https://dns.google/resolve"
"""Public DNS over HTTPS, because the resolver of the local network may see other zones, or be blocked."""
NO_ERROR, SERVER_FAILURE, NO_SUCH_NAME, NS = 0, 2, 3, 2


def check_domain(aws: Aws) -> str:
    """Check that the certificate is issued for the domain, and the hosted zone public and delegated to.

    Raises:
        UsageError: the certificate is not issued, or the zone is private or not delegated to. In such a zone
            CloudFormation would wait for days for a new certificate.
        SkippedError: a permission is missing, or public DNS can't be reached.
    """
    try:
        found = [_certificate(aws)] if aws.settings.certificate_arn else []
        found += [_zone(aws)] if aws.settings.hosted_zone_id else []
    except ClientError as error:
        if error.response["Error"]["Code"].startswith("AccessDenied"):
            raise SkippedError(str(translate(error))) from error
        raise
    return "; ".join(found) or "no certificate: plain HTTP"


def _zone(aws: Aws) -> str:
    zone_id, domain = aws.settings.hosted_zone_id, aws.settings.domain_name
    route53 = aws.client("route53")
    found = route53.get_hosted_zone(Id=zone_id)
    zone = found["HostedZone"]["Name"].rstrip(".")
    if found["HostedZone"].get("Config", {}).get("PrivateZone"):
        sentence = f"The hosted zone {zone_id} ({zone}) is private: nobody outside its VPC sees names in it."
        raise UsageError(sentence, hint="Set hosted_zone_id to the public zone of that name, or make one.")
    if not f".{domain}".endswith(f".{zone}"):
        sentence = f"domain_name {domain} is not in the hosted zone {zone_id}, which holds {zone}."
        raise UsageError(sentence, hint="Set domain_name to a name in it, or hosted_zone_id to its zone.")
    servers = {name.lower().rstrip(".") for name in found["DelegationSet"]["NameServers"]}
    named = _name_servers(zone)
    if not servers & named:
        raise UsageError(
            f"{zone} is not delegated to the hosted zone {zone_id}, so a certificate made in it would wait "
            f"for days: public DNS names {', '.join(sorted(named)) or 'no name server that answers'}.",
            hint=f"At the registrar of {zone}, or in the zone above, enter {', '.join(sorted(servers))}.",
        )
    return f"{zone} is public and delegated to {zone_id}, and holds {domain}"


def _name_servers(zone: str) -> set[str]:
    url = f"{RESOLVER}?name={zone}.&type=NS"
    ca_bundle: Any = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or True
    unknown = f"{zone} is public; whether it is delegated to"
    http = URLLib3Session(verify=ca_bundle, proxies=get_environ_proxies(url), timeout=5)
    try:
        answer = msgspec.json.decode(http.send(AWSRequest("GET", url).prepare()).content, type=dict[str, Any])
    except (BotoCoreError, msgspec.DecodeError) as error:
        raise SkippedError(f"{unknown} can't be seen: {error}") from error
    if answer.get("Status") not in {NO_ERROR, SERVER_FAILURE, NO_SUCH_NAME}:
        raise SkippedError(f"{unknown}, {RESOLVER} does not say: {answer}")
    records = answer.get("Answer", [])
    return {record["data"].lower().rstrip(".") for record in records if record["type"] == NS}


def _certificate(aws: Aws) -> str:
    arn, domain = aws.settings.certificate_arn, aws.settings.domain_name
    hint = f"Set certificate_arn to a certificate for {domain} that is issued, in {aws.region}."
    if (region := arn.split(":")[3]) != aws.region:
        raise UsageError(f"The certificate is in {region}, and the balancer in {aws.region}.", hint=hint)
    acm = aws.client("acm")
    certificate = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    if certificate["Status"] != "ISSUED":
        raise UsageError(f"The certificate {arn} is not issued, but {certificate['Status']}.", hint=hint)
    names = {certificate["DomainName"], *certificate.get("SubjectAlternativeNames", [])}
    if not names & {domain, f"*.{domain.partition('.')[2]}"}:
        raise UsageError(f"The certificate is for {', '.join(sorted(names))}, not for {domain}.", hint=hint)
    return f"a certificate is issued for {domain}"
