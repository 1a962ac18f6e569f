"""A person's number is in no log line, whatever digits it is written in and wherever it comes from."""

import io
import logging

import pytest
from django.core.exceptions import PermissionDenied

from loyalty.ui.log import MaskedFormatter


@pytest.fixture
def log():
    """A logger that writes as the settings say, into a buffer."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(MaskedFormatter("%(levelname)s %(message)s"))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    return logger, written


@pytest.mark.parametrize(
    "number", ["+989121234567", "0912 123 4567", "۰۹۱۲۱۲۳۴۵۶۷", "٠٩١٢-١٢٣-٤٥٦٧", "9121234567"]
)
def test_a_number_is_masked_in_a_message(log, number):
    logger, written = log
    logger.warning("sent to %s", number)
    assert written.getvalue() == "WARNING sent to [number]\n"


def test_a_number_is_masked_in_a_traceback(log):
    logger, written = log
    try:
        raise ValueError("Key (shop_id, phone)=(1, +989121234567) already exists.")
    except ValueError:
        logger.exception("It failed")
    assert "[number]) already exists" in written.getvalue()
    assert "9121234567" not in written.getvalue()


def test_a_refusal_is_one_line_and_a_mistake_has_its_traceback(log):
    logger, written = log
    for raised in (PermissionDenied(), ZeroDivisionError()):
        logger.warning("Forbidden: %s", "/settings/", exc_info=raised)
    first, *rest = written.getvalue().splitlines()
    assert first == "WARNING Forbidden: /settings/"
    assert rest == ["WARNING Forbidden: /settings/", "ZeroDivisionError"]


def test_short_numbers_stay(log):
    logger, written = log
    logger.info("import 1234567 done in 2026-11")
    assert "1234567 done" in written.getvalue()


def test_every_handler_of_the_settings_masks(settings):
    for handler in settings.LOGGING["handlers"].values():
        formatter = settings.LOGGING["formatters"][handler["formatter"]]
        assert formatter["()"] == "loyalty.ui.log.MaskedFormatter"
