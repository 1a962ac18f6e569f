"""Every setting, read from the environment; with none set it runs a development club on embedded servers."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from loyalty import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
# What a real server must be told. Its databases alone do not make it one: tests and a look around have some, too.
REQUIRED_IN_PRODUCTION = ("DATABASE_URL", "BROKER_URL", "SECRET_KEY", "ALLOWED_HOSTS")


def env_bool(name: str, default: bool) -> bool:
    """Return the yes/no variable `name`; raise ImproperlyConfigured in words for anything else."""
    raw = os.environ.get(name, "").strip().lower()
    if raw in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        return default if raw == "" else raw in ("1", "true", "yes", "on")
    raise ImproperlyConfigured(f"{name} is {raw!r}; use 1 or 0.")


def env_int(name: str, default: int, most: int = 2**31 - 1) -> int:
    """Return the whole number `name`, 0 to `most`; raise ImproperlyConfigured in words for anything else."""
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 19 and int(raw) <= most):
        raise ImproperlyConfigured(f"{name} is {raw!r}; use a whole number from 0 to {most}.")
    return int(raw)


def env_list(name: str) -> list[str]:
    return [item.strip() for item in os.environ.get(name, "").split(",") if item.strip()]


def database(name: str, **options: str) -> dict:
    """Return Django's settings for the postgresql:// URL `name`; query parameters become connection options."""
    try:
        parts = urlsplit(os.environ[name])
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} cannot be read: {error}.") from error
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured(f"{name} must begin with postgresql://")
    query = dict(parse_qsl(parts.query))
    return {
        "HOST": query.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "OPTIONS": {**query, **options},
    }


DEBUG = env_bool("DEBUG", not any(os.environ.get(name) for name in ("SECRET_KEY", "ALLOWED_HOSTS")))
TESTING = env_bool("BASHGAH_TESTING", "pytest" in sys.modules)
if not DEBUG:
    missing = [name for name in REQUIRED_IN_PRODUCTION if not os.environ.get(name)]
    if missing:
        raise ImproperlyConfigured(f"With DEBUG off these must be set: {', '.join(missing)}.")

SECRET_KEY = os.environ.get("SECRET_KEY") or "development-only-key-that-signs-nothing-of-value-0123456789"
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]", "testserver"]
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")

# Two roles: `default` is the web role, bound by row-level security; `owner` owns the tables and migrates.
# With one URL only, that login steps down to the web role on connecting (it must be a member of it).
WEB_ROLE = os.environ.get("WEB_ROLE", "bashgah_web")
if os.environ.get("DATABASE_URL"):
    if os.environ.get("OWNER_DATABASE_URL"):
        _web, _owner = database("DATABASE_URL"), database("OWNER_DATABASE_URL")
        WEB_ROLE = _web["USER"]
    else:
        _web = database("DATABASE_URL", options=f"-c role={WEB_ROLE}")
        _owner = database("DATABASE_URL")
else:
    _web, _owner = embedded.connection_settings("bashgah_web"), embedded.connection_settings("bashgah_owner")
_common = {"ENGINE": "django.db.backends.postgresql", "CONN_HEALTH_CHECKS": True}
# Nothing is prepared but what asks for it (`shops.prepared`), and that is planned once: left to itself PostgreSQL
# would plan the larger ones anew each time, which takes longer than to carry them out.
_web["OPTIONS"] = {**_web.get("OPTIONS", {}), "prepare_threshold": None}
if env_bool("DATABASE_PREPARES", True):
    _planned = f"{_web['OPTIONS'].get('options', '')} -c plan_cache_mode=force_generic_plan".strip()
    _web["OPTIONS"] |= {"prepare_threshold": 1_000_000_000, "options": _planned}
