"""Which hosts browsers are told to ask by TLS only."""

import pytest

from console.guard import HSTS, LOOPBACK
from tests.console.api.rooms import Rooms


@pytest.mark.parametrize("host", LOOPBACK)
def test_this_very_machine_is_not_bound_to_tls_for_whatever_else_is_served_on_it(host: str) -> None:
    """Browsers remember hosts, and no ports: a year later nothing in the clear could be opened at localhost."""
    rooms = Rooms()
    try:
        base = f"https://[{host}]" if ":" in host else f"https://{host}"
        assert "strict-transport-security" not in rooms.ask("GET", "/healthz", base=base).headers
    finally:
        rooms.close()


def test_a_name_of_the_house_is_bound_to_tls_where_it_is_on() -> None:
    rooms = Rooms()
    try:
        said = {
            scheme: rooms.ask("GET", "/take/none", base=f"{scheme}://board.example.org").headers
            for scheme in ("http", "https")
        }
        assert said["https"]["strict-transport-security"] == HSTS
        assert "strict-transport-security" not in said["http"]
    finally:
        rooms.close()
