"""Answers that a provider never gave, and answers that are used twice."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.support.html import Page
from tests.support.oidc import come_back, everyone, sign_in, signed_in
from tests.support.pages import PageClient
from tests.support.provider import CLIENT_ID, CLIENT_SECRET, new_key
from tests.support.tokens import forge, pack


def with_the_public_key_as_secret(provider):
    """RS256 to HS256: the public key, which everybody has, as if it were a shared secret."""
    public = provider.key.as_pem(private=False).decode()
    return lambda claims: forge({"alg": "HS256", "kid": "first"}, claims, public)


def with_a_key_of_its_own(provider):
    key = new_key("first")
    return lambda claims: provider.signed(claims, key=key, jwk=key.as_dict(private=False))


def by_hand(provider, **header):
    """Signed with the true key: joserfc wouldn't write a header that it wouldn't read."""

    def sign(claims):
        first = pack({"alg": "RS256", "kid": "first", **header})
        signed = f"{first}.{pack(claims)}"
        key = provider.key.private_key
        signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{pack(signature)}"

    return sign


FORGED_CLAIMS = {
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "an empty nonce": {"nonce": ""},
    "a nonce of another type": {"nonce": ["x"]},
    "another audience": {"aud": "another-client"},
    "another audience, for us": {"aud": "another-client", "azp": CLIENT_ID},
    "several audiences, for another": {"aud": ["another-client", CLIENT_ID], "azp": "another"},
    "several audiences, for nobody": {"aud": ["another-client", CLIENT_ID]},
    "no audience": {"aud": None},
    "an empty audience": {"aud": []},
    "an audience like ours": {"aud": CLIENT_ID + "x"},
    "another issuer": {"iss": "https://accounts.google.com"},
    "no issuer": {"iss": None},
    "an issuer like it": {"iss": "http://127.0.0.1"},
    "expired": {"exp": int(time.time()) - 3600},
    "no expiry": {"exp": None},
    "an expiry that is text": {"exp": "never"},
    "not yet": {"nbf": int(time.time()) + 3600},
    "issued tomorrow": {"iat": int(time.time()) + 86400},
    "nobody": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject of another type": {"sub": 5},
    "a subject with NUL": {"sub": "a\0b"},
    "a long subject": {"sub": "x" * 300},
    "a wrong at_hash": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("kind", FORGED_CLAIMS)
def test_forged_claims(app, client, provider, kind):
    provider.claims = FORGED_CLAIMS[kind]
    answer = sign_in(client, provider)
    assert answer.status_code == 403, answer.text
    assert "Please try again" in answer.text
    assert not signed_in(client)
    assert everyone(app) == []


SIGNATURES = {
    "another key": lambda p: lambda claims: p.signed(claims, key=new_key("first")),
    "an unknown key id": lambda p: lambda claims: p.signed(claims, kid="unknown"),
    "the public key as a secret": with_the_public_key_as_secret,
    "the client secret as a key": lambda p: lambda c: forge({"alg": "HS256"}, c, CLIENT_SECRET),
    "none": lambda p: lambda claims: forge({"alg": "none"}, claims),
    "None": lambda p: lambda claims: forge({"alg": "None", "kid": "first"}, claims),
    "no algorithm": lambda p: lambda claims: forge({"kid": "first"}, claims),
    "unknown crit": lambda p: by_hand(p, crit=["x"], x=1),
    "a key in the header": with_a_key_of_its_own,
    "no signature": lambda p: lambda claims: p.signed(claims).rpartition(".")[0] + ".",
    "cut": lambda p: lambda claims: p.signed(claims)[:-8],
    "nonsense": lambda p: lambda claims: "x.y.z",
    "no text": lambda p: lambda claims: 5,
    "nothing": lambda p: lambda claims: None,
    "64 KB": lambda p: lambda claims: p.signed({**claims, "x": "x" * 65536})[:-4] + "AAAA",
}


@pytest.mark.parametrize("kind", SIGNATURES)
def test_forged_signatures(app, client, provider, kind):
    provider.sign = SIGNATURES[kind](provider)
    assert sign_in(client, provider).status_code == 403
    assert not signed_in(client)
    assert everyone(app) == []


def test_the_forging_helper_works(client, provider):
    """Control: a header without a lie, signed in the same way, is accepted."""
    provider.sign = by_hand(provider)
    assert sign_in(client, provider).status_code == 303
    assert signed_in(client)


def test_no_id_token_at_all(app, client, provider):
    for answer in ({"id_token": None}, {"error": "invalid_grant"}, {"access_token": None}):
        provider.answer = answer
        if "access_token" in answer:
            provider.claims = {"email": None}
        assert sign_in(client, provider).status_code == 403, answer
    assert everyone(app) == []


def test_a_state_belongs_to_a_session_and_works_once(app, client, provider):
    back = come_back(client, provider)
    victim = PageClient(app)
    victim.get("/login")
    answer = victim.get(back)
    assert answer.status_code == 400, "an attacker's answer in somebody else's browser"
    assert not signed_in(victim)
    own = come_back(victim, provider)
    mixed = own.replace(parse_qs(urlsplit(own).query)["code"][0], "x")
    assert victim.get(mixed).status_code == 403
    assert victim.get(own).status_code == 400, "used up by the answer that was refused"

    assert client.get(back).status_code == 303
    again = PageClient(app)
    again.set_cookie("chatapp_session", client.get_cookie("chatapp_session").value)
    assert client.get(back).status_code == 400, "replayed while signed in"
    client.submit("/chats", "/logout")
    assert client.get(back).status_code == 400, "replayed"
    assert not signed_in(client)


def test_incomplete_provider_answers(app, client, provider):
    back = come_back(client, provider)
    state = parse_qs(urlsplit(back).query)["state"][0]
    for query in (
        "",
        "?code=x",
        "?state=",
        f"?state={state}x&code=x",
        "?state=google&code=x",
        "?state=%00&code=x",
        f"?state={'x' * 5000}&code=x",
    ):
        assert client.get(f"/auth/google/callback{query}").status_code == 400, query
    assert client.get(f"/auth/google/callback?state={state}").status_code == 403
    assert client.post(back).status_code in (403, 405)
    assert everyone(app) == []


def test_a_code_from_another_sign_in_is_refused(app, client, provider):
    """The verifier that belongs to the code is in the other browser: PKCE."""
    theirs = parse_qs(urlsplit(come_back(PageClient(app), provider)).query)["code"][0]
    own = come_back(client, provider)
    injected = own.replace(parse_qs(urlsplit(own).query)["code"][0], theirs)
    assert client.get(injected).status_code == 403
    assert not signed_in(client)
    assert everyone(app) == []


def test_an_answer_from_another_issuer_is_refused(app, client, provider):
    back = come_back(client, provider)
    assert client.get(f"{back}&iss=https://evil.example").status_code == 403
    back = come_back(client, provider)
    assert client.get(f"{back}&iss={provider.url}").status_code == 303


def test_a_state_expires_and_few_are_stored(app, client, provider, monkeypatch):
    backs = [come_back(client, provider) for _ in range(7)]
    assert client.get(backs[1]).status_code == 400, "five are kept"
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 601)
    assert client.get(backs[6]).status_code == 400
    monkeypatch.undo()


def test_denied_consent_is_reported(app, client, provider):
    state = parse_qs(urlsplit(come_back(client, provider)).query)["state"][0]
    answer = client.get(
        f"/auth/google/callback?error=access_denied&error_description=<b>x</b>&state={state}"
    )
    assert answer.status_code == 403
    assert "You didn’t agree" in answer.text or "didn&#39;t agree" in answer.text
    assert "<b>x" not in answer.text
    assert Page(answer.text).form("/login"), "and can log in at once"
