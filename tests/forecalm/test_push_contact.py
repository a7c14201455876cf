"""Whatever the house's page is called, push services are told whom they may write to, and messages can be signed."""

from pathlib import Path

import pytest

from alerts.channels.vapid import Vapid
from forecalm.alerting.ways import contact_of


@pytest.mark.parametrize("end", ["", "/", ":8420", ":8420/forecalm/"])
def test_a_message_is_signed_whatever_port_and_path_the_house_has(tmp_path: Path, end: str) -> None:
    contact = contact_of(f"https://board.example.org{end}")
    signed = Vapid(tmp_path / "key.pem", contact=contact).authorization("https://push.example.org", now_s=1e9)
    assert signed.startswith("vapid ")


@pytest.mark.parametrize("url", ["", "http://board.example.org", "https://"])
def test_a_house_without_a_page_that_they_could_open_has_no_contact(url: str) -> None:
    assert contact_of(url) == ""
