"""A mail server that does what a test tells it to, also what a good one never does: hang up before it answers."""

import socketserver
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass(slots=True)
class MailServer:
    """Keeps each message it has received whole. `script` says how the next bodies are answered, 250 when it is empty.

    A three-digit text is the answer to DATA; `hang up` takes the message and answers nothing; `refuse` and `defer` are
    answers to the recipient.
    """

    script: list[str] = field(default_factory=list)
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    _server: socketserver.ThreadingTCPServer = field(init=False)

    def __post_init__(self) -> None:
        office = self

        class Dialogue(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                office.converse(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dialogue)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def converse(self, connection: socketserver.StreamRequestHandler) -> None:
        say(connection, "220 ready")
        while line := connection.rfile.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                say(connection, self._answer_to_recipient(line.decode()))
            elif verb == b"DATA":
                say(connection, "354 go on")
                if not self._receive(connection):
                    return
            else:
                say(connection, "250 fine")

    def _answer_to_recipient(self, line: str) -> str:
        if self.script and self.script[0] in {"refuse", "defer"}:
            return "550 nobody here" if self.script.pop(0) == "refuse" else "451 later"
        self.recipients.append(line.partition("<")[2].partition(">")[0])
        return "250 fine"

    def _receive(self, connection: socketserver.StreamRequestHandler) -> bool:
        lines = list(iter(connection.rfile.readline, b".\r\n"))
        answer = self.script.pop(0) if self.script else "250"
        if answer in {"250", "hang up"}:
            content = b"".join(line.removeprefix(b".") for line in lines)
            message = message_from_bytes(content, policy=default)
            assert isinstance(message, EmailMessage), "what the default policy makes"
            self.messages.append(message)
        if answer == "hang up":
            return False
        say(connection, f"{answer} so be it")
        return True


def say(connection: socketserver.StreamRequestHandler, text: str) -> None:
    connection.wfile.write(f"{text}\r\n".encode())
