"""A small experiment on simulated people in, the picture of its report that docs/reports.md shows out.

python docs/screens/report.py [RESULTS]     # RESULTS: a folder that forecalm evaluate has written, instead
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pictures import FLAGS, FOLDER, keep
from playwright.sync_api import Browser, sync_playwright

SIZE = (1280, 1500)
EXPERIMENT = """
name = "forecast"
study = [{name = "cohort", simulated = {scenario = "cohort", wearers = 8, days = 2, hours = 5}}]
target = {kind = "forecast", events = ["incident"]}
split = {kind = "grouped", parts = 4}
controls = {exercise = ["exercise"], stereotypy = ["stereotypy"]}
[[candidate]]
kind = "clock"
[[candidate]]
kind = "hawkes"
[[candidate]]
kind = "arousal"
[[candidate]]
kind = "logistic"
"""


def report(folder: Path, results: Path | None) -> Path:
    """Return the page of ``results``, or of the experiment, in ``folder``."""
    if results is None:
        results = folder / "forecast.results"
        (folder / "forecast.toml").write_text(EXPERIMENT)
        subprocess.run(["forecalm", "evaluate", "forecast.toml", "--jobs", "2"], cwd=folder, check=True)  # noqa: S607
    page = folder / "report.html"
    subprocess.run(["forecalm", "report", str(results), "--out", str(page)], check=True)  # noqa: S603, S607
    return page


def take(browser: Browser, page: Path, out: Path) -> None:
    """Write what a reader sees from what the figures are worth on."""
    context = browser.new_context(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="light")
    shown = context.new_page()
    shown.goto(page.as_uri())
    shown.wait_for_selector("html[data-drawn]")
    shown.evaluate("document.querySelector('#e1-worth').scrollIntoView({behavior: 'instant'})")
    keep(shown, out)


def main() -> None:
    given = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        take(browser, report(Path(folder), given), FOLDER / "report.png")
        browser.close()


if __name__ == "__main__":
    main()
