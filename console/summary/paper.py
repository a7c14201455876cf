"""A report in; the same as one HTML file that stands by itself, and prints, out."""

import jinja2

from console.summary.masked import plain
from console.summary.report import Report


def html_of(report: Report, templates: jinja2.Environment) -> str:
    """Return ``report`` as a page that loads nothing; whatever was written in it is text."""
    return templates.get_template("summary/paper.html").render(report=report, title=plain(report.title))
