"""Sessions, for the routes that use one."""

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

WITHOUT_SESSION = ("/api/", "/livez", "/readyz", "/static/")


class PageSessions(SecureCookieSessionInterface):
    """Flask's own sessions, opened for pages only: it costs a program's request a tenth of its time."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Open the session that holds the form's token."""
        if request.path.startswith(WITHOUT_SESSION):
            return None
        return super().open_session(app, request)


def init_app(app: Flask) -> None:
    """Use these sessions."""
    app.session_interface = PageSessions()
