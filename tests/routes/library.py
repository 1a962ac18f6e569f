"""Routes that our libraries bring."""

OBJECTS = {
    "account_reset_password_from_key": lambda: {"uidb36": "1", "key": "set-password"},
    "account_confirm_email": lambda: {"key": "abc"},
}
WORDS = set(OBJECTS)
