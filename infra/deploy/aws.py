"""AWS clients, one for each service and Region, and whose account they are."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.deploy.errors import DeployError, code_of
from infra.deploy.regions import partition_of

_INVOCATION_TIMEOUT = 930
"""Seconds. A function may take 900; a client that hears nothing would send the invocation again after its own limit."""


def _config(service: str) -> Config:
    return Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=10,
                  read_timeout=_INVOCATION_TIMEOUT if service == "lambda" else 60)


class Aws(Protocol):
    """What the commands need of AWS. Tests pass a double."""

    def client(self, service: str, region: str) -> Any:
        """A boto3 client."""

    @property
    def account(self) -> str:
        """The twelve digits of the account."""


@dataclass
class BotoClients(Aws):
    """The real clients, by boto3's default credential chain."""

    session: boto3.session.Session = field(default_factory=boto3.session.Session)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    _account: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, service: str, region: str) -> Any:
        """The client of a service in a Region, made once. Clients may be shared by threads, making them may not."""
        key = (service, region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self.session.client(service, region_name=region, config=_config(service))
            return self._clients[key]

    @property
    def account(self) -> str:
        """The account of the credentials; `identify` has to have been called."""
        return self._account

    def identify(self, region: str) -> str:
        """Ask STS who we are, so that missing or expired credentials show before anything else is done."""
        answer = self.client("sts", region).get_caller_identity()
        self._account = answer["Account"]
        return answer["Arn"]


def check_regions_enabled(aws: Aws, regions: list[str]) -> None:
    """Each Region answers to these credentials: a Region that is not enabled for the account refuses them.

    Regions launched since 2019 have to be enabled by hand (AWS General Reference, "Enable or disable AWS Regions").
    """
    for region in regions:
        try:
            aws.client("dynamodb", region).list_tables(Limit=1)
        except ClientError as error:
            if code_of(error) in ("UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure"):
                raise DeployError(
                    f"{region} refuses the credentials that other Regions accept. Nothing was changed.",
                    f"enable the Region for the account: aws account enable-region --region-name {region}",
                ) from error
            raise


def arn(service: str, region: str, account: str, resource: str) -> str:
    """An ARN in the Region's partition."""
    return f"arn:{partition_of(region)}:{service}:{region}:{account}:{resource}"
