"""A private mongod as a one-member replica set: how it is found, started and made ready.

A replica set even for one member, because change streams, transactions and `w=majority` exist only there.
"""

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.ports import HOST
from deploy.local.waiting import wait_until

REPLICA_SET = "kabinet"
_ALREADY_INITIALIZED = 23


class NoMongod(Exception):
    """There is no mongod on this machine."""


def find_mongod() -> str:
    """Return the path of a mongod: the machine's own, else the one of the development wheel."""
    on_path = shutil.which("mongod")
    if on_path:
        return on_path
    spec = importlib.util.find_spec("fiftyone")
    for folder in spec.submodule_search_locations or [] if spec else []:
        candidate = Path(folder) / "db" / "bin" / "mongod"
        if candidate.exists():
            return str(candidate)
    raise NoMongod("no mongod on PATH and none in .venv; set MONGO_URL, or run deploy/local/install.sh again")


def command(*, folder: Path, port: int) -> tuple[str, ...]:
    """Return the command line of a small mongod that keeps everything in `folder` and listens on loopback only."""
    return (
        find_mongod(),
        *("--dbpath", str(folder)),
        *("--port", str(port)),
        *("--bind_ip", HOST),
        "--nounixsocket",
        *("--replSet", REPLICA_SET),
        *("--wiredTigerCacheSizeGB", "0.25"),
        # A process killed within a transaction leaves it open; nobody should wait a minute for what it holds.
        *("--setParameter", "transactionLifetimeLimitSeconds=10"),
        *("--oplogSize", "256"),
        "--quiet",
        # Statistics for MongoDB's support: on two cores they cost more than they tell.
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        # Fault tests make single commands fail (failCommand). The server is private to this run and on loopback.
        *("--setParameter", "enableTestCommands=1"),
    )


def url(port: int) -> str:
    """Return the connection string of the replica set on `port`."""
    return f"mongodb://{HOST}:{port}/?replicaSet={REPLICA_SET}"


def make_ready(*, port: int, timeout_s: float = 30) -> None:
    """Initiate the replica set if it is new and wait until it accepts writes."""
    wait_until(lambda: try_make_ready(port=port), what="MongoDB accepts writes", timeout_s=timeout_s)


def try_make_ready(*, port: int) -> bool:
    """Initiate the replica set if it is new; say whether it accepts writes already."""
    with pymongo.MongoClient[dict[str, Any]](
        HOST, port, directConnection=True, serverSelectionTimeoutMS=500, connectTimeoutMS=500
    ) as client:
        return _is_primary(client) or (_initiate(client, port) and _is_primary(client))


def answers(mongo_url: str) -> bool:
    """Say whether a primary can be reached at `mongo_url` right now."""
    with pymongo.MongoClient[dict[str, Any]](mongo_url, serverSelectionTimeoutMS=1000) as client:
        return _is_primary(client)


def _initiate(client: pymongo.MongoClient[dict[str, Any]], port: int) -> bool:
    members = [{"_id": 0, "host": f"{HOST}:{port}"}]
    try:
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
    except OperationFailure as error:
        return error.code == _ALREADY_INITIALIZED
    except PyMongoError:
        return False
    return True


def _is_primary(client: pymongo.MongoClient[dict[str, Any]]) -> bool:
    try:
        return bool(client.admin.command("hello")["isWritablePrimary"])
    except PyMongoError:
        return False
