"""Models: the card of a version in words, and whether its files are as they were shipped."""

import streamlit as st

from core.workflows.models import list_kept, list_models
from pages._shared import card, frame, notices, promoting, resources, side_by_side, state

frame.require(__file__)

task = frame.task()
installed = list_models(task.key)
if not installed:
    notices.no_version(task, resources.version_state(task.key))
    st.stop()

chosen = card.pick(installed)
card.show_head(chosen)
card.show_champion(task)
promoting.show(chosen, next((item for item in installed if item.is_champion), None), task)
if chosen.card is None:
    st.stop()
left, right = st.columns(2, gap="large")
with left:
    card.show_words(chosen.card, task)
with right:
    card.show_metrics(chosen.card, task, str(chosen.digest))
    card.show_files(chosen)
card.show_maps(chosen)
known = (*installed, *list_kept(task.key))
if len(known) > 1:
    side_by_side.show(known, task, keys=(state.MODELS_A, state.MODELS_B))
