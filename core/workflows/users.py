"""Who acts, and whether that one may: asked inside every write, whatever page or command calls it.

Single-user mode (the default): the server listens on this machine alone, whoever sits at it may do
everything and signs with the name that he or she gives. With ``SECOND_LOOK_LOGIN=oidc`` people log
in, every write is signed with the name of the login, and a role is looked up for it each time.
"""

from __future__ import annotations

import getpass
import ipaddress
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from core.config import PREFIX, settings
from core.errors import ArgumentError, RoleError, SettingsError

if TYPE_CHECKING:
    from core.persistence.user_store import GivenRole

OIDC = "oidc"
NO_ROLE = "none"
_ASK_ADMIN = "Ask an administrator: `python -m core users set NAME ROLE` gives a role."


class Role(StrEnum):
    """What a person may do; each may also do what those before it may."""

    VIEWER = "viewer"  # look
    READER = "reader"  # cases, verdicts, consensus, causes of misses, reports, patient context
    VALIDATOR = "validator"  # operating points, verdicts of comparisons, promotions
    ADMIN = "admin"  # roles, backups, the worklist made anew


_ORDER = tuple(Role)


def _nobody_asks() -> str | None:
    return None


_ask: Callable[[], str | None] = _nobody_asks


def identify_by(ask: Callable[[], str | None]) -> None:
    """Say how a page tells who is logged in; the pages call this once.

    ``ask`` returns the name; "" where nobody is logged in; None where no page is being run: a
    command, or work in the background that a page started in somebody's name.
    """
    global _ask  # noqa: PLW0603 - core knows no session; the pages bring it
    _ask = ask


def account() -> str:
    """Return the name of the machine's account."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name
        return "local"


def is_login_needed() -> bool:
    """Return whether people log in; False in single-user mode."""
    return settings().login == OIDC


def signed_by(who: str | None) -> str:
    """Return who is named, else who is logged in, else the account."""
    return who or _ask() or account()


def may(name: str, needed: Role) -> bool:
    """Return whether a name may do what takes this role."""
    if not is_login_needed():
        return True
    has = role_of(name)
    return has is not None and _ORDER.index(has) >= _ORDER.index(needed)


def require(who: str | None, needed: Role) -> None:
    """Refuse a write that ``who`` may not do; the refusal is a row of the audit chain.

    In single-user mode this refuses nothing. Where a page is being run, ``who`` must be who is
    logged in: nobody signs for another.

    Raises
    ------
    RoleError
        If nobody is logged in, another one is, or the role does not allow it.
    PersistenceError
        If roles cannot be read: then nothing is allowed.
    """
    if not is_login_needed():
        return
    asking = _ask()
    if asking == "":
        raise RoleError("Not saved: nobody is logged in.", remedy="Log in, then try again.")
    name = _plain(asking or who or account())
    if asking and who is not None and _plain(who) != name:
        raise RoleError(
            f"Not saved: {asking} is logged in, so nothing can be signed as {who.strip()[:80]!r}.",
            remedy="Sign with the name of the login.",
        )
    if may(name, needed):
        return
    from core.persistence.user_store import user_store

    has = role_of(name)
    user_store().note_refusal(who=name, needed=needed.value, has=has and has.value)
    raise RoleError(
        f"Not saved: this takes the role {needed.value}, and {name} has {has or 'none'}.",
        remedy=_ASK_ADMIN,
    )


def role_of(name: str) -> Role | None:
    """Return the role in force of a name; None where it has none.

    Raises
    ------
    PersistenceError
        If the database cannot be read.
    """
    from core.persistence.place import database_exists

    if not database_exists():
        return None
    from core.persistence.user_store import user_store

    found = user_store().role_of(_plain(name))
    return None if found in (None, NO_ROLE) else Role(str(found))


def give_role(name: str, role: str, *, by: str | None = None) -> GivenRole:
    """Give a role to a name, or take it away ("none"); the change is a row of the audit chain.

    From a page this takes an administrator. Whoever can run commands in the product's home owns
    what it holds, and gives the first roles.

    Raises
    ------
    ArgumentError
        If the name is empty or there is no such role.
    RoleError
        If a page asks and the one who is logged in is no administrator.
    PersistenceError
        If it was not stored.
    """
    plain = _plain(name)
    if not plain or len(plain) > 200 or not plain.isprintable():
        raise ArgumentError(
            "The name is empty, longer than 200 characters or not printable.",
            remedy="Give the name of the login, as the page shows it.",
        )
    if role not in (*Role, NO_ROLE):
        raise ArgumentError(
            f"There is no role {role!r}.", remedy=f"Roles: {', '.join((*Role, NO_ROLE))}."
        )
    if _ask() is not None:
        require(by, Role.ADMIN)
    from core.persistence.user_store import user_store

    store = user_store()
    store.give(plain, str(role), by=signed_by(by))
    return next(item for item in store.roles() if item.name == plain)


def list_roles() -> list[GivenRole]:
    """Return every name that was ever given a role, with the one in force ("none": taken away)."""
    from core.persistence.place import database_exists

    if not database_exists():
        return []
    from core.persistence.user_store import user_store

    return user_store().roles()


def check_address(address: str | None) -> None:
    """Refuse to serve anybody but this machine while nobody has to log in.

    Parameters
    ----------
    address : str or None
        What the server listens on; None or "" is every address of the machine.

    Raises
    ------
    SettingsError
        If it is not this machine's own, in single-user mode.
    """
    if is_login_needed() or _is_own(address or ""):
        return
    listens = f"on {address}" if address else "on every address of this machine"
    raise SettingsError(
        f"The server listens {listens}, and nobody has to log in: whoever reaches it could read "
        "and sign anything.",
        remedy="Start it with --server.address 127.0.0.1, or set SECOND_LOOK_LOGIN=oidc "
        "(docs/users.md).",
        column=PREFIX + "LOGIN",
    )


def _is_own(address: str) -> bool:
    """Return whether only this machine reaches an address.

    >>> [_is_own(at) for at in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "10.1.2.3", "lens")]
    [True, True, True, False, False, False]
    """
    if address.startswith("unix://"):  # a file: its rights say who reaches it
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address.casefold() == "localhost"


def _plain(name: str) -> str:
    """Return a name as roles are kept: logins do not tell capitals apart."""
    return name.strip().casefold()
