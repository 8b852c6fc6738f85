"""The headers that keep a browser from doing what no page of ours needs."""

from flask import Flask, Response


def secure(app: Flask, /, *, form_action_origins: str) -> None:
    """Put the security headers on every answer of an app, errors too.

    `form_action_origins` may be led to by a form: Chromium holds `form-action` against redirects as well, and paying
    leads to the acquirer's page.
    """
    headers = {
        "Content-Security-Policy": "; ".join(
            (
                "default-src 'none'",
                "style-src 'self'",
                "img-src 'self'",
                f"form-action 'self' {form_action_origins}".rstrip(),
                "frame-ancestors 'none'",
                "base-uri 'none'",
            )
        ),
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.extend(headers)
        response.headers.setdefault("Cache-Control", "no-store")
        response.vary.update(("Accept-Language", "Cookie"))
        return response
