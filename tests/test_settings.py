"""Settings: a real server refuses to start half-configured, and is strict when it does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SERVER = {
    "DATABASE_URL": "postgresql://login:secret@db.example.com:5433/club?sslmode=require",
    "BROKER_URL": "redis://broker.example.com:6379/0",
    "SECRET_KEY": "k7-Zq3vT9xW2mB8nR5cY1uP6sD4fG0hJ-aLeKiOoQwErTyUiOp",
    "ALLOWED_HOSTS": "club.example.com",
}
OURS = {*SERVER, "DEBUG", "OWNER_DATABASE_URL", "WEB_ROLE", "BASHGAH_TESTING", "CSRF_TRUSTED_ORIGINS"}
# The browser tests set this one for themselves.
OURS.add("DJANGO_ALLOW_ASYNC_UNSAFE")


def python(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess:
    """Run code in a fresh process that has only these settings."""
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=inherited | {"DJANGO_SETTINGS_MODULE": "loyalty.settings"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def read(names: str, environment: dict[str, str]):
    code = f"import json; from django.conf import settings as s; print(json.dumps([{names}], default=str))"
    done = python(code, environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("missing", sorted(SERVER))
def test_without_debug_it_does_not_start_before_everything_is_set(missing):
    rest = {name: value for name, value in SERVER.items() if name != missing}
    done = python("from django.conf import settings; settings.DEBUG", rest | {"DEBUG": "0"})
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert f"With DEBUG off these must be set: {missing}." in last


def test_without_debug_every_missing_setting_is_named_at_once():
    done = python("from django.conf import settings; settings.DEBUG", {"DEBUG": "0"})
    assert "DATABASE_URL, BROKER_URL, SECRET_KEY, ALLOWED_HOSTS" in done.stderr


def test_a_server_that_has_its_secrets_is_without_debug_by_itself():
    assert read("s.DEBUG", SERVER) == [False]
    assert read("s.DEBUG", {}) == [True]


@pytest.mark.parametrize("value", ["perhaps", "2"])
def test_a_yes_or_no_that_is_neither_is_refused(value):
    done = python("from django.conf import settings; settings.DEBUG", SERVER | {"DEBUG": value})
    assert "use 1 or 0" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("EMAIL_PORT", "smtp", "EMAIL_PORT is 'smtp'; use a whole number from 0 to 65535."),
        ("EMAIL_PORT", "70000", "EMAIL_PORT is '70000'; use a whole number from 0 to 65535."),
        ("TRUSTED_PROXY_COUNT", "one", "TRUSTED_PROXY_COUNT is 'one'; use a whole number"),
        ("IMPORT_TEXT_MEGABYTES", "1.5", "IMPORT_TEXT_MEGABYTES is '1.5'; use a whole number"),
        ("IMPORT_SHEET_MEGABYTES", "-1", "IMPORT_SHEET_MEGABYTES is '-1'; use a whole number"),
        ("SECURE_HSTS_SECONDS", "a year", "SECURE_HSTS_SECONDS is 'a year'; use a whole number"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL is 'LOUD'; use one of DEBUG, INFO, WARNING, ERROR, CRITICAL."),
        (
            "DATABASE_URL",
            "postgresql://web@host:x/club",
            "DATABASE_URL cannot be read: Port could not be cast",
        ),
        ("OWNER_DATABASE_URL", "mysql://owner@host/club", "OWNER_DATABASE_URL must begin with postgresql://"),
    ],
)
def test_a_setting_that_cannot_be_is_one_sentence(name, value, sentence):
    code = "import sys; sys.argv = ['manage.py', 'check']; import manage; manage.main()"
    done = python(code, SERVER | {name: value})
    assert done.returncode == 1
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


def test_a_setting_left_empty_is_one_not_given():
    empty = dict.fromkeys(["EMAIL_PORT", "IMPORT_TEXT_MEGABYTES", "LOG_LEVEL", "TRUSTED_PROXY_COUNT"], "")
    names = "s.EMAIL_PORT, s.IMPORT_TEXT_MEGABYTES, s.LOG_LEVEL, s.ALLAUTH_TRUSTED_PROXY_COUNT"
    assert read(names, SERVER | empty) == [25, 200, "INFO", 1]


def test_the_check_of_a_deployment_has_no_warning():
    code = (
        "from django.core.management import execute_from_command_line as run;"
        "run(['manage.py', 'check', '--deploy', '--fail-level', 'WARNING'])"
    )
    done = python(code, SERVER)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_cookies_and_headers_are_strict_on_a_server():
    names = (
        "s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.LANGUAGE_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY,"
        "s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS >= 31536000, s.SESSION_COOKIE_SAMESITE, s.X_FRAME_OPTIONS"
    )
    assert read(names, SERVER) == [True, True, True, True, True, True, "Lax", "DENY"]


def test_a_database_url_is_read_whole():
    names = "s.DATABASES['default'], s.DATABASES['owner']"
    web, owner = read(names, SERVER)
    assert [web[key] for key in ("HOST", "PORT", "NAME", "USER")] == [
        "db.example.com",
        "5433",
        "club",
        "login",
    ]
    # What is prepared asks for it; the threshold only has to be there.
    assert web["OPTIONS"].pop("prepare_threshold") > 1_000
    assert web["OPTIONS"] == {
        "sslmode": "require",
        "options": "-c role=bashgah_web -c plan_cache_mode=force_generic_plan",
    }
    assert owner["OPTIONS"] == {"sslmode": "require"}


def test_two_roles_may_have_an_address_each():
    roles = SERVER | {"OWNER_DATABASE_URL": "postgresql://owner:p%40ss@db.example.com/club"}
    web, owner, role = read("s.DATABASES['default'], s.DATABASES['owner'], s.WEB_ROLE", roles)
    assert (web["USER"], owner["USER"], owner["PASSWORD"], role) == ("login", "owner", "p@ss", "login")
    assert "role=" not in web["OPTIONS"]["options"]


def test_nothing_is_prepared_behind_a_pooler_that_cannot():
    web, _owner = read("s.DATABASES['default'], s.DATABASES['owner']", SERVER | {"DATABASE_PREPARES": "0"})
    assert web["OPTIONS"]["prepare_threshold"] is None
    assert web["OPTIONS"]["options"] == "-c role=bashgah_web"


def test_a_database_that_is_no_postgresql_is_refused():
    done = python(
        "from django.conf import settings; settings.DEBUG", SERVER | {"DATABASE_URL": "sqlite:///x"}
    )
    assert "DATABASE_URL must begin with postgresql://" in done.stderr


def test_behind_a_proxy_the_visitors_own_address_counts():
    assert read("s.ALLAUTH_TRUSTED_PROXY_COUNT", SERVER) == [1]
    assert read("s.ALLAUTH_TRUSTED_PROXY_COUNT", {}) == [0]
