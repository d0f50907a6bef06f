"""Lighthouse's scores of the form and of an answer, on its slow phone: `make lighthouse`.

Needs Node.js 20 with npm, which installs Lighthouse to its locked version.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.serving import ROOT, running

FOLDER = ROOT / ".ci" / "lighthouse"
PAGES = {"the form": "/", "an answer": "/recommendation?home_size=1200&unit=sqft"}
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


def measure(url: str, chrome: str, report: Path) -> dict[str, Any]:
    """Return Lighthouse's report of a page, for its default device: a mid-range phone on slow 4G."""
    subprocess.run(
        [
            *(str(FOLDER / "node_modules" / ".bin" / "lighthouse"), url, "--quiet", "--output=json"),
            *(f"--output-path={report}", f"--only-categories={','.join(CATEGORIES)}"),
            "--chrome-flags=--headless=new --no-sandbox --disable-background-networking",
        ],
        env=os.environ | {"CHROME_PATH": chrome},
        check=True,
    )
    return json.loads(report.read_text())  # type: ignore[no-any-return]


def failures(report: dict[str, Any]) -> list[str]:
    """Return the audits that cost points."""
    weighted = {
        audit["id"]
        for category in report["categories"].values()
        for audit in category["auditRefs"]
        if audit["weight"]
    }
    return [
        f"{audit['title']}: {audit.get('displayValue') or audit['score']}"
        for name, audit in report["audits"].items()
        if name in weighted and audit["score"] is not None and audit["score"] < 0.9
    ]


def chrome_path() -> str:
    """Return the path of the browser that the tests drive."""
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    found = next(
        filter(None, map(shutil.which, (own, "google-chrome", "chromium", "chromium-browser"))), None
    )
    return found or sys.exit("Lighthouse needs Chromium or Google Chrome: `make test` gets one.")


def main() -> int:
    """Print each page's scores; return 1 if one is less than 100, otherwise 0."""
    if not shutil.which("npm"):
        sys.exit("Lighthouse needs Node.js 20 with npm: https://nodejs.org")
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=FOLDER, check=True)
    lowest = 100
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "log") as server:
        for name, path in PAGES.items():
            report = measure(server.url + path, chrome_path(), Path(folder) / "report.json")
            scores = [round(report["categories"][category]["score"] * 100) for category in CATEGORIES]
            said = f"{name}: {', '.join(map('{} {}'.format, CATEGORIES, scores))}"
            sys.stdout.write("\n  ".join([said, *failures(report)]) + "\n")
            lowest = min(lowest, *scores)
    return 0 if lowest == 100 else 1


if __name__ == "__main__":
    sys.exit(main())
