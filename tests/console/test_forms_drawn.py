"""Fields as templates draw them: what was typed is kept as text, and what is wrong stands beside it."""

from zoneinfo import ZoneInfo

import pytest
from fastapi import Request

from console.access.routes import need_of
from console.api.here import Here
from console.forms import Form
from console.installable import SHORTCUTS
from console.pages import pages
from console.sheets import SAID, SAID_MAX, Sheets
from tests.askers import open_to
from tests.console.api.rooms import NAMES, Rooms

MARKUP = "<script>alert(1)</script> & \u0647\u062f\u0648\u0621 \U0001f3a7"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt; &amp; \u0647\u062f\u0648\u0621 \U0001f3a7"
TEMPLATES = pages(place="Alder House", carers=("Jo",))


def drawn(macro: str, **facts: object) -> str:
    source = '{% import "forms.html" as forms with context %}{{ forms.' + macro + " }}"
    return TEMPLATES.from_string(source).render(**facts)


@pytest.mark.parametrize(
    "macro",
    [
        'field("it", "It", value="old")',
        'textarea("it", "It", value="old")',
        'select("it", "It", [("old", "Old"), (markup, markup)], value="old")',
        'choices("it", "It", [("old", "Old"), (markup, markup)], value="old")',
        'ticks("it", "It", [("old", "Old"), (markup, markup)], value=["old"])',
    ],
)
def test_what_was_typed_is_kept_as_text_and_its_error_is_beside_it(macro: str) -> None:
    form, errors = Form({"it": [MARKUP]}), {"it": f"It: not {MARKUP}."}
    shown = drawn(macro, form=form, errors=errors, markup=MARKUP)
    assert "<script>" not in shown
    assert ESCAPED in shown
    assert 'value="old" selected' not in shown
    assert 'value="old" checked' not in shown
    assert 'aria-invalid="true"' in shown
    assert 'aria-describedby="e-it"' in shown
    assert 'id="e-it"' in shown


def test_a_password_is_never_written_back() -> None:
    assert "secret" not in drawn('field("it", "It", value="secret", type="password")', form=Form({"it": ["secret"]}))


def test_a_tick_that_was_taken_away_stays_away() -> None:
    assert "checked" in drawn('tick("it", "It", value=true)')
    assert "checked" not in drawn('tick("it", "It", value=true)', form=Form({}))


def test_the_first_field_of_a_group_bears_the_id_that_the_error_leads_to() -> None:
    shown = drawn('choices("it", "It", [("a", "A"), ("b", "B")])', errors={"it": "Choose one."})
    assert 'id="f-it"' in shown
    assert 'href="#f-it"' in drawn("wrong(errors)", errors={"it": "Choose one."})


def test_what_was_done_is_told_once_and_by_this_server_alone() -> None:
    rooms = Rooms()
    here = Here(desk=rooms.desk, care=None, names=NAMES, clock=lambda: rooms.now_s, done=lambda: None)
    sheets = Sheets(templates=TEMPLATES, here=here, whereabouts=open_to().whereabouts, zone=ZoneInfo("Europe/London"))
    scope = {
        "type": "http",
        "scheme": "https",
        "server": ("alder", 443),
        "path": "/",
        "headers": [],
        "query_string": b"",
    }
    request = Request(scope)
    kept = sheets.after(request, "/bands", MARKUP + "x" * SAID_MAX).headers["set-cookie"]
    assert kept.startswith(f"{SAID}=%3Cscript%3E")
    assert {"HttpOnly", "Secure", "SameSite=strict"} <= set(kept.split("; "))
    rooms.close()


def test_every_shortcut_leads_to_a_page() -> None:
    assert all(need_of("GET", url)[0] is not None for _, url, _ in SHORTCUTS)
