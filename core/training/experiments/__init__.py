"""Experiments as data: one YAML file says everything that decides a training run.

>>> from core.training.experiments import load_experiment
>>> load_experiment("kidney_ct").architecture
'mobilenet'
"""

from core.training.experiments.loader import (
    experiment_for,
    file_of,
    find_experiment,
    is_file_name,
    listed_experiments,
    load_experiment,
    read_experiment,
    shipped_experiments,
)
from core.training.experiments.resolving import Resolved, resolve
from core.training.experiments.spec import DataSpec, Experiment, PublishedSpec, ValidationSpec

__all__ = [
    "DataSpec",
    "Experiment",
    "PublishedSpec",
    "Resolved",
    "ValidationSpec",
    "experiment_for",
    "file_of",
    "find_experiment",
    "is_file_name",
    "listed_experiments",
    "load_experiment",
    "read_experiment",
    "resolve",
    "shipped_experiments",
]
