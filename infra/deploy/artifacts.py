"""The zips that Lambda runs and the templates that CloudFormation reads: finding, naming and uploading them."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy import templates
from infra.deploy.aws import Aws
from infra.deploy.errors import DeployError, code_of
from infra.deploy.planning import is_pending

ROOT = Path(__file__).resolve().parent.parent.parent

MAX_INLINE_TEMPLATE_BYTES = 51_200
"""Bytes. CloudFormation quotas: a larger template body has to come from S3, up to 1 MB."""

_MACHINES = {0x3E: "x86_64", 0xB7: "arm64"}
"""e_machine of the ELF header, by Lambda's name of the architecture."""

STREAM_PROCESSOR = "stream-processor"
TABLE_REPORTER = "table-reporter"
ZIP_VARIABLES = {STREAM_PROCESSOR: "LASTWRITER_ZIP", TABLE_REPORTER: "LASTWRITER_REPORTER_ZIP"}
"""Environment variables that name a zip elsewhere than where `make build` puts it."""


@dataclass(frozen=True)
class Artifact:
    """A function's zip on this machine."""

    function: str
    path: Path
    digest: str
    architecture: str

    @property
    def key(self) -> str:
        """Its key in a bucket: by content, so that CloudFormation sees a change exactly when the code changed."""
        return f"{self.function}/{self.digest}.zip"

    @property
    def code_sha256(self) -> str:
        """What Lambda's CodeSha256 says when it runs this zip."""
        return base64.b64encode(bytes.fromhex(self.digest)).decode()


def load(function: str) -> Artifact:
    """The function's zip as `make build` left it, checked to be what provided.al2023 can run."""
    variable = ZIP_VARIABLES[function]
    path = Path(os.environ.get(variable) or ROOT / "target" / "lambda" / function / "bootstrap.zip")
    if not path.is_file():
        raise DeployError(
            f"The code of {function} is not built: there is no {_display_path(path)}. Nothing was changed.",
            f"run `make build` first, or name a built zip in {variable}.",
        )
    data = path.read_bytes()
    return Artifact(function, path, hashlib.sha256(data).hexdigest(), _architecture(path))


def _architecture(path: Path) -> str:
    """The architecture of the zip's bootstrap, from its ELF header."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("bootstrap") as file:
            header = file.read(20)
    except (zipfile.BadZipFile, KeyError) as error:
        raise DeployError(
            f"{_display_path(path)} is not a zip with a `bootstrap` at its top.", "build it again with `make build`."
        ) from error
    if header[:4] != b"\x7fELF" or len(header) < 20:
        raise DeployError(
            f"The bootstrap in {_display_path(path)} is not a Linux program.",
            "build it with `make build` (cargo lambda)."
        )
    machine = struct.unpack("<H", header[18:20])[0]
    if machine not in _MACHINES:
        raise DeployError(
            f"The bootstrap in {_display_path(path)} is built for a machine that Lambda does not have "
            f"(ELF {machine:#x}).",
            "build it for x86_64 or arm64.",
        )
    return _MACHINES[machine]


def _display_path(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


@dataclass
class Store:
    """The artifact bucket of every Region."""

    aws: Aws
    buckets: dict[str, str]

    def upload(self, region: str, artifact: Artifact) -> str:
        """Put the zip into the Region's bucket if it is not there, and give its key."""
        self._put(region, artifact.key, artifact.path.read_bytes())
        return artifact.key

    def template(self, region: str, path: Path) -> dict[str, str]:
        """The template as an argument of CloudFormation: inline where it fits, else from the Region's bucket.

        Where that bucket is only planned, the change set is only looked at, and the compact template does.
        """
        body = path.read_bytes()
        if len(body) <= MAX_INLINE_TEMPLATE_BYTES:
            return {"TemplateBody": body.decode()}
        if is_pending(self.buckets.get(region, "")):
            return {"TemplateBody": templates.body(templates.compact(path.stem))}
        key = f"templates/{path.stem}-{hashlib.sha256(body).hexdigest()[:16]}.yaml"
        bucket = self._put(region, key, body)
        endpoint = self.aws.client("s3", region).meta.endpoint_url
        return {"TemplateURL": template_url(endpoint, bucket, key)}

    def _put(self, region: str, key: str, body: bytes) -> str:
        if region not in self.buckets:
            raise DeployError(f"There is no artifact bucket in {region}.", "run `make deploy` or `make attach` first.")
        bucket, owner = self.buckets[region], self.aws.account
        client: Any = self.aws.client("s3", region)
        try:
            client.head_object(Bucket=bucket, Key=key, ExpectedBucketOwner=owner)
            return bucket
        except ClientError as error:
            if code_of(error) not in ("404", "NoSuchKey", "NotFound"):
                raise
        client.put_object(Bucket=bucket, Key=key, Body=body, ExpectedBucketOwner=owner, ChecksumAlgorithm="SHA256")
        return bucket


def template_url(endpoint: str, bucket: str, key: str) -> str:
    """The address under which CloudFormation finds an object: virtual-hosted on AWS, by path elsewhere."""
    scheme, host = endpoint.split("://", 1)
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu")):
        return f"{scheme}://{bucket}.{host}/{key}"
    return f"{endpoint.rstrip('/')}/{bucket}/{key}"
