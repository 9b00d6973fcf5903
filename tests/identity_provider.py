"""A small OpenID Connect provider on this machine: it asks who one is, and signs what it says.

Discovery, authorize, token, keys and logout as OpenID Connect Core 1.0 has them (authorization code
flow, PKCE of RFC 7636). Tokens are signed here with ``cryptography`` alone, apart from the library
that reads them.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CLIENT_ID, CLIENT_SECRET = "second-look", "a secret of the site"
KEY_NAME = "key-1"
HOUR = 3600
Claims = dict[str, Any]


def _encoded(data: bytes | Mapping[str, Any]) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8))


@dataclass
class Provider:
    """What the provider knows, and how it may be made to lie.

    ``people`` maps a name on its page to what it says of the person. ``spoil`` changes the claims
    before they are signed; ``signs_with`` another key is a forgery; ``is_signed`` False leaves the
    signature out (``alg`` none).
    """

    issuer: str
    people: Mapping[str, Claims]
    key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    signs_with: rsa.RSAPrivateKey | None = None
    is_signed: bool = True
    spoil: Callable[[Claims], object] | None = None
    codes: dict[str, Claims] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    n_logouts: int = 0

    def behave(self) -> None:
        """Say the truth again."""
        self.signs_with, self.is_signed, self.spoil = None, True, None

    def discovery(self) -> Claims:
        ends = {name: f"{self.issuer}/{name}" for name in ("authorize", "token", "keys", "logout")}
        return {
            "issuer": self.issuer,
            "authorization_endpoint": ends["authorize"],
            "token_endpoint": ends["token"],
            "jwks_uri": ends["keys"],
            "end_session_endpoint": ends["logout"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def keys(self) -> Claims:
        public = self.key.public_key().public_numbers()
        known = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_NAME}
        return {"keys": [known | {"n": _number(public.n), "e": _number(public.e)}]}

    def login_page(self, asked: Mapping[str, str]) -> bytes:
        """Return the page that asks who one is; it refuses what is not from the product."""
        if asked.get("client_id") != CLIENT_ID or asked.get("response_type") != "code":
            self.problems.append(f"asked by {asked.get('client_id')!r}")
        buttons = "".join(
            f"<p><button name='person' value='{html.escape(name)}'>{html.escape(name)}</button></p>"
            for name in self.people
        )
        action = html.escape(f"/authorize?{urlencode(asked)}")
        page = f"<h1>Site login</h1><form method='post' action='{action}'>{buttons}</form>"
        return page.encode()

    def redirect(self, asked: Mapping[str, str], person: str) -> str:
        """Return where the browser goes with the code of a login."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "person": person}
        back = {"code": code, "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def token(self, said: Mapping[str, str], authorization: str) -> tuple[int, Claims]:
        """Return the answer of the token endpoint: a code holds once, for who asked for it."""
        asked = self.codes.pop(said.get("code", ""), None)
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        known = f"{quote(CLIENT_ID)}:{quote(CLIENT_SECRET)}"
        challenge = _encoded(hashlib.sha256(said.get("code_verifier", "").encode()).digest())
        if asked is None or unquote(pair) != unquote(known):
            return 400, {"error": "invalid_client"}
        if (said.get("redirect_uri"), challenge) != (
            asked["redirect_uri"],
            asked.get("code_challenge"),
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {
            "access_token": secrets.token_urlsafe(16),
            "token_type": "Bearer",
            "expires_in": HOUR,
            "id_token": self.id_token(asked),
        }

    def id_token(self, asked: Claims) -> str:
        """Return what is said of the person, signed (OpenID Connect Core 1.0, section 2)."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + HOUR,
            "nonce": asked["nonce"],
            **self.people[asked["person"]],
        }
        if self.spoil is not None:
            self.spoil(claims)
        header = {"alg": "RS256" if self.is_signed else "none", "kid": KEY_NAME, "typ": "JWT"}
        body = f"{_encoded(header)}.{_encoded(claims)}"
        if not self.is_signed:
            return f"{body}."
        key = self.signs_with or self.key
        signature = key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{body}.{_encoded(signature)}"


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        provider, path = self.provider, urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(path.query).items()}
        if path.path == "/.well-known/openid-configuration":
            self._say(provider.discovery())
        elif path.path == "/keys":
            self._say(provider.keys())
        elif path.path == "/authorize":
            self._send(200, "text/html", provider.login_page(asked))
        elif path.path == "/logout":
            provider.n_logouts += 1
            self._go(asked["post_logout_redirect_uri"])
        else:
            self._send(404, "text/plain", b"")

    def do_POST(self) -> None:
        path = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(path.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        said = {key: values[0] for key, values in parse_qs(body).items()}
        if path.path == "/token":
            status, answer = self.provider.token(said, self.headers.get("Authorization", ""))
            self._say(answer, status=status)
        else:
            self._go(self.provider.redirect(asked, said["person"]))

    def log_message(self, *_: object) -> None:
        """Say nothing on the console of the tests."""

    def _say(self, answer: Claims, *, status: int = 200) -> None:
        self._send(status, "application/json", json.dumps(answer).encode())

    def _go(self, address: str) -> None:
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def running_provider(people: Mapping[str, Claims]) -> Iterator[Provider]:
    """Run a provider in a thread, reached as *localhost*.

    The product is at 127.0.0.1, so that to the browser the two are different sites.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    provider = Provider(f"http://localhost:{server.server_port}", people)
    handler = type("Handler", (_Handler,), {"provider": provider})
    server.RequestHandlerClass = handler
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
