"""The one error that a person is meant to see, and how AWS's own errors become it."""

from __future__ import annotations

from botocore import exceptions as boto


class DeployError(Exception):
    """Something stops the command.

    `problem` says what is wrong, `remedy` what to do about it. Both are shown; neither holds item keys or contents.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem if not remedy else f"{problem}\n  What to do: {remedy}")
        self.problem = problem
        self.remedy = remedy


NO_CREDENTIALS = (
    "set AWS_PROFILE to a profile of yours (see `aws configure list-profiles`), or sign in with `aws sso login`, "
    "and run the command again. Nothing was changed."
)


def code_of(error: boto.ClientError) -> str:
    """AWS's error code, such as `ResourceNotFoundException`."""
    return error.response.get("Error", {}).get("Code", "")


def message_of(error: boto.ClientError) -> str:
    """AWS's own sentence about an error."""
    return error.response.get("Error", {}).get("Message", str(error))


_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_INVALID = {
    "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure",
    "InvalidAccessKeyId", "InvalidSignatureException",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"}


def explain(error: Exception) -> DeployError | None:
    """AWS's or the SDK's error in our words; None for an error that is not theirs."""
    if isinstance(error, DeployError):
        return error
    if isinstance(error, boto.ProfileNotFound):
        return DeployError(f"The AWS profile does not exist: {error}", NO_CREDENTIALS)
    if isinstance(error, (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError)):
        return DeployError(f"There are no usable AWS credentials: {error}", NO_CREDENTIALS)
    if isinstance(error, (boto.TokenRetrievalError, boto.SSOTokenLoadError, boto.UnauthorizedSSOTokenError)):
        return DeployError(f"The AWS sign-in has ended: {error}", "run `aws sso login`, then the command again.")
    if isinstance(error, boto.EndpointConnectionError):
        return DeployError(
            f"AWS cannot be reached: {error}",
            "check the network and the proxy settings. If AWS_ENDPOINT_URL is set, it names an endpoint that does not "
            "answer.",
        )
    if isinstance(error, boto.ClientError):
        return _explain_client_error(error)
    if isinstance(error, boto.BotoCoreError):
        return DeployError(f"The request to AWS failed: {error}", "run the command again; every command can be.")
    return None


def _explain_client_error(error: boto.ClientError) -> DeployError:
    code, operation = code_of(error), error.operation_name
    if code in _EXPIRED:
        return DeployError("The AWS credentials have expired.", "sign in again, then run the command again.")
    if code in _INVALID:
        return DeployError(
            f"AWS does not accept these credentials ({code}).",
            "check AWS_PROFILE. The same answer comes from a Region that is not enabled for the account.",
        )
    if code in _DENIED:
        return DeployError(
            f"These credentials may not call {operation}: {message_of(error)}",
            "use a role that may, then run the command again: it goes on where it stopped.",
        )
    return DeployError(f"AWS refused {operation} ({code}): {message_of(error)}", "see infra/COMMANDS.md, Troubles.")
