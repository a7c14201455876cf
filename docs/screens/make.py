"""Houses in; pictures of every page in docs/screens out. Run by ``make screenshots``; needs Chromium.

python docs/screens/make.py [--every FOLDER] [--only WORD]

Without arguments it takes what the documentation shows. ``--every`` takes each page at three sizes, by day and by
night, into FOLDER, to be looked at; ``--only`` those whose name holds WORD.
"""

import argparse
import shutil
from pathlib import Path

from invented import take_pictures
from pictures import FLAGS, FOLDER
from playwright.sync_api import sync_playwright
from whole import take_house


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--every", type=Path, metavar="FOLDER")
    asked.add_argument("--only", default="", metavar="WORD")
    said = asked.parse_args()
    folder = said.every or FOLDER
    folder.mkdir(exist_ok=True, parents=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        take_house(browser, folder, every=said.every is not None, only=said.only)
        if not said.only:
            take_pictures(browser, folder, every=said.every is not None)
        browser.close()
    pictures = list(folder.glob("*.png"))
    print(f"{len(pictures)} pictures, {sum(it.stat().st_size for it in pictures) / 1e6:.1f} MB, in {folder}")


if __name__ == "__main__":
    main()
