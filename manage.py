#!/usr/bin/env python3
"""Django's command line, with the embedded servers held for its own lifetime where nothing else is set."""

import os
import sys

# These look at the code only, or start what they need themselves.
WITHOUT_SERVERS = {
    "check",
    "collectstatic",
    "compile_catalog",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "run",
    "version",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings")
    try:
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed for this Python; use .venv/bin/python, which `make` sets up.")
    from loyalty import embedded

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    asks_for_help = command.startswith("-") or "--help" in sys.argv or "-h" in sys.argv
    try:
        # Settings first: a real server without its addresses must be refused, not given an embedded one.
        settings.DATABASES  # noqa: B018
        if command not in WITHOUT_SERVERS and not asks_for_help:
            embedded.ensure("postgres", "broker")
    except (embedded.EmbeddedError, ImproperlyConfigured) as problem:
        sys.exit(str(problem))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
