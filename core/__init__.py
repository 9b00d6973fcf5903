"""Everything of Second Look that is not a page; nothing here imports streamlit."""

__version__ = "0.1.0"
