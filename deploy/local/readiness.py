"""Tells whether a process is ready, by asking it the way its callers would."""

import socket
import urllib.request

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from deploy.local import mongo, rabbit
from deploy.local.ports import HOST
from deploy.local.process import AmqpReady, ConsumerReady, GrpcReady, HttpReady, MongoReady, PortReady, Ready

_ASK_S = 2


def is_ready(ready: Ready) -> bool:
    """Ask once, for at most a few seconds."""
    match ready:
        case GrpcReady(address):
            return _serves(address)
        case HttpReady(url):
            return _answers_ok(url)
        case ConsumerReady(amqp_url, queue):
            return rabbit.has_consumer(amqp_url, queue)
        case MongoReady(port):
            return mongo.try_make_ready(port=port)
        case AmqpReady(amqp_url):
            return rabbit.answers(amqp_url)
        case PortReady(port):
            return _listens(port)


def _serves(address: str) -> bool:
    with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=_ASK_S)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _answers_ok(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_ASK_S) as response:
            return bool(response.status == 200)
    except OSError:  # URLError and HTTPError are OSErrors
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(_ASK_S)
        return probe.connect_ex((HOST, port)) == 0
