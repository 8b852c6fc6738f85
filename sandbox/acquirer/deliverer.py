"""Takes notifications from their queue to the shop, in the background, within caps of time and size."""

import http.client
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from sqlite3 import Row
from urllib.parse import urlsplit

from sandbox.acquirer import webhook_queue
from sandbox.chassis import json_log
from sandbox.chassis.sqlite import Database

_TIMEOUT_S = 10.0
_ANSWER_LIMIT = 64 * 1024
_POLL_S = 0.2
_PARALLEL = 4


class Deliverer:
    """Posts what is due; the queue in the database is the truth, so a kill at any line costs a repetition at most."""

    def __init__(self, *, database: Database, url: str) -> None:
        self._database = database
        self._url = urlsplit(url)
        self._pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="webhook")
        self._in_flight: set[int] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def wake(self) -> None:
        """Look at the queue now rather than at the next poll."""
        self._wake.set()

    def stop(self) -> None:
        """Stop; attempts under way may be cut off, and are then made again at the next start."""
        self._stopped.set()
        self._wake.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._hand_out()
            except Exception:  # process boundary: the thread must outlive a bad moment of the database
                json_log.failure("webhook queue not read")
            self._wake.wait(_POLL_S)
            self._wake.clear()

    def _hand_out(self) -> None:
        """Read the queue under the lock: an attempt that ends meanwhile counts as in flight until the next look."""
        with self._lock:
            for webhook in webhook_queue.due(self._database.read(), wall_time=time.time(), limit=50):
                if webhook["webhook_id"] in self._in_flight or self._stopped.is_set():
                    continue
                self._in_flight.add(webhook["webhook_id"])
                self._pool.submit(self._attempt, webhook)

    def _attempt(self, webhook: Row) -> None:
        try:
            outcome = self._post(webhook["body"].encode())
            with self._database.write() as connection:
                webhook_queue.note_attempt(connection, webhook, outcome=outcome, wall_time=time.time())
            json_log.info("webhook", webhook_id=webhook["webhook_id"], subject=webhook["subject_id"], outcome=outcome)
        except Exception:  # process boundary
            json_log.failure("webhook attempt not noted", webhook_id=webhook["webhook_id"])
        finally:
            with self._lock:
                self._in_flight.discard(webhook["webhook_id"])

    def _post(self, body: bytes) -> str:
        """Return the status, or what went wrong. http.client follows no redirects, and none are wanted."""
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._url.hostname or "", self._url.port, timeout=_TIMEOUT_S)
        try:
            headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "kabinet-sandbox-acquirer"}
            connection.request("POST", self._path(), body, headers)
            answer = connection.getresponse()
            answer.read(_ANSWER_LIMIT)
            return str(answer.status)
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()

    def _path(self) -> str:
        path = self._url.path or "/"
        return f"{path}?{self._url.query}" if self._url.query else path
