"""Mail out, to people and tests: a page that lists and shows mails, the same as JSON, and the levers."""

import ipaddress
from urllib.parse import quote

from flask import Flask, Response, abort, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from sandbox.mailbox.contents import Attachment, attachments_of, html_of, text_of
from sandbox.mailbox.faults import Faults, Script
from sandbox.mailbox.mail_folder import MailFolder, MailSummary

_PAGE_LIMIT, _API_LIMIT = 200, 1_000
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"


class Mailbox:
    """The routes."""

    def __init__(self, *, folder: MailFolder, faults: Faults) -> None:
        self._folder = folder
        self._faults = faults

    def app(self) -> Flask:
        """Return the WSGI application."""
        app = Flask(__name__)
        app.json.ensure_ascii = False  # type: ignore[attr-defined]
        app.add_url_rule("/healthz", view_func=lambda: jsonify(status="ok"), endpoint="health")
        app.add_url_rule("/", view_func=self.list_page)
        app.add_url_rule("/mails/<mail_id>", view_func=self.mail_page)
        app.add_url_rule("/mails/<mail_id>/html", view_func=self.html)
        app.add_url_rule("/mails/<mail_id>/raw", view_func=self.raw)
        app.add_url_rule("/mails/<mail_id>/attachments/<int:number>", view_func=self.attachment)
        app.add_url_rule("/api/mails", view_func=self.list_json)
        app.add_url_rule("/api/mails/<mail_id>", view_func=self.mail_json)
        app.add_url_rule("/control/faults", view_func=self.control_faults, methods=["GET", "POST", "DELETE"])
        app.after_request(_harden)
        return app

    def list_page(self) -> str:
        """Show the newest mails, of one recipient if `?to=` names one."""
        recipient = request.args.get("to", "").strip()
        mails = self._folder.newest_first(recipient=recipient or None, limit=_PAGE_LIMIT)
        return render_template("list.html", mails=mails, recipient=recipient)

    def mail_page(self, mail_id: str) -> str:
        """Show one mail."""
        mail, message = self._known(mail_id), self._folder.message(mail_id)
        return render_template(
            "mail.html",
            mail=mail,
            text=text_of(message),
            has_html=html_of(message) is not None,
            attachments=attachments_of(message),
        )

    def html(self, mail_id: str) -> Response:
        """Show the HTML of a mail in a sandbox of the browser's: no scripts, no forms, nothing loaded from outside."""
        self._known(mail_id)
        content = html_of(self._folder.message(mail_id))
        if content is None:
            abort(404)
        answer = make_response(content)
        answer.headers["Content-Security-Policy"] = f"{_POLICY}; sandbox allow-popups"
        return answer

    def raw(self, mail_id: str) -> Response:
        """Return the file as it is."""
        self._known(mail_id)
        return Response(self._folder.raw(mail_id), mimetype="message/rfc822")

    def attachment(self, mail_id: str, number: int) -> Response:
        """Return the bytes of an attachment, to be saved rather than shown."""
        self._known(mail_id)
        attachments = attachments_of(self._folder.message(mail_id))
        if not 1 <= number <= len(attachments):
            abort(404)
        chosen = attachments[number - 1]
        answer = Response(chosen.content, mimetype=chosen.content_type)
        # RFC 6266: names of bills are Russian, and headers know no letters but Latin ones
        answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(chosen.name, safe='')}"
        return answer

    def list_json(self) -> Response:
        """Return summaries, newest first; `?to=` is an envelope recipient, `?limit=` at most 1000."""
        limit = request.args.get("limit", default=100, type=int)
        mails = self._folder.newest_first(
            recipient=request.args.get("to") or None, limit=max(1, min(limit, _API_LIMIT))
        )
        return jsonify(mails=[_summary_json(mail) for mail in mails])

    def mail_json(self, mail_id: str) -> Response:
        """Return all of a mail but the bytes of its attachments."""
        mail, message = self._known(mail_id), self._folder.message(mail_id)
        attachments = enumerate(attachments_of(message), start=1)
        return jsonify(
            **_summary_json(mail),
            text=text_of(message),
            html=html_of(message),
            headers=[[name, str(value)] for name, value in message.items()],
            attachments=[_attachment_json(mail_id, number, attachment) for number, attachment in attachments],
        )

    def control_faults(self) -> ResponseReturnValue:
        """List, arm or forget fault scripts; from this machine only."""
        if not ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback:
            abort(403)
        if request.method == "DELETE":
            self._faults.disarm_all()
            return "", 204
        if request.method == "GET":
            return jsonify(items=self._faults.armed())
        try:
            self._faults.arm(Script.model_validate(request.get_json(silent=True)))
        except ValidationError as error:
            return jsonify(errors=error.errors(include_input=False, include_url=False, include_context=False)), 400
        return jsonify(items=self._faults.armed()), 201

    def _known(self, mail_id: str) -> MailSummary:
        mail = self._folder.summary(mail_id)
        if mail is None:
            abort(404)
        return mail


def _summary_json(mail: MailSummary) -> dict[str, object]:
    return {
        "id": mail.mail_id,
        "received_at": mail.received_at,
        "envelope_from": mail.envelope_from,
        "envelope_to": list(mail.envelope_to),
        "from": mail.sender,
        "to": mail.to,
        "subject": mail.subject,
        "message_id": mail.message_id,
    }


def _attachment_json(mail_id: str, number: int, attachment: Attachment) -> dict[str, object]:
    return {
        "name": attachment.name,
        "content_type": attachment.content_type,
        "size": len(attachment.content),
        "sha256": attachment.sha256,
        "url": f"/mails/{mail_id}/attachments/{number}",
    }


def _harden(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", _POLICY)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    return answer
