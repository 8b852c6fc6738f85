"""The shop's end of a webhook: a real HTTP server that remembers what came and answers as it is told."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class WebhookReceiver:
    """Answers 200 unless `answers` holds other statuses, which are used up one by one."""

    def __init__(self, *, port: int) -> None:
        self.received: list[dict[str, Any]] = []
        self.answers: list[int] = []
        self.port = port
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.received.append(body)
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def events_of(self, payment_id: str) -> list[str]:
        """Return the events about one payment or refund of the acquirer, in the order of their coming."""
        return [note["event"] for note in list(self.received) if note["object"]["id"] == payment_id]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
