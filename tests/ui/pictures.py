"""Make the pictures for link previews and for the README: `make pictures`.

Each is a page in a real browser, photographed: what a chat shows with a link, and what the README shows.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from model.problem.loading import PROBLEM_FILE, load_problem
from tests.serving import ROOT, running
from tests.ui.browser import launch

PICTURES = PROBLEM_FILE.parent / "pictures"
README_IMAGES = ROOT / ".github" / "images"

_CARD = """<!doctype html><style>
  body {{ display: flex; align-items: center; gap: 40px; box-sizing: border-box; width: 1200px; height: 630px;
         margin: 0; padding: 0 64px; background: #fbf6ee; color: #2b2120; font-family: sans-serif }}
  h1 {{ margin: 0; font-size: 88px; line-height: 1.05; letter-spacing: -.03em }}
  p {{ margin: 24px 0 0; color: #665650; font-size: 36px; line-height: 1.3 }}
  .words {{ flex: 1 }} .drawings {{ display: flex; flex-direction: column }} img {{ width: {width}px }}
  img + img {{ margin-top: -30px }}
</style><div class="words"><h1>{title}</h1><p>{text}</p></div><div class="drawings">{drawings}</div>"""


def social_card(browser: Browser, name: str, title: str, text: str, *drawings: str) -> None:
    """Photograph a card of 1200 by 630 pixels, the size that chats and networks ask for."""
    width = 560 if len(drawings) == 1 else 360
    page = browser.new_page(viewport={"width": 1200, "height": 630})
    page.goto(PICTURES.as_uri())  # for the origin, from which the drawings are loaded
    images = "".join(f'<img src="{(PICTURES / f"{drawing}.svg").as_uri()}">' for drawing in drawings)
    page.set_content(_CARD.format(title=title, text=text, drawings=images, width=width), wait_until="load")
    page.screenshot(path=PICTURES / f"{name}.png")
    page.close()


def screenshot(browser: Browser, address: str, name: str, width: int, height: int) -> None:
    """Photograph the visible part of a page after it has loaded."""
    page = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=1)
    page.goto(address)
    page.screenshot(path=README_IMAGES / f"{name}.png")
    page.close()


def main() -> None:
    """Make all pictures."""
    breeds = load_problem()[0].classes
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "log") as server,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        keys = [breed.key for breed in breeds]
        title = "How big is<br>your home?"
        social_card(browser, "perfect-puppy", title, "See which puppy suits it.", *keys)
        for breed in breeds:
            social_card(browser, breed.key, breed.name, "The puppy for this home", breed.key)
        answer = f"{server.url}/recommendation?home_size=1200&unit=sqft"
        screenshot(browser, answer, "answer-desktop", 1280, 1010)
        screenshot(browser, f"{server.url}/?home_size=2400", "question-phone", 390, 844)
        browser.close()


if __name__ == "__main__":
    main()
