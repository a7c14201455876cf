"""Every line that the journal may hold."""

from alerts.delivery.events import DeliveryEvent
from alerts.duty.events import DutyEvent
from alerts.outcomes.events import OutcomeEvent
from alerts.protection.events import ProtectionEvent
from alerts.situation_events import SituationEvent

Event = SituationEvent | DeliveryEvent | DutyEvent | OutcomeEvent | ProtectionEvent