DATABASES = {
    "default": {**_common, **_web, "CONN_MAX_AGE": 60},
    "owner": {**_common, **_owner, "CONN_MAX_AGE": 0},
}
# Dashboards read from a streaming replica where there is one (`shops.replica`). Its login is the web role's, too.
if os.environ.get("REPLICA_DATABASE_URL"):
    _wait = {"connect_timeout": "2"}
    if os.environ.get("DATABASE_URL") and not os.environ.get("OWNER_DATABASE_URL"):
        _wait["options"] = f"-c role={WEB_ROLE}"
    DATABASES["replica"] = {
        **_common,
        **database("REPLICA_DATABASE_URL", **_wait),
        "CONN_MAX_AGE": 60,
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
BROKER_URL = os.environ.get("BROKER_URL") or embedded.broker_url()
# The default keeps the sign-in limits only, in the database so that they hold for all web processes together.
# A shop's figures stay in each process's own memory: a shared table of them would stand outside the policies.
CACHES = {
    "figures": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache_entry",
        # Above this, entries are thrown out: guessing many addresses must not make room for more guesses.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "django_tables2",
    "django_filters",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "loyalty",
    "loyalty.ui",
    "loyalty.shops",
    "loyalty.customers",
    "loyalty.points",
    "loyalty.tiers",
    "loyalty.ingest",
    "loyalty.counter",
    "segmentation",
    "campaigns",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "loyalty.shops.middleware.SignInMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "loyalty.shops.middleware.ShopMiddleware",
]
ROOT_URLCONF = "loyalty.urls"
WSGI_APPLICATION = "loyalty.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "loyalty.navigation.navigation",
            ],
            "loaders": [
                "django.template.loaders.filesystem.Loader",
                "django.template.loaders.app_directories.Loader",
            ]
            if DEBUG and not TESTING
            else [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
        },
    }
]

LANGUAGE_CODE = "en"
LANGUAGES = [("fa", "فارسی"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

NODE_MODULES = BASE_DIR / "node_modules"
STATIC_URL = "static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT") or BASE_DIR / "staticfiles")
STATICFILES_DIRS = [
    BASE_DIR / "static",
    *(
        (f"vendor/{name}", path)
        for name, path in (
            ("tabler", NODE_MODULES / "@tabler/core/dist"),
            ("vazirmatn", NODE_MODULES / "vazirmatn"),
            ("plotly", NODE_MODULES / "plotly.js-basic-dist-min"),
        )
        if path.is_dir()
    ),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
STATICFILES_FINDERS = [
    "loyalty.vendor.Finder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# Only a debugger asks for maps, and packing them takes longer than all the rest.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("map", "png", "jpg", "webp", "ico", "woff2")
WHITENOISE_MANIFEST_STRICT = False
MEDIA_ROOT = Path(os.environ.get("MEDIA_ROOT") or embedded.var_dir() / "media")

AUTH_USER_MODEL = "shops.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["name", "email"]},
    },
    {"NAME": "loyalty.shops.passwords.LengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "loyalty.shops.accounts.InvitedOnlyAdapter"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "login": "60/m/ip"}
# Behind a proxy everybody has the proxy's address, and one person's slips would lock out all.
ALLAUTH_TRUSTED_PROXY_COUNT = env_int("TRUSTED_PROXY_COUNT", 0 if DEBUG else 1, most=9)
MFA_TOTP_ISSUER = "Bashgah"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND") or (
    "django.core.mail.backends.console.EmailBackend"
    if DEBUG
    else "django.core.mail.backends.smtp.EmailBackend"
)
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = env_int("EMAIL_PORT", 25, most=65535)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Bashgah <bashgah@localhost>")

# Nothing inline and nothing from elsewhere: style and script come as our own files (data: is for Tabler's icons).
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
if not DEBUG:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env_bool("SECURE_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env_int("SECURE_HSTS_SECONDS", 365 * 24 * 3600)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env_bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", True)

DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
# A file for the import goes to disk as it arrives, and no further than the larger of the two limits.
FILE_UPLOAD_HANDLERS = ["loyalty.ingest.uploads.BoundedUploadHandler"]
IMPORT_TEXT_MEGABYTES = env_int("IMPORT_TEXT_MEGABYTES", 200, most=10_000)
IMPORT_SHEET_MEGABYTES = env_int("IMPORT_SHEET_MEGABYTES", 50, most=10_000)
DJANGO_TABLES2_TEMPLATE = "ui/_table.html"

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOG_LEVEL = os.environ.get("LOG_LEVEL", "").strip().upper() or "INFO"
if LOG_LEVEL not in LOG_LEVELS:
    raise ImproperlyConfigured(f"LOG_LEVEL is {LOG_LEVEL!r}; use one of {', '.join(LOG_LEVELS)}.")
# A person's number is never in a log: the formatter masks whatever looks like one, in any digits.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "loyalty.ui.log.MaskedFormatter", "fmt": "%(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        # Beat looks every few seconds; a line for each would drown what matters.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}
