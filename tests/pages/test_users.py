"""Who sits at the page: single-user, a login that is missing, ended or without a role, a name."""

from __future__ import annotations

import time

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.evaluation.misses import MISS
from core.inference.package import find_version
from core.workflows.clinic import Cause, recorded_causes
from core.workflows.stored_runs import find_run
from core.workflows.users import give_role
from pages._shared import identity, state
from tests.clinic_runs import store_clinic_run
from tests.pages.looking import words_of
from tests.source_tree import ROOT

NAME = "a.reader@site.org"


@pytest.fixture
def open_as(monkeypatch, use_settings, small_models, tmp_path):
    """Return a function that opens a page as somebody whom the provider told this of."""
    use_settings(models=small_models, home=tmp_path / "home", login="oidc")
    monkeypatch.setattr(identity, "_not_configured", lambda: None)

    def open_it(claims, page="models", *, task="kidney_ct"):
        monkeypatch.setattr(identity, "claims", lambda: claims)
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)
        app.query_params["task"] = task
        app.run()
        if app.get("page_link"):
            app.query_params["class"] = "stone"
            app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
        return app

    return open_it


def told(**changes):
    made_at = int(time.time()) - 60
    known = {"is_logged_in": True, "email": NAME, "email_verified": True, "iat": made_at}
    return known | changes


def buttons(app):
    return {button.key for button in app.button}


def test_single_user_mode_says_so_and_asks_nobody(open_page):
    app = open_page("models")
    assert "whoever sits here may do everything" in words_of(app)
    assert not {"user.log_in", "user.log_out"} & buttons(app)


def test_a_server_that_others_reach_shows_no_page_without_a_login(open_page, monkeypatch):
    options = st.get_option
    monkeypatch.setattr(
        st, "get_option", lambda name: "0.0.0.0" if name == "server.address" else options(name)
    )
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120).run()
    assert "The server listens on 0.0.0.0, and nobody has to log in" in words_of(app)
    assert not app.get("page_link")
    assert not app.selectbox


def test_a_login_that_is_not_set_up_says_what_is_missing(use_settings):
    use_settings(login="oidc")
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120).run()
    assert not app.exception
    assert "People are to log in, and" in words_of(app)
    assert not app.get("page_link")


WHOLE = {
    "redirect_uri": "https://host/oauth2callback",
    "cookie_secret": "c0ffee00" * 8,
    "client_id": "second-look",
    "client_secret": "s",
    "server_metadata_url": "https://idp/.well-known/openid-configuration",
}


@pytest.mark.parametrize(
    ("secrets", "problem"),
    [
        ({}, "no identity provider is named"),
        (WHOLE | {"client_id": " "}, "lacks client_id"),
        ({"redirect_uri": "x"}, "lacks cookie_secret, client_id, client_secret, server_metadata"),
        (WHOLE | {"cookie_secret": "1234567890"}, "short enough to be guessed"),
        (WHOLE, None),
    ],
)
def test_what_is_missing_of_the_provider_is_said(monkeypatch, secrets, problem):
    monkeypatch.setattr(identity, "find_spec", lambda name: object())
    monkeypatch.setattr(identity, "_secrets", lambda: secrets)
    said = identity._not_configured()
    assert said is None if problem is None else problem in said[0]


@pytest.mark.parametrize("missing", ["authlib", "httpx"])
def test_a_missing_package_of_the_login_is_said(monkeypatch, missing):
    monkeypatch.setattr(identity, "find_spec", lambda name: None if name == missing else object())
    assert "are not installed" in identity._not_configured()[0]


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({}, "Log in"),
        (told(iat=time.time() - 13 * 3600), "Your login has ended"),
        (told(iat=None), "Your login has ended"),
    ],
)
def test_who_is_not_logged_in_sees_the_login_alone(open_as, claims, said):
    app = open_as(claims)
    assert said in words_of(app)
    assert buttons(app) == {"user.log_in"}
    assert not app.get("page_link")


@pytest.mark.parametrize("verified", [False, None, "true"])
def test_an_address_that_nobody_verified_is_no_name(open_as, verified):
    give_role(NAME, "admin")
    app = open_as(told(email_verified=verified))
    assert "has not verified your address" in words_of(app)
    assert not app.get("page_link")


def test_without_a_role_one_is_told_whom_to_ask(open_as):
    app = open_as(told())
    assert f"Your name here is {NAME}" in words_of(app)
    assert f"users set &#x27;{NAME}&#x27; reader" in words_of(app)
    assert buttons(app) == {"user.log_out"}


def test_another_claim_names_people_where_the_site_says_so(open_as, use_settings):
    use_settings(login="oidc", login_claim="sub")
    give_role("u-17", "viewer")
    app = open_as(told(sub="u-17", email_verified=False))
    assert "Role: viewer." in words_of(app)
    assert "user.log_out" in buttons(app)


def test_who_is_logged_in_signs_with_that_name_and_no_other(open_as, tmp_path):
    give_role(NAME, "viewer")
    store_clinic_run(tmp_path / "home", find_version("phantom_ct"))
    app = open_as(told(), "missed_findings", task="phantom_ct")
    field = app.text_input(key=f"{state.CLINIC_SIGNED_BY}.login")
    assert (field.value, field.disabled) == (NAME, True)
    assert "takes the role reader" in save_cause(app)
    assert recorded_causes(find_run("phantom_ct", "hand"), MISS) == {}
    give_role(NAME, "reader")
    save_cause(app)
    (cause,) = recorded_causes(find_run("phantom_ct", "hand"), MISS).values()
    assert cause.recorded_by == NAME


def save_cause(app):
    box = next(item for item in app.selectbox if str(item.key).startswith("clinic.cause."))
    box.set_value(Cause("too_small"))
    save = next(item for item in app.button if str(item.key).startswith("clinic.save."))
    save.click().run()
    assert not app.exception
    return words_of(app) + " ".join(item.value for item in (*app.error, *app.warning))
