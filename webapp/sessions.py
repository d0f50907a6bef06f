"""Sessions, for the routes that use one."""

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

WITHOUT_SESSION = ("/api/", "/livez", "/readyz", "/static/")


class PageSessions(SecureCookieSessionInterface):
    """Flask's own sessions, opened for pages only: it costs a program's request a tenth of its time."""

    def open_session(self, app: Flask, opened: Request) -> SecureCookieSession | None:
        """Open the session that holds the form's token."""
        if opened.path.startswith(WITHOUT_SESSION):
            return None
        return super().open_session(app, opened)

    def get_cookie_secure(self, _app: Flask) -> bool:
        """Keep the cookie to TLS for who came by it; on a developer's machine there is none."""
        return request.is_secure


def init_app(app: Flask) -> None:
    """Use these sessions."""
    app.session_interface = PageSessions()
