"""What a password must be, said in the reader's digits."""

from __future__ import annotations

from django.contrib.auth.password_validation import MinimumLengthValidator

from loyalty.ui.templatetags.ui import digits


class LengthValidator(MinimumLengthValidator):
    def get_error_message(self) -> str:
        return digits(super().get_error_message())

    def get_help_text(self) -> str:
        return digits(super().get_help_text())
