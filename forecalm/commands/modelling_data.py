"""The studies that an experiment file names in, their sessions and the data set made of them out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from forecalm.config import load as load_config
from forecalm.studies.study import Study, together
from models.datasets.building import build_from
from models.datasets.dataset import Dataset
from models.errors import ExperimentError
from models.experiments import spec
from models.experiments.candidates import detectors

Progress = Callable[[int, int], None]


def dataset_of(
    experiment: spec.Experiment, *, origin: Path, config: Path | None, jobs: int, progress: Progress
) -> Dataset:
    """Return the data set of an experiment; ``origin`` is its file, beside which paths in it begin.

    Raises DatasetError or ExperimentError where a study brings nothing, or its labels do not fit the target.
    """
    studies = [_study(each, origin, config) for each in experiment.study]
    for study in studies:
        if not study.sources:
            raise ExperimentError(
                f"{origin}: study {study.name!r} has nobody in it: {'; '.join(study.notes) or 'empty'}"
            )
    sources, notes = together(studies)
    dataset = build_from(
        sources,
        experiment.target,
        window_s=experiment.rows.window_s,
        step_s=experiment.rows.step_s,
        features=experiment.rows.features,
        scores=detectors(experiment.candidate),
        n_jobs=jobs,
        progress=progress,
    )
    return replace(dataset, notes=(*notes, *dataset.notes))


def _study(said: spec.Study, origin: Path, config: Path | None) -> Study:
    if said.simulated is not None:
        return _simulated(said, said.simulated, origin)
    if said.recordings:
        return _recorded(said, origin.parent)
    from forecalm.studies.stored import stored

    return stored(load_config(config), people=said.people or ("*",), study=said.name, devices=said.devices)


def _recorded(said: spec.Study, beside: Path) -> Study:
    from forecalm.studies.files import STEM, recorded
    from ingest.recordings.detect import FORMATS
    from ingest.recordings.mapping import read_mapping
    from ingest.recordings.table import format_of

    return recorded(
        [beside / each for each in said.recordings],
        study=said.name,
        person=said.person or STEM,
        people=said.named,
        labels=beside / said.labels if said.labels else None,
        formats=(format_of(read_mapping(beside / said.map)),) if said.map else FORMATS,
        devices=said.devices,
    )


def _simulated(said: spec.Study, asked: spec.SimulatedCohort, origin: Path) -> Study:
    from forecalm.studies.simulated import cohort, simulated

    near = origin.parent / asked.scenario
    whole = cohort(
        str(near) if near.is_file() else asked.scenario,
        seed=asked.seed,
        wearers=asked.wearers,
        days=asked.days,
        day_s=round(asked.hours * 3600),
    )
    return simulated(whole, study=said.name)
