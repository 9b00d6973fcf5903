"""Who acts."""

from __future__ import annotations

import getpass


def account() -> str:
    """Return the name of the machine's account."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name
        return "local"


def signed_by(who: str | None) -> str:
    """Return who is named, else who is logged in, else the account."""
    return who or account()
