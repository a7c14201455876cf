"""Who is told when, by whom it is proved, and what a crash, a clock or a channel may not take away."""

from alerts.delivery.events import Station
from tests.alerts.delivery.house import House


def test_a_sounded_alert_waits_for_each_step_its_time() -> None:
    house = House()
    alert = house.alert()
    house.dispatch.receipt("kitchen", alert.alert_id, Station.SOUNDED, house.now_s)
    house.wait(29)
    assert not house.push.came
    house.wait(1)
    assert [message.to for message in house.push.came] == ["Ann"]
    house.wait(59.5)
    assert not house.phone.came
    house.wait(0.5)
    assert [message.to for message in house.phone.came] == ["Sam"]
    house.wait(60)
    assert len(house.phone.came) == 2
    house.take(alert)
    assert house.phone.came[-1].over
    assert house.push.came[-1].over
    house.wait(600)
    assert (len(house.push.came), len(house.phone.came)) == (2, 3)


def test_an_alert_that_no_tablet_can_show_is_told_outside_at_once() -> None:
    house = House(tablets=())
    house.alert()
    assert [message.to for message in house.push.came] == ["Ann"]
