"""Who sits at the page: one person at this machine, or whoever is logged in; and the login itself.

Streamlit does the OIDC exchange and keeps a signed cookie. What is ours: whose name it is, how
long it holds, the role, and that a server which anybody reaches asks for it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.config import settings
from core.errors import CoreError
from core.workflows import users
from pages._shared import state, style

_NEEDED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
_SECRET_LENGTH = 32  # 128 bits as hexadecimal digits
LOGIN_LIVES_S = 12 * 3600  # Streamlit's cookie lives 30 days; a working day is enough
_WHAT = {
    users.Role.VIEWER: "You may look.",
    users.Role.READER: "You may add cases, read them and record verdicts.",
    users.Role.VALIDATOR: "You may read, and sign operating points and promotions.",
    users.Role.ADMIN: "You may do everything.",
}


def claims() -> Mapping[str, Any]:
    """Return what the identity provider said of the session; empty where nobody is logged in."""
    told = st.user.to_dict()
    return told if told.get("is_logged_in") else {}


def who() -> str | None:
    """Return the name of the login; "" where nobody is logged in, None outside a page's run.

    In single-user mode nobody logs in: None.
    """
    if not users.is_login_needed() or get_script_run_ctx(suppress_warning=True) is None:
        return None
    told = claims()
    made_at = told.get("iat")
    if not isinstance(made_at, int | float) or time.time() - made_at > LOGIN_LIVES_S:
        return ""
    claim = settings().login_claim
    if claim == "email" and told.get("email_verified") is not True:
        return ""  # an address that nobody verified is no name: anyone can write one
    return str(told.get(claim) or "").strip()


users.identify_by(who)


def name_input(key: str, **options: Any) -> str:
    """Show the field of one's name, and return it; who is logged in signs with that name alone."""
    name = who()
    if name is None:
        return str(st.text_input("Your name", key=key, **options) or "").strip()
    options.pop("placeholder", None)
    st.text_input("Your name", value=name, disabled=True, key=f"{key}.login", **options)
    st.session_state[key] = name
    return name


def refuse_open_address() -> None:
    """Stop with one notice where the server is open to others and nobody has to log in."""
    try:
        users.check_address(st.get_option("server.address"))
    except CoreError as error:
        _stop("error", error.problem, error.remedy)


def enter() -> None:
    """Let in whoever may look; to anybody else show how to log in, or whom to ask, and stop."""
    if not users.is_login_needed():
        return
    problem = _not_configured()
    if problem:
        _stop("error", *problem)
    name = who()
    if not name:
        _ask_to_log_in()
    try:
        role = users.role_of(name or "")
    except CoreError as error:
        _stop("error", error.problem, error.remedy)
    if role is None:
        style.notice(
            "empty",
            "You are logged in, and nobody gave you a role yet",
            f"Your name here is {name}. An administrator gives it a role:",
            commands=(f"python -m core users set '{name}' reader",),
        )
        _log_out_button()
        st.stop()


def show() -> None:
    """Show in the frame who one is: a name with role and log out, or that this is single-user."""
    name = who()
    with st.container(key="frame_user", width="content"):
        if name is None:
            _show_single_user()
            return
        role = users.role_of(name)
        with st.popover(name, icon=":material/person:", type="tertiary", key=state.USER_OPEN):
            style.quiet(f"Role: {role}. {_WHAT[role] if role else ''}")
            _log_out_button()


def _show_single_user() -> None:
    with st.popover("This machine", icon=":material/person:", type="tertiary", key=state.USER_OPEN):
        style.quiet(
            "Single-user mode: whoever sits here may do everything, and signs with the name "
            f"that he or she gives. The account is {users.account()}; nobody else on the network "
            "reaches this server."
        )


def _ask_to_log_in() -> None:
    told = claims()
    style.brand()
    if told and settings().login_claim == "email" and told.get("email_verified") is not True:
        style.notice(
            "error",
            "Your identity provider has not verified your address",
            "So it cannot stand for you here. Ask whoever runs it, or have another claim name "
            "people: SECOND_LOOK_LOGIN_CLAIM.",
        )
        _log_out_button()
        st.stop()
    style.notice(
        "empty",
        "Your login has ended" if told else "Log in",
        "A login lasts twelve hours."
        if told
        else "Cases and verdicts are for people with a role. If you have just logged in and are "
        "here again, the product did not accept what your provider said; the server's log says "
        "why.",
    )
    st.button("Log in", key="user.log_in", icon=":material/login:", on_click=st.login)
    st.stop()


def _log_out_button() -> None:
    st.button("Log out", key="user.log_out", icon=":material/logout:", on_click=st.logout)


def _not_configured() -> tuple[str, str] | None:
    """Return what is missing for a login, and what to do."""
    if not all(find_spec(name) for name in ("authlib", "httpx")):
        return (
            "People are to log in, and Authlib and httpx are not installed.",
            f"Install streamlit[auth]=={st.__version__} (docs/users.md).",
        )
    said = _secrets()
    if not said:
        return (
            "People are to log in, and no identity provider is named.",
            "Write the section [auth] of .streamlit/secrets.toml (docs/users.md).",
        )
    missing = [name for name in _NEEDED if not str(said.get(name) or "").strip()]
    if missing:
        return (
            "People are to log in, and the section [auth] of .streamlit/secrets.toml lacks "
            f"{', '.join(missing)}.",
            "Write it down (docs/users.md).",
        )
    if len(str(said["cookie_secret"])) < _SECRET_LENGTH:
        return (
            "The cookie_secret is short enough to be guessed, and who knows it is anybody.",
            'Make one: python -c "import secrets; print(secrets.token_hex(32))".',
        )
    return None


def _secrets() -> Mapping[str, Any]:
    return st.secrets.get("auth", {}) if st.secrets.load_if_toml_exists() else {}


def _stop(tone: str, title: str, body: str) -> None:
    style.notice(tone, title, body)
    st.stop()
