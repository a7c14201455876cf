"""What stands on a page in, one self-contained HTML file out: nothing is fetched, and nothing but its own script runs.

The page carries a content security policy that names its scripts by their digests, so that no text in it, whatever
somebody called a person or a study, can become a script, and no address can be asked.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from ingest.notice import NOTICE
from models.reports.charts import Chart

THERE: Final = files("models.reports") / "templates"
MARK: Final = '<meta name="generator" content="forecalm report">'
"""Stands in the head of every page: what may be written over by another."""


def render(template: str, *, tokens: str, charts: Sequence[Chart] = (), **told: object) -> bytes:
    """Return the page that ``template`` makes; ``tokens`` is the console's style sheet of colours and sizes."""
    style = tokens + (THERE / "report.css").read_text(encoding="utf-8")
    scripts = [_plotly(), (THERE / "report.js").read_text(encoding="utf-8")] if charts else []
    page = _pages().get_template(template)
    text = page.render(
        **told,
        notice=NOTICE,
        mark=Markup(MARK),  # noqa: S704 - ours
        style=Markup(style),  # noqa: S704 - ours
        scripts=[Markup(each) for each in scripts],  # noqa: S704 - ours, and plotly's
        policy=_policy(scripts),
        drawn=Markup(data({chart.name: chart for chart in charts})),  # noqa: S704 - "<" is written otherwise
    )
    return text.encode()


@cache
def _pages() -> Environment:
    sources = {each.name: each.read_text(encoding="utf-8") for each in THERE.iterdir() if each.name.endswith(".html")}
    return Environment(
        loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def data(charts: Mapping[str, Chart]) -> str:
    """Return charts as JSON that may stand within a script element: ``<``, ``>`` and ``&`` are written as numbers."""
    plain: dict[str, Any] = {
        name: {"data": chart.data, "layout": {**chart.layout, "height": chart.height}} for name, chart in charts.items()
    }
    text = msgspec.json.encode(plain, enc_hook=float).decode()
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def _policy(scripts: Sequence[str]) -> str:
    digests = [base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none';"
        " form-action 'none'"
    )
