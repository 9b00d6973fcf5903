"""An entry point whose page holds nothing: what the frame alone costs."""

from pathlib import Path

import streamlit as st

from pages._shared import frame


def empty() -> None:
    """Show nothing."""


others = [st.Page(path) for path in sorted(Path("pages").glob("*.py"))]
PAGES = {"": [st.Page(empty, title="Empty", default=True)], "All": others}
st.set_page_config(page_title="Empty", layout="wide")
page = st.navigation(PAGES, position="hidden")
with frame.around(PAGES):
    page.run()
