"""Who may enter where: the one registry of every route, made of each room's `ACCESS` by `loyalty/urls.py`.

A route that is not listed is closed to everybody, and `tests/test_routes.py` fails for it.
"""

from __future__ import annotations

from dataclasses import dataclass

OWNER, MARKETER, COUNTER = "owner", "marketer", "counter"

OWNER_ONLY = frozenset({OWNER})
MARKETING = frozenset({OWNER, MARKETER})
EVERYONE = frozenset({OWNER, MARKETER, COUNTER})
# Two doors stand outside the shops: anybody, and anybody who has signed in (a shop is not needed).
PUBLIC = frozenset({"public"})
SIGNED_IN = frozenset({"signed-in"})
# A library brings this door and we keep it shut: it answers 404 to everybody.
CLOSED = frozenset()

READ = frozenset({"GET"})
WRITE = frozenset({"POST"})
FORM = READ | WRITE


@dataclass(frozen=True)
class Access:
    """One route: the roles that may enter it, and the methods it answers (HEAD and OPTIONS go with GET).

    `elsewhere` names the route that other roles are sent to instead of being refused: all have a first page.
    A route that only reads and whose figures may be a moment old `may_lag`: a replica may answer it.
    """

    roles: frozenset[str]
    methods: frozenset[str] = READ
    elsewhere: str = ""
    may_lag: bool = False


# Routes of libraries: signing in and out, second factors, language. People join by invitation and keep the
# address they were invited by: an unverified second one would let a person sign in under another's.
LIBRARIES = {
    "account_login": Access(PUBLIC, FORM),
    "account_logout": Access(PUBLIC, FORM),
    "account_signup": Access(PUBLIC, FORM),
    "account_inactive": Access(PUBLIC),
    "account_reset_password": Access(PUBLIC, FORM),
    "account_reset_password_done": Access(PUBLIC),
    "account_reset_password_from_key": Access(PUBLIC, FORM),
    "account_reset_password_from_key_done": Access(PUBLIC),
    "account_reauthenticate": Access(SIGNED_IN, FORM),
    "account_change_password": Access(SIGNED_IN, FORM),
    "account_set_password": Access(CLOSED),
    "account_email": Access(CLOSED),
    "account_email_verification_sent": Access(CLOSED),
    "account_confirm_email": Access(CLOSED),
    "account_confirm_login_code": Access(CLOSED),
    "mfa_index": Access(SIGNED_IN),
    "mfa_authenticate": Access(PUBLIC, FORM),
    "mfa_reauthenticate": Access(SIGNED_IN, FORM),
    "mfa_activate_totp": Access(SIGNED_IN, FORM),
    "mfa_deactivate_totp": Access(SIGNED_IN, FORM),
    "mfa_view_recovery_codes": Access(SIGNED_IN),
    "mfa_generate_recovery_codes": Access(SIGNED_IN, FORM),
    "mfa_download_recovery_codes": Access(SIGNED_IN),
    "set_language": Access(PUBLIC, WRITE),
    "healthz": Access(PUBLIC),
}


# {route name: Access} of the whole product; `loyalty/urls.py` fills it from the rooms.
REGISTRY: dict[str, Access] = dict(LIBRARIES)
