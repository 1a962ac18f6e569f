"""Every reason in a sentence: why a file, a mapping or a row cannot be used, and what would be right."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loyalty.customers.models import Order

from .mapping import MappingError
from .reading.files import FileProblem

FILES = {
    "empty": _("The file is empty."),
    "empty_workbook": _("There is nothing in this Excel file, on any sheet that is shown."),
    "no_rows": _("The file has column names but no rows below them."),
    "binary": _("This is not a table. Please save it as CSV or Excel (.xlsx) and choose it again."),
    "old_excel": _("This is an old Excel file (.xls). Please open it and save it as .xlsx or CSV."),
    "markup": _(
        "This is a web page with the ending of a table. Please open it in Excel and save it as .xlsx."
    ),
    "encrypted": _("The file is protected by a password. Please save it without one."),
    "not_a_workbook": _("This is not an Excel file that can be read. Please save it again as .xlsx or CSV."),
    "unreadable_workbook": _("This Excel file is damaged. Please open it and save it again."),
    "bomb": _(
        "This Excel file is not built like one that Excel made, so it was not opened. Please save it again."
    ),
    "too_large": _("The file is too large; up to %(limit)s MB is possible. Please split it by date."),
    "too_many_cells_in_sheet": _("The sheet has more than %(limit)s million cells. Please save it as CSV."),
    "too_much_memory": _("The sheet is too large to open. Please save it as CSV."),
    "too_slow": _("The sheet took too long to open. Please save it as CSV."),
    "too_many_columns": _("The file has %(columns)s columns; up to %(limit)s are possible."),
    "one_column": _("Only one column was found. Please separate the cells by comma, semicolon or tab."),
    "broken_quotes": _(
        "The quotation marks in the file do not match, from line %(line)s on. Please save it again."
    ),
    "gone": _("The file is no longer here. Please upload it again."),
    "gave_up": _(
        "The import stopped three times without a reason that we know. Nothing was lost; please try again."
    ),
    "unstorable": _(
        "A row holds a value that cannot be stored, so the import stopped. Please look for values that are far too"
        " large, correct them and bring the file in again."
    ),
    "other_currency": _("A column is in %(found)s, but this shop counts in %(currency)s."),
}
MAPPINGS = {
    "missing_field": _("Please say which column holds: %(name)s."),
    "missing_column": _("The file has no column “%(name)s”."),
    "not_an_object": _("The mapping must be a JSON object."),
    "unknown_setting": _("The mapping has an unknown setting “%(name)s”."),
    "unknown_field": _("The mapping names an unknown field “%(name)s”. Fields: %(fields)s."),
    "bad_columns": _("In a mapping, “columns” is an object of field and column name."),
    "bad_choice": _("“%(name)s” in the mapping must be one of: %(choices)s."),
    "bad_text": _("“%(name)s” in the mapping is text of up to %(limit)s letters."),
    "reserved_source": _("The source name “%(name)s” is reserved. Please choose another."),
    "too_many_attributes": _("At most %(limit)s columns can be attributes of their own."),
    "consent_evidence": _("Please write how these customers agreed to be written to."),
}
# The fields as the mapping screen offers them.
FIELD_LABELS = {
    "phone": _("Mobile"),
    "external_id": _("Customer number"),
    "card_number": _("Card number"),
    "name": _("Full name"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "email": _("E-mail"),
    "city": _("City"),
    "province": _("Province"),
    "neighbourhood": _("Neighbourhood"),
    "birth_on": _("Birth date"),
    "gender": _("Gender"),
    "marital_status": _("Marital status"),
    "wedding_on": _("Wedding date"),
    "job": _("Job"),
    "education": _("Education"),
    "income_band": _("Income band"),
    "joined_on": _("Joined on"),
    "acquired_by": _("How they found us"),
    "tags": _("Tags"),
    "attribute": _("Attribute of its own, by the column's name"),
    "consent": _("Agreed to SMS"),
    "order_id": _("Order number"),
    "date": _("Date"),
    "time": _("Time"),
    "status": _("Status"),
    "branch": _("Branch"),
    "channel": _("Channel"),
    "note": _("Note"),
    "refund_of": _("Returns the order"),
    "refund_amount": _("Refunded amount"),
    "order_amount": _("Order total"),
    "order_discount_amount": _("Order discount"),
    "order_tax": _("Order tax"),
    "amount": _("Amount paid"),
    "gross": _("Before discount"),
    "discount_amount": _("Discount"),
    "discount_rate": _("Discount in percent"),
    "tax": _("Tax"),
    "net": _("Net amount"),
    "cost": _("Cost of goods"),
    "profit": _("Profit"),
    "quantity": _("Quantity"),
    "unit_price": _("Unit price"),
    "sku": _("Product code"),
    "product": _("Product name"),
    "category": _("Product category"),
}
# What a status word may mean, as the mapping screen offers it.
STATUSES = {
    **{status.value: status.label for status in Order.Status},
    "refund_row": _("Gives money back"),
}
# What is left out of a row that is otherwise brought in.
UNREADABLE = {
    "email": _("E-mail addresses that are none"),
    "birth_on": _("Birth dates that cannot be read"),
    "wedding_on": _("Wedding dates that cannot be read"),
    "joined_on": _("Days of joining that cannot be read"),
}
ROWS = {
    "unclosed_quote": _("A quotation mark is opened here and not closed."),
    "line_too_long": _("The line is too long."),
    "too_many_cells": _("The row has more cells than there are columns; a comma may stand inside an amount."),
    "nul_character": _("The row holds characters that are not text."),
    "wrong_encoding": _("Some letters could not be read; the row is in another encoding than the file."),
    "phone_empty": _("The mobile number is missing."),
    "phone_not_a_number": _("The mobile number is not a number."),
    "phone_too_short": _("The mobile number is too short."),
    "phone_landline": _("This is a landline; a mobile number is needed."),
    "phone_foreign_or_invalid": _("This mobile number does not exist in the shop's country."),
    "phone_lost_digits": _("Excel has shortened the mobile number (9.12E+09) and its digits are lost."),
    "person_unknown": _("There is a name, but neither mobile nor customer number to know the person by."),
    "date_empty": _("The date is missing."),
    "date_not_a_day": _("The date cannot be read."),
    "date_bad_year": _("There is no such year."),
    "date_bad_month": _("There is no such month."),
    "date_bad_day": _("There is no such day in this month."),
    "date_bad_time": _("There is no such time of day."),
    "date_ambiguous": _("Day and month of the date cannot be told apart."),
    "date_in_future": _("The date lies in the future."),
    "date_too_long_ago": _("The date is too long ago to be true; please check the year."),
    "amount_empty": _("The amount is missing."),
    "amount_not_a_number": _("The amount is not a number."),
    "amount_negative": _("The amount is negative, and nothing says that it is a return."),
    "amount_too_large": _("The amount is too large to be true."),
    "amount_other_currency": _("The amount is in another currency than the shop's."),
    "amount_lost_digits": _("Excel has shortened the amount (1.2E+06) and its digits are lost."),
    "discount_over_amount": _("The discount is larger than the amount."),
    "quantity_not_a_number": _("The quantity is not a number."),
    "quantity_too_large": _("The quantity is too large to be true."),
    "rate_not_a_rate": _("The discount in percent must be between 0 and 100."),
    "status_unknown": _("It is not known what this status means; say so on the mapping page."),
    "number_too_long": _("The number is longer than 100 letters."),
    "cost_negative": _("The cost is below zero, or the profit is larger than the amount."),
    "tax_negative": _("The tax is below zero."),
    "tax_over_amount": _("The tax is larger than the amount."),
    "refund_over_amount": _("More was given back than was paid."),
    # What only all rows of an order together can tell: their codes begin with "order_".
    "order_refund_over_amount": _("More was given back than was paid."),
    "order_below_zero": _("The discount or the tax of the order is larger than its amount."),
    "order_too_large": _("The rows of this order add up to an amount too large to be true."),
    "order_repeated": _(
        "The same order number stands on a later line with other values; the later one was taken."
    ),
}


def of_file(code: str, details: dict | None = None) -> str:
    """Return the sentence for a FileProblem's code."""
    return str(FILES.get(code, FILES["gave_up"])) % (details or {})


def of_mapping(error: MappingError) -> str:
    """Return the sentence for a mapping that cannot be used."""
    details = dict(error.details)
    if error.code == "missing_field":
        details["name"] = FIELD_LABELS[details["name"]]
    return str(MAPPINGS[error.code]) % details


def of_unreadable(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Return (what was left out, how often) of {field: times}, the most frequent first."""
    return [
        (str(UNREADABLE[field]), count)
        for field, count in sorted(counts.items(), key=lambda it: (-it[1], it[0]))
    ]


def of_row(code: str) -> str:
    """Return the sentence for a row that was not brought in."""
    return str(ROWS.get(code) or gettext("The row cannot be read."))


def as_validation_error(problem: FileProblem | MappingError) -> ValidationError:
    """Return the problem as the form error, or the command's sentence, that it becomes."""
    if isinstance(problem, MappingError):
        return ValidationError(of_mapping(problem), code=problem.code)
    return ValidationError(of_file(problem.code, problem.details), code=problem.code)
