"""`python -m sandbox.mailbox`: SMTP in a thread, HTTP in front, until a signal."""

from sandbox.chassis import json_log
from sandbox.chassis.clock import Clock
from sandbox.chassis.serving import build_server, serve_until_signal
from sandbox.mailbox.app import Mailbox
from sandbox.mailbox.config import Settings
from sandbox.mailbox.faults import Faults
from sandbox.mailbox.mail_folder import MailFolder
from sandbox.mailbox.smtp import Inbox, SmtpServer

_THREADS = 8


def main() -> None:
    """Run the mailbox. SMTP comes first, so whoever sees `/healthz` answer can send."""
    settings = Settings()
    json_log.configure(program="mailbox", level=settings.log_level)
    folder, faults = MailFolder(settings.mailbox_folder), Faults()
    inbox = Inbox(folder=folder, faults=faults, clock=Clock(settings.clock_file), hold_s=settings.mailbox_hold_s)
    smtp = SmtpServer(inbox, listen=settings.mailbox_smtp_listen, size_limit=settings.mailbox_size_limit)
    app = Mailbox(folder=folder, faults=faults).app()
    server = build_server(app, listen=settings.mailbox_http_listen, threads=_THREADS)
    smtp.start()
    serve_until_signal(server, on_stop=smtp.stop)


if __name__ == "__main__":
    main()
