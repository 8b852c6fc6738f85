"""A bare Flask application under the gateway's own gunicorn settings: what every page could cost at the least.

`/bare` answers at once; `/fan-out/<n>` first makes n bare gRPC calls side by side, as an overview makes real ones.
"""

import os
from functools import cache
from typing import Any

import grpc
from flask import Flask, Response, jsonify

app = Flask(__name__)
_BODY = {"value": "x" * 200}


@app.get("/healthz")
@app.get("/bare")
def bare() -> Response:
    """Answer."""
    return jsonify(_BODY)


@app.get("/fan-out/<int:calls>")
def fan_out(calls: int) -> Response:
    """Answer after `calls` calls that ran side by side."""
    method = _echo()
    for future in [method.future(b"x" * 200, timeout=2) for _ in range(calls)]:
        future.result()
    return jsonify(_BODY)


@cache
def _echo() -> Any:
    """Return the method; made after the fork, as channels must be."""
    channel: grpc.Channel = grpc.insecure_channel(os.environ["ECHO_ADDRESS"])
    return channel.unary_unary("/bench.Echo/Echo")
