"""The browser that the tests drive: Playwright's own, or the system's Chrome or Chromium.

`python -m tests.ui.browser` makes sure that there is one, or says in a sentence what to install.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

from playwright.sync_api import Browser, BrowserContext, Error, Playwright, sync_playwright

NewContext = Callable[..., BrowserContext]
"""The fixture `new_context`, called with Playwright's options of a browser context."""

INSTALL_SECONDS = 300
LOCK_WAIT = ("--option", "DPkg::Lock::Timeout=120")  # a new machine may be installing its updates


def launch(playwright: Playwright) -> Browser:
    """Start the first browser that starts; an installed one may lack a library of the system.

    Raises:
        RuntimeError: none starts.
    """
    for channel, path in _browsers():
        try:
            return playwright.chromium.launch(channel=channel, executable_path=path)
        except Error:
            continue
    raise RuntimeError("No browser starts here; `make test` gets one.")


def _browsers() -> Iterator[tuple[str | None, str | None]]:
    """Yield channels and paths: Playwright's own browser, Google Chrome, a Chromium on the PATH."""
    yield None, None
    yield "chrome", None
    for name in ("chromium", "chromium-browser"):
        if path := shutil.which(name):
            yield None, path


def is_there() -> bool:
    """Return whether a browser starts."""
    with sync_playwright() as playwright:
        try:
            launch(playwright).close()
        except RuntimeError:
            return False
    return True


def installers() -> Iterator[list[list[str]]]:
    """Yield ways to install a browser, best first; each is a list of commands."""
    yield [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get"):
        as_root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
        yield [
            [*as_root, "apt-get", "update"],
            [*as_root, "apt-get", "install", *LOCK_WAIT, "--yes", "--no-install-recommends", "chromium"],
        ]


def main() -> None:
    """Install a browser if none starts; exit with a sentence if that fails."""
    if is_there():
        return
    for commands in installers():
        for command in commands:
            print(f"no browser for the tests yet; trying: {' '.join(command)}", flush=True)  # noqa: T201
            _try(command)
        if is_there():
            return
    sys.exit(
        "The browser tests need a browser, and it could not be installed from here: "
        "install Chromium or Google Chrome, then run `make test` again."
    )


def _try(command: list[str]) -> None:
    """Run an installer quietly, whatever becomes of it: the caller tries to start a browser afterwards."""
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=INSTALL_SECONDS,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return


if __name__ == "__main__":
    main()
