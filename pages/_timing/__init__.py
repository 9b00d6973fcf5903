"""Timed visits of pages, for ``python -m core bench evaluation``; no page of the product."""
