"""The entry point: the table of pages, and the frame around them."""

import streamlit as st

from pages._shared import frame

PAGES = {
    "": [frame.start_page()],
    "Read": [
        st.Page("pages/analyse.py", title="Analyse", url_path="analyse"),
        st.Page("pages/worklist.py", title="Worklist", url_path="worklist"),
        st.Page("pages/case.py", title="Case", url_path="case", visibility="hidden"),
    ],
    "Validate": [
        st.Page("pages/performance.py", title="Performance", url_path="performance"),
        st.Page("pages/operating_point.py", title="Operating point", url_path="operating_point"),
        st.Page("pages/missed_findings.py", title="Missed findings", url_path="missed_findings"),
        st.Page("pages/compare.py", title="Compare", url_path="compare"),
        st.Page("pages/slices.py", title="Slices", url_path="slices"),
        st.Page("pages/readers.py", title="Readers", url_path="readers"),
    ],
    "Explain": [
        st.Page("pages/explanations.py", title="Explanations", url_path="explanations"),
        st.Page("pages/filters.py", title="Filters", url_path="filters"),
    ],
    "Build": [
        st.Page("pages/data.py", title="Data", url_path="data"),
        st.Page("pages/training.py", title="Training", url_path="training"),
        st.Page("pages/models.py", title="Models", url_path="models"),
    ],
}

st.set_page_config(page_title="Second Look", layout="wide")
page = st.navigation(PAGES, position="hidden")
with frame.around(PAGES):
    page.run()
