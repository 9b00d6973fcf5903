"""How large a file a page takes: our own limit, and never more than the server lets in."""

from __future__ import annotations

import streamlit as st


def most_megabytes(wanted: int) -> int:
    """Return the limit that a file drop states and keeps.

    Above ``server.maxUploadSize`` the server answers a number only; below it the drop says in
    words what is too large.

    Parameters
    ----------
    wanted : int
        Megabytes that the product reads.
    """
    return min(wanted, int(st.get_option("server.maxUploadSize")))
