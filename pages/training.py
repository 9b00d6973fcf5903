"""Training: choose or edit an experiment, see its data, start it, watch it, compare what came."""

import streamlit as st

from core.errors import CoreError
from core.workflows.experiment_words import experiment_choices, experiment_problems
from core.workflows.models import list_models
from core.workflows.training_jobs import training_runs
from pages._shared import frame, notices, side_by_side, state, training_choice, training_watch

frame.require(__file__)

task = frame.task()
try:
    choices = experiment_choices(task.key)
    left, right = st.columns([44, 56], gap="medium")
    with left:
        training_choice.show(choices, task)
        training_choice.show_problems(experiment_problems())
    runs = training_runs(task.key)
    with right:
        run = training_watch.pick(runs)
        watched = st.container()
        if run is None:
            training_watch.nothing_started()
    if runs:
        side_by_side.show(list_models(task.key), task, keys=(state.TRAIN_A, state.TRAIN_B))
    if run is not None:
        with watched:
            training_watch.show(run)
except CoreError as error:
    notices.failure(error)
