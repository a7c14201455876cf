"""Every method by which accounts and what lets somebody in are changed, called once."""

from ingest.registry.accounts import EVERYWHERE, Granted
from ingest.registry.accounts_links import Purpose
from ingest.registry.registry import Registry

ADMINISTRATOR = Granted("administrator", EVERYWHERE)


def live_through_a_day_of_accounts(registry: Registry) -> None:
    """Needs the site ``home``; acts are by jo."""
    token, _ = registry.make_link(Purpose.SET_UP, by="jo")
    helen = registry.choose_password(token, "$hash", name="Helen Example", by="jo")
    ida = registry.add_account("Ida Example", [Granted("carer", "home")], by="jo")
    registry.invite(ida.id, by="jo")
    _, link = registry.reset(ida.id, by="jo")
    registry.end_link(link.id, by="jo")
    registry.set_grants(ida.id, [Granted("support", "home")], by="jo")
    registry.set_password(ida.id, "$other", by="jo")
    registry.renew_hash(ida.id, "$other", "$same", by="jo")
    registry.set_factor(ida.id, "sealed", ["digest"], by="jo")
    registry.use_recovery_code(ida.id, "digest", by="jo")
    _, session = registry.begin_sign_in(helen.id, by="jo")
    registry.prove(session.id, by="jo")
    registry.end_sign_in(session.id, by="jo")
    registry.end_sign_ins(helen.id, by="jo")
    token, _ = registry.make_link(Purpose.SIGN_IN, helen.id, by="jo")
    registry.sign_in_by_link(token, by="jo")
    registry.end_account(ida.id, by="jo")
    registry.reopen_account(ida.id, [], by="jo")
    token, _ = registry.invite_tablet("home", name="Ann's kitchen", shows_names=True, by="jo")
    _, kitchen = registry.enrol_by_link(token, by="jo")
    registry.enrol_tablet("Hall", site="home", shows_names=False, by="jo")
    registry.change_tablet(kitchen.id, name="Kitchen", shows_names=False, by="jo")
    registry.revoke_tablet(kitchen.id, by="jo")
    _, machine = registry.add_token("Zoe's", role="monitor", site="home", until_s=kitchen.since_s + 86_400, by="jo")
    registry.revoke_token(machine.id, by="jo")
    registry.add_gateway_credential("g-1", site="home", username="g-1", secret="$salted", by="jo")  # noqa: S106
    registry.end_gateway_credential("g-1", at_s=1e12, by="jo")
    registry.revoke_gateway_credential("g-1", by="jo")
    registry.end_ways_in(by="jo")
