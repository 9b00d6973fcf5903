"""People log in at a provider of their own: a name, a role, an end; what is not genuine is refused.

Everything is real but the people: provider, tokens, cookies, the product in login mode, a browser.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import itsdangerous
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from playwright.sync_api import Browser, expect
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from core.workflows.users import give_role
from tests.browser.conftest import Visit, served, visiting
from tests.browser.steps import open_address, settle
from tests.identity_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    HOUR,
    Claims,
    Provider,
    running_provider,
)
from tests.pages.looking import encoded, picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DAY = 24 * HOUR
PEOPLE: dict[str, Claims] = {
    "Anna": {"sub": "u-1", "email": "Anna@Site.org", "email_verified": True},
    "Ben": {"sub": "u-2", "email": "ben@site.org", "email_verified": True},
    "Vera": {"sub": "u-3", "email": "anna@site.org", "email_verified": False},
}
COOKIE_SECRET = secrets.token_hex(32)
SECRETS = f"""[auth]
redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
cookie_secret = "{COOKIE_SECRET}"
client_id = "{CLIENT_ID}"
client_secret = "{CLIENT_SECRET}"
server_metadata_url = "ISSUER/.well-known/openid-configuration"
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A product that people log in to, the provider they log in at, and the server's log."""

    base: str
    provider: Provider
    log: Path


