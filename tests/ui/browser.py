"""The browser that the tests drive: Playwright's own, or the system's Chromium.

`python -m tests.ui.browser` makes sure that there is one, or says in a sentence what to install.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

DOWNLOAD_SECONDS = 240
SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A browser that looks for updates and accounts talks to hosts of its own; and root's has no sandbox.
ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def find_browser(playwright: Playwright) -> str | None:
    """Give the path of Playwright's own browser or else of the system's."""
    own = playwright.chromium.executable_path
    if Path(own).exists():
        return own
    return next(filter(None, map(shutil.which, SYSTEM_BROWSERS)), None)


def launch(playwright: Playwright) -> Browser:
    """Start the browser, headless.

    Raises:
        RuntimeError: there is none.
    """
    path = find_browser(playwright)
    if path is None:
        raise RuntimeError("There is no browser to test with; `make test` gets one.")
    without_sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS + without_sandbox)


def _is_there() -> bool:
    with sync_playwright() as playwright:
        return find_browser(playwright) is not None


def _try(*command: str) -> None:
    """Run an installer; whether it worked shows in whether there is a browser then."""
    try:
        subprocess.run(command, timeout=DOWNLOAD_SECONDS, check=False, capture_output=True)
    except (OSError, subprocess.TimeoutExpired):
        return


def main() -> int:
    """Get a browser if there is none."""
    if _is_there():
        return 0
    print("getting a browser for the tests")  # noqa: T201
    _try(sys.executable, "-m", "playwright", "install", "chromium")
    if not _is_there() and shutil.which("apt-get"):
        prefix = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
        _try(*prefix, "apt-get", "update")
        _try(*prefix, "apt-get", "install", "--yes", "--no-install-recommends", "chromium")
    if _is_there():
        return 0
    print(  # noqa: T201
        "The browser tests need Chromium, and neither `playwright install chromium` nor apt-get got it: "
        "install Chromium or Google Chrome, so that `chromium` or `google-chrome` is on the PATH.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
