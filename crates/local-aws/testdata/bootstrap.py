#!/usr/bin/env python3
"""A function for tests: speaks the Runtime API and does what its payload, or AT_INIT, says."""

import http.client
import json
import os
import signal
import sys
import time

BASE = "/2018-06-01/runtime"


def call(method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request(method, BASE + path, body, headers or {})
    response = connection.getresponse()
    return response.status, dict(response.getheaders()), response.read()


def answer(request_id, value):
    return call("POST", f"/invocation/{request_id}/response", json.dumps(value))


def handle(request_id, headers, payload):
    command = payload.get("do", "echo") if isinstance(payload, dict) else "echo"
    if command == "echo":
        answer(request_id, payload)
    elif command == "environment":
        answer(request_id, dict(os.environ, CWD=os.getcwd()))
    elif command == "headers":
        answer(request_id, {name.lower(): value for name, value in headers.items()})
    elif command == "size":
        answer(request_id, len(payload["filler"]))
    elif command == "error":
        report = {"errorType": "Example.Error", "errorMessage": "as asked", "stackTrace": []}
        call("POST", f"/invocation/{request_id}/error", json.dumps(report))
    elif command == "unreadable error":
        call("POST", f"/invocation/{request_id}/error", "not JSON")
    elif command == "large answer":
        status, _, body = answer(request_id, "x" * payload["bytes"])
        print(f"{status} {json.loads(body).get('errorType')}", flush=True)
    elif command == "foreign id":
        status, _, body = answer("no-such-id", "stolen")
        answer(request_id, [status, json.loads(body)["errorType"]])
    elif command == "print":
        for number in range(payload["lines"]):
            print(f"out {number}")
        sys.stdout.flush()
        print("error output", file=sys.stderr)
        os.write(1, b"not UTF-8: \xff\n")
        answer(request_id, "printed")
    elif command == "exit":
        print("going down", file=sys.stderr, flush=True)
        os._exit(payload["status"])
    elif command == "exit after answer":
        answer(request_id, "last words")
        os._exit(0)
    elif command == "hang":
        print("hanging", flush=True)
        time.sleep(3600)


def main():
    at_init = os.environ.get("AT_INIT")
    if at_init == "exit":
        print("LEDGER_TABLE is missing", file=sys.stderr, flush=True)
        sys.exit(7)
    if at_init == "report":
        print("cannot go on", file=sys.stderr, flush=True)
        call("POST", "/init/error", '{"errorType": "Example.Init", "errorMessage": "no table"}')
        sys.exit(1)
    if at_init == "hang":
        print("waiting for nothing", file=sys.stderr, flush=True)
        time.sleep(3600)
    if os.environ.get("ON_SIGTERM") == "ignore":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif os.environ.get("ON_SIGTERM") == "finish":

        def finish(*_):
            print("finished", flush=True)
            os._exit(0)

        signal.signal(signal.SIGTERM, finish)
    while True:
        status, headers, body = call("GET", "/invocation/next")
        if status != 200:
            sys.exit(1)
        handle(headers["lambda-runtime-aws-request-id"], headers, json.loads(body))


main()