@pytest.fixture(scope="module")
def site(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run both for all tests of this file."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch, running_provider(PEOPLE) as provider:
        patch.setenv("SECOND_LOOK_LOGIN", "oidc")
        told = folder / "secrets.toml"
        told.write_text(SECRETS.replace("ISSUER", provider.issuer))
        with served(shipped, folder / "home", "--secrets.files", str(told)) as base:
            yield Site(base, provider, folder / f"server-{urlsplit(base).port}.log")


@pytest.fixture
def roles(site: Site, use_settings: Callable[..., None]) -> Callable[..., None]:
    """Return a function that gives a role in the home of the server."""
    site.provider.behave()
    use_settings(home=site.log.parent / "home", login="oidc")
    return lambda **given: [
        give_role(PEOPLE[name]["email"], role, by="root") for name, role in given.items()
    ]


def arrive(visit: Visit, address: str = "/") -> None:
    """Go to an address as somebody who may not get in."""
    visit.page.goto(visit.base + address)
    visit.page.locator(".sl-notice").wait_for()
    settle(visit)


def go_to_provider(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Log in").click()
    visit.page.get_by_role("heading", name="Site login").wait_for()


def log_in(visit: Visit, person: str) -> None:
    """Log in at the provider and come back."""
    arrive(visit)
    go_to_provider(visit)
    visit.page.get_by_role("button", name=person, exact=True).click()
    visit.page.wait_for_url(f"{visit.base}/**")
    visit.page.locator(".sl-notice, .sl-banner").first.wait_for()
    settle(visit)


def expect_no_page(visit: Visit, said: str) -> None:
    """Expect one notice and the way to log in or out, and nothing of the product."""
    expect(visit.page.locator(".sl-notice")).to_contain_text(said)
    expect(visit.page.locator(".sl-notice")).to_have_count(1)
    expect(visit.page.locator("[data-testid=stPageLink]")).to_have_count(0)
    expect(visit.page.locator(".sl-banner")).to_have_count(0)
    expect(visit.page.locator("[data-testid=stException]")).to_have_count(0)


def test_a_day_of_somebody_who_logs_in(
    browser: Browser, site: Site, roles: Callable[..., None], tmp_path: Path
):
    slice_file = tmp_path / "slice.png"
    slice_file.write_bytes(encoded(picture(71)))
    with visiting(browser, site.base) as visit:
        roles(Anna="none", Ben="none")  # whatever another test gave them
        log_in(visit, "Anna")
        expect_no_page(visit, "Your name here is Anna@Site.org")
        roles(Anna="reader")
        open_address(visit, "/worklist?task=kidney_ct")
        expect(visit.page.get_by_label("Your name")).to_have_value("Anna@Site.org")
        expect(visit.page.get_by_label("Your name")).to_be_disabled()
        visit.page.locator("input[type=file]").set_input_files(str(slice_file))
        visit.page.get_by_role("button", name="Add 1 picture").click()
        line = visit.page.locator("tr[data-case]")
        expect(line).to_have_count(1)
        case = str(line.get_attribute("data-case"))
        open_address(visit, f"/case?task=kidney_ct&case={case}")
        says_cyst(visit)
        expect(visit.page.get_by_role("heading", name="Anna@Site.org (you)")).to_be_visible()
        logs_out(visit, "Anna@Site.org")
        assert (site.provider.n_logouts, site.provider.problems) == (1, [])
        assert visit.outside == []
    with visiting(browser, site.base) as visit:
        roles(Ben="viewer")
        log_in(visit, "Ben")
        open_address(visit, f"/case?task=kidney_ct&case={case}")
        visit.page.get_by_role("button", name="Give a verdict of your own").click()
        says_cyst(visit)
        expect(
            visit.page.get_by_text("takes the role reader, and ben@site.org has viewer")
        ).to_be_visible()
        roles(Ben="reader")  # holds from the next click
        visit.page.get_by_role("button", name="Save verdict").click()
        expect(visit.page.get_by_role("heading", name="ben@site.org (you)")).to_be_visible()
        roles(Ben="none")
        visit.page.reload()
        expect_no_page(visit, "nobody gave you a role yet")


def says_cyst(visit: Visit) -> None:
    """Try to save a verdict of the case that is open."""
    form = visit.page.locator("[data-testid=stButtonGroup]").filter(has_text="Not assessable")
    form.get_by_role("radio", name="Cyst", exact=True).click()
    settle(visit)
    visit.page.get_by_role("button", name="Save verdict").click()
    settle(visit)


def logs_out(visit: Visit, name: str) -> None:
    """Log out by the name in the frame; the session at the provider ends, too."""
    visit.page.get_by_role("button", name=name).click()
    expect(visit.page.get_by_text("Role: reader.")).to_be_visible()
    visit.page.get_by_role("button", name="Log out").click()
    visit.page.get_by_role("button", name="Log in").wait_for()
    expect_no_page(visit, "Log in")
    arrive(visit, "/worklist?task=kidney_ct")
    expect_no_page(visit, "Log in")


def test_an_address_that_the_provider_did_not_verify_is_nobody(
    browser: Browser, site: Site, roles: Callable[..., None]
):
    roles(Anna="admin")  # Vera wrote Anna's address into her profile
    with visiting(browser, site.base) as visit:
        log_in(visit, "Vera")
        expect_no_page(visit, "has not verified your address")


LIES: dict[str, Callable[[Provider], object]] = {
    "nonce": lambda it: setattr(it, "spoil", lambda said: said.update(nonce="of another login")),
    "no nonce": lambda it: setattr(it, "spoil", lambda said: said.pop("nonce")),
    "audience": lambda it: setattr(it, "spoil", lambda said: said.update(aud="another product")),
    "issuer": lambda it: setattr(it, "spoil", lambda said: said.update(iss="https://evil.org")),
    "expired": lambda it: setattr(
        it, "spoil", lambda said: said.update(iat=said["iat"] - DAY, exp=said["exp"] - DAY)
    ),
    "another key": lambda it: setattr(
        it, "signs_with", rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ),
    "unsigned": lambda it: setattr(it, "is_signed", False),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_is_not_genuine_lets_nobody_in(
    browser: Browser, site: Site, roles: Callable[..., None], lie: str
):
    roles(Anna="admin")
    LIES[lie](site.provider)
    before = len(site.log.read_text())
    with visiting(browser, site.base) as visit:
        log_in(visit, "Anna")
        expect_no_page(visit, "Log in")
        expect(visit.page.get_by_text("did not accept")).to_be_visible()
        assert not [c for c in visit.page.context.cookies() if c["name"] == USER_COOKIE_NAME]
    told = site.log.read_text()[before:]
    assert "OAuth token exchange failed" in told
    assert "anna" not in told.lower()


def test_a_callback_that_nobody_asked_for_lets_nobody_in(
    browser: Browser, site: Site, roles: Callable[..., None]
):
    roles(Anna="admin")
    with visiting(browser, site.base) as visit:
        arrive(visit, "/oauth2callback?code=made-up&state=made-up")
        expect_no_page(visit, "Log in")
        arrive(visit, "/oauth2callback?error=access_denied&error_description=no")
        expect_no_page(visit, "Log in")


def cookie(said: Claims, *, secret: str = COOKIE_SECRET, age_s: int = 0) -> str:
    """Return a cookie as Streamlit signs one, made so many seconds ago."""
    signer = itsdangerous.URLSafeTimedSerializer(secret, salt=USER_COOKIE_NAME)
    before = int(time.time()) - age_s

    class Then(itsdangerous.TimestampSigner):
        def get_timestamp(self) -> int:
            return before

    signer.signer = Then
    return str(signer.dumps(json.dumps(said)))


def genuine(base: str, **changes: object) -> Claims:
    made = {"origin": base, "is_logged_in": True, "provider": "default", "iat": int(time.time())}
    return PEOPLE["Anna"] | made | changes


def tampered(base: str) -> str:
    """Return Anna's claims with the signature of Ben's."""
    payload = cookie(genuine(base)).rsplit(".", 2)[0]
    signature = cookie(genuine(base) | PEOPLE["Ben"]).rsplit(".", 2)[1:]
    return ".".join([payload, *signature])


COOKIES: dict[str, tuple[Callable[[str], str], str]] = {
    "another secret": (lambda base: cookie(genuine(base), secret="guessed" * 5), "Log in"),
    "tampered with": (tampered, "Log in"),
    "not signed": (lambda base: json.dumps(genuine(base)), "Log in"),
    "forty days old": (lambda base: cookie(genuine(base), age_s=40 * DAY), "Log in"),
    "of another site": (lambda _: cookie(genuine("http://127.0.0.1:1")), "Log in"),
    "thirteen hours old": (
        lambda base: cookie(genuine(base, iat=time.time() - 13 * HOUR)),
        "Your login has ended",
    ),
}


def open_with(visit: Visit, value: str) -> None:
    visit.page.context.add_cookies(
        [{"name": USER_COOKIE_NAME, "value": value, "url": visit.base, "httpOnly": True}]
    )
    visit.page.goto(f"{visit.base}/worklist?task=kidney_ct")
    visit.page.locator(".sl-notice, .sl-banner").first.wait_for()
    settle(visit)


def test_a_cookie_that_is_genuine_lets_one_in(
    browser: Browser, site: Site, roles: Callable[..., None]
):
    roles(Anna="viewer")
    with visiting(browser, site.base) as visit:
        open_with(visit, cookie(genuine(site.base)))
        expect(visit.page.get_by_role("button", name="Anna@Site.org")).to_be_visible()


@pytest.mark.parametrize("made", COOKIES)
def test_a_cookie_that_is_not_genuine_or_old_lets_nobody_in(
    browser: Browser, site: Site, roles: Callable[..., None], made: str
):
    roles(Anna="admin")
    make, said = COOKIES[made]
    with visiting(browser, site.base) as visit:
        open_with(visit, make(site.base))
        expect_no_page(visit, said)
