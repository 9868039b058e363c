"""Hooks the stamper into botocore's event system.

`before-parameter-build` is emitted once per call, before the request is serialised, and not again for the SDK's
retries (`BaseClient._make_api_call`). boto3's resources turn Python values and condition objects into DynamoDB JSON in
handlers of the same event, registered for the whole service; this one is registered last at that level, so it sees
DynamoDB JSON from a client and from a resource alike. botocore fills in its own ClientRequestToken later still, so a
token seen here is the caller's. `after-call` comes once per call too, when the SDK's retries are over: this handler is the
first at its level, before a resource turns the answer into Python values.

The stamped request is not what botocore checks and serialises: its body is put in place in `before-call` (see _body.py).

aiobotocore emits the same events and calls handlers like these as they are.
"""

from __future__ import annotations

import logging
import sys
import weakref
from typing import Any

from ._answers import WATCHED, Answers, Call
from ._body import stamped_body
from ._errors import EncryptedItemError, LastwriterError, NotInstrumented, StampError
from ._stamper import Stamper

logger = logging.getLogger("lastwriter")

_ID = "lastwriter"
_STAMPED = "lastwriter-stamped"
_BEFORE = "before-parameter-build.dynamodb"
_BEFORE_CALL = "before-call.dynamodb"
_AFTER = "after-call.dynamodb"
_AFTER_ERROR = "after-call-error.dynamodb"

_hooks: weakref.WeakKeyDictionary[Any, Hook] = weakref.WeakKeyDictionary()


class Hook:
    """The handlers of one client."""

    def __init__(self, stamper: Stamper, strict: bool, hide: bool, put_into_body: bool = True):
        self.stamper = stamper
        # Only of a JSON body is it known how; DynamoDB has no other today.
        self._put_into_body = put_into_body
        self._answers = Answers(stamper, hide)
        self._strict = strict
        self._told: set[str] = set()

    def before_parameter_build(self, params: dict[str, Any], model: Any, context: Any = None, **_: Any) -> None:
        """Stamp the parameters of a call. `params` is the call's own dictionary; what it holds is the caller's."""
        operation = model.name
        if operation not in WATCHED:
            return
        stamped = None
        try:
            stamped = self.stamper.stamp(operation, params, self._failed)
        except Exception as error:  # A write must not fail for its stamp.
            self._failed(error)
        if not isinstance(context, dict):
            if stamped is not None:
                params.update(stamped.request)
            return
        asked = dict(params)
        context[_ID] = Call(operation, asked, asked, None) if stamped is None else Call(operation, asked, *stamped)
        if stamped is not None:
            if self._put_into_body:
                context[_STAMPED] = context[_ID]
            else:
                params.update(stamped.request)

    def before_call(self, params: dict[str, Any], context: Any = None, **_: Any) -> None:
        """Replace the body of a stamped call. `params` is the request as botocore has serialised it."""
        call = context.pop(_STAMPED, None) if isinstance(context, dict) else None
        if call is not None:
            params["body"] = stamped_body(params["body"], call.asked, call.sent)

    def after_call(self, parsed: dict[str, Any], http_response: Any = None, context: Any = None, **_: Any) -> None:
        """Learn from an answer, and hide the stamps in it."""
        call = context.get(_ID) if isinstance(context, dict) else None
        if call is None:
            return
        try:
            status = getattr(http_response, "status_code", 200)
            if status < 300:
                self._answers.read(call, parsed)
                return
            if status >= 500:
                self._answers.lost(call)
            self._answers.refused(call, parsed)
        except Exception as error:  # The call was made: its answer must reach the caller.
            self._log(error, "an answer could not be read for its stamps")

    def after_call_error(self, context: Any = None, **_: Any) -> None:
        """No answer came, after all of the SDK's retries."""
        call = context.get(_ID) if isinstance(context, dict) else None
        if call is not None:
            self._answers.lost(call)

    def _failed(self, error: Exception) -> None:
        if not self._strict:
            self._log(error, "a write went out without its stamp")
        elif isinstance(error, LastwriterError):
            raise error
        else:
            raise StampError(f"the write could not be stamped: {type(error).__name__}") from error

    def _log(self, error: Exception, what: str) -> None:
        # Each table whose items are signed is told: its writes stay without stamps until something is done.
        kind = str(error) if isinstance(error, EncryptedItemError) else what
        if kind in self._told:
            return
        self._told.add(kind)
        # An unknown error's message may hold a key or a value, so only its kind and place are told.
        reason = str(error) if isinstance(error, LastwriterError) else f"{type(error).__name__} at {_place(error)}"
        logger.error("%s, in %s (told once): %s", what, self.stamper.region, reason)


def _place(error: Exception) -> str:
    trace = error.__traceback__ or sys.exc_info()[2]
    if trace is None:
        return "an unknown place"
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f"{code.co_name}, line {trace.tb_lineno}"


def attach(client: Any, hook: Hook) -> None:
    """Put a hook into a client, in place of the one that it may have."""
    events = client.meta.events
    # First away with the earlier ones: botocore ignores a second registration under the same id.
    for event in (_BEFORE, _BEFORE_CALL, _AFTER, _AFTER_ERROR):
        events.unregister(event, unique_id=f"{_ID}-{event}")
    events.register_last(_BEFORE, hook.before_parameter_build, unique_id=f"{_ID}-{_BEFORE}")
    events.register(_BEFORE_CALL, hook.before_call, unique_id=f"{_ID}-{_BEFORE_CALL}")
    events.register_first(_AFTER, hook.after_call, unique_id=f"{_ID}-{_AFTER}")
    events.register(_AFTER_ERROR, hook.after_call_error, unique_id=f"{_ID}-{_AFTER_ERROR}")
    _hooks[client] = hook


def hook_of(client: Any) -> Hook:
    """The hook of an instrumented client, or NotInstrumented."""
    hook = _hooks.get(client)
    if hook is None:
        raise NotInstrumented("call lastwriter.instrument() on this client or resource first")
    return hook
