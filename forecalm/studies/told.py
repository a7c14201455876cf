"""What carers told of a wearer in; moments of theirs, and which led up to an event, out: for models that learn live."""

import logging
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from forecalm.config import Config
from forecalm.studies.stored import EVER, StoredPerson
from ingest.labels import Label
from ingest.registry.consents import Scope
from models.datasets.building import build_from
from models.datasets.dataset import LEFT_OUT, POSITIVE
from models.datasets.target import ForecastTarget
from models.errors import DatasetError
from models.inputs.inputs import NAMES
from models.risk import Array

log = logging.getLogger(__name__)


def lessons(
    config: Config, wearer: str, aim: ForecastTarget, labels: Sequence[Label], *, since_s: float = -EVER
) -> tuple[Array, NDArray[np.bool_]]:
    """Return inputs (m, M) of moments of ``wearer``, and which led up to an event: of every stretch of readings since
    ``since_s`` [UTC s], up to a day long, in which a label lies, as a data set is made of them.

    Where carers told of nothing there is no lesson, and none where they told of what no band was worn in: nobody may
    have looked. Raises IngestError where readings cannot be had.
    """
    nothing = np.empty((0, len(NAMES))), np.empty(0, np.bool_)
    moments = tuple(label.start_s for label in labels)
    if not moments:
        return nothing
    worn = StoredPerson(config=config, person=wearer, study="told", scope=Scope.CARE, since_s=since_s, around=moments)
    try:
        data = build_from([worn], msgspec.structs.replace(aim, doubtful="leave out"))
    except DatasetError as error:
        log.info("what carers told of %s teaches nothing yet: %s", wearer, error)
        return nothing
    told = data.target != LEFT_OUT
    return data.inputs[told], data.target[told] == POSITIVE
