"""Reads one workbook and writes it as text; run as a process of its own with little memory, never imported.

Arguments: workbook, target, sheet (-1: all visible ones are looked at, the first with rows is written),
bytes of memory, seconds of processor time. Answers with one line of JSON: {"sheets": [{"index", "head"}]}
or {"problem"}.
"""

import contextlib
import csv
import datetime
import json
import resource
import sys

HEAD_ROWS = 30
MAX_SHEETS = 20


def plain(value: object) -> str:
    """Return a cell as a person would type it: 9121234567.0 is a phone and no fraction, a day has no
    midnight.
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if value.is_integer():
            return str(int(value)) if abs(value) < 1e15 else format(value, ".0f")
        return format(value, ".10f").rstrip("0").rstrip(".") if abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        text = value.isoformat(" ", "seconds")
        return text.removesuffix(" 00:00:00")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    # A row must stay one line, so that line numbers are the sheet's row numbers.
    return str(value).replace("\r", " ").replace("\n", " ")


def main() -> dict:
    path, target, only = sys.argv[1], sys.argv[2], int(sys.argv[3])
    memory, seconds = int(sys.argv[4]), int(sys.argv[5])
    # macOS knows no limit of this kind and says so; there the workbook's own limits (sheets.py) must do.
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import python_calamine as calamine  # after the limits, which are the point of this process

    try:
        workbook = calamine.CalamineWorkbook.from_path(path)
        visible = [
            index
            for index, sheet in enumerate(workbook.sheets_metadata)
            if sheet.visible == calamine.SheetVisibleEnum.Visible
            and sheet.typ == calamine.SheetTypeEnum.WorkSheet
        ]
        sheets = []
        for index in [only] if only >= 0 else visible[:MAX_SHEETS]:
            sheet = workbook.get_sheet_by_index(index)
            head = []
            written = False
            if only >= 0 or not sheets:
                written = write(sheet, target, head)
            else:
                for number, row in enumerate(sheet.iter_rows()):
                    if number >= HEAD_ROWS:
                        break
                    head.append([plain(cell)[:80] for cell in row[:300]])
            if written or any(any(row) for row in head):
                sheets.append({"index": index, "head": head})
    except calamine.PasswordError:
        return {"problem": "encrypted"}
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, OSError):
        return {"problem": "unreadable_workbook"}
    return {"sheets": sheets}


def write(sheet, target: str, head: list) -> bool:
    """Write all rows of the sheet and fill `head` with the first; return whether there was anything."""
    anything = False
    with open(target, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for row in sheet.iter_rows():
            cells = [plain(cell) for cell in row]
            anything = anything or any(cells)
            if len(head) < HEAD_ROWS:
                head.append([cell[:80] for cell in cells[:300]])
            writer.writerow(cells)
    return anything


if __name__ == "__main__":
    print(json.dumps(main()))
