"""The operators over the quality of electrodermal activity, for the laws."""

from signals.eda.artefacts import Artefacts
from signals.eda.contact import Contact
from signals.eda.quality import Reasons
from signals.laws.case import Case

CASES = {
    "Reasons": Case(lambda n: Reasons(rows=n, rate_hz=4), ("eda", "temperature"), forgets=False),
    "Reasons, delayed": Case(lambda n: Reasons(rows=n, rate_hz=4, delay_s=5.0), ("eda",), pointwise=False),
    "Artefacts": Case(lambda n: Artefacts(rows=n, rate_hz=4), ("eda",)),
    "Contact": Case(lambda n: Contact(rows=n, rate_hz=4), ("eda",)),
}
