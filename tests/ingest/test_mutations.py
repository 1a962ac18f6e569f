"""Good files gone bad in every way we can think of: never a crash, never a row lost, never much memory."""

from __future__ import annotations

import datetime
import random
import resource
import time

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loyalty.ingest import bringing, columns, engine, staging
from loyalty.ingest.cells import Context
from loyalty.ingest.mapping import Mapping, MappingError
from loyalty.ingest.models import ImportRun
from loyalty.ingest.outcomes import BUCKETS, Ignored, Rejected, Row
from loyalty.ingest.reading import files
from loyalty.ingest.reading.files import FileProblem
from loyalty.ingest.rows import RowReader
from loyalty.ingest.wording import FILES, ROWS
from tests.ingest.bring import bring
from tests.ingest.files import LIMITS, workbook

CONTEXT = Context("IRR", "toman", "Asia/Tehran", "IR", datetime.date(2026, 11, 23))
HEAD = ["نام مشتری", "شماره تماس", "شهر", "شماره سفارش", "تاریخ خرید", "مبلغ (تومان)", "وضعیت"]
BODY = [
    [
        f"نگار {n}",
        f"0999{n:07d}",
        "شیراز",
        str(n),
        f"1404/0{1 + n % 9}/1{n % 10}",
        f"{n},{n % 10}00,000",
        "تکمیل شده",
    ]
    for n in range(1, 40)
]
LINES = [["Invoice", "Mobile", "Date", "SKU", "Quantity", "Unit price"]] + [
    [str(n // 3), f"0999{n // 3:07d}", f"2026-0{1 + n % 9}-01 10:00", f"S{n}", str(n % 5 - 1), "12.50"]
    for n in range(40)
]


def text(rows, separator: str) -> str:
    return (
        "\r\n".join(separator.join(f'"{c}"' if separator in c else c for c in row) for row in rows) + "\r\n"
    )


GOOD = {
    "utf-8": text([HEAD, *BODY], ",").encode(),
    "utf-8 with mark": text([HEAD, *BODY], ",").encode("utf-8-sig"),
    "utf-16": text([HEAD, *BODY], "\t").encode("utf-16"),
    "windows-1256": text([HEAD, *BODY], ";").translate({0x6CC: "ي", 0x6A9: "ك"}).encode("cp1256"),
    "lines": text(LINES, ",").encode(),
    "workbook": workbook([HEAD, *BODY]),
}
JUNK = [
    b"\x00",
    b"\xff",
    b'"',
    b"'",
    b",",
    b";",
    b"\t",
    b"\r",
    b"\n",
    b"\xef\xbb\xbf",
    b"=1+1",
    b"\xe2\x80\xae",
    b"\xd8",
    b"9" * 5000,
]


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Flip, drop, double, insert and cut bytes, as a bad disk or a bad programme would."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 2, 5, 30))):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0 if data:
                data[at % len(data)] ^= 1 << rng.randrange(8)
            case 1:
                del data[at : at + rng.choice((1, 3, 50))]
            case 2:
                data[at:at] = rng.choice(JUNK)
            case 3:
                data[at:at] = data[at : at + rng.choice((10, 200))]
            case 4 if len(data) > 50 and rng.random() < 0.2:
                del data[at:]
            case 5:
                data[at : at + 4] = rng.randbytes(4)
    return bytes(data)


def read_through(path) -> tuple[int, int]:
    """Read a file to its end as an import would; return (rows, rows that became something)."""
    files.as_text(path, columns.count_known, **LIMITS)
    layout = files.inspect(path, columns.count_known)
    mapping = columns.recognise(layout.header, [row.cells for row in layout.sample]).mapping
    reader = RowReader(mapping, layout.header, CONTEXT)
    rows = outcomes = 0
    for record in files.read(path, layout):
        rows += 1
        outcome = reader.read(record)
        outcomes += isinstance(outcome, (Row, Rejected, Ignored))
        assert outcome.line_no == record.line
        if isinstance(outcome, Rejected):
            assert outcome.reason in ROWS
    return rows, outcomes


@pytest.mark.parametrize("name", GOOD)
def test_a_damaged_file_is_refused_in_a_sentence_or_read_without_losing_a_row(tmp_path, name):
    rng = random.Random(name)
    path, read = tmp_path / "f", 0
    # The peak is the whole process's, and other tests have raised it before: only what this adds tells.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # A workbook's reader is a process of its own, and takes its time.
    for _ in range(30 if name == "workbook" else 150):
        path.write_bytes(mutated(GOOD[name], rng))
        started = time.process_time()
        try:
            rows, outcomes = read_through(path)
            assert rows == outcomes
            read += 1
        except FileProblem as problem:
            assert problem.code in FILES
        except MappingError as problem:
            # Nothing is left of the columns' names.
            assert problem.code == "missing_field"
        assert time.process_time() - started < 5
    # Of a workbook hardly a byte can be changed without its checksum telling.
    assert read > 5 or name == "workbook", "nearly everything is refused as a whole, so nothing was tried"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 150 * 1024


HUGE, LONG = "9" * 14, f"{'n' * 60}@{'x' * 100}.example"
CELL = st.text(alphabet=st.characters(codec=None), max_size=30) | st.sampled_from(
    [
        "",
        "NaN",
        "-0",
        "1E+6000000",
        "1_000",
        "۱۲٫۵",
        "=1+1",
        "٢٠٢٦/٠١/٠١",
        "9" * 500,
        "1405/07/31",
        "24:61",
        "\u202e",
        "12/31/2026",
        "-999999999",
        "0.001",
        "99.99%",
        "x" * 300,
        HUGE,
        LONG,
    ]
)
# Enough that makes sense for a row to come through beside the one cell that does not.
SENSE = {
    "phone": "09990000001", "email": "nadia@example.com", "order_id": "7", "date": "1404/01/01", "sku": "A",
    "amount": "", "quantity": "2", "unit_price": "1000", "discount_rate": "10", "tax": "5", "cost": "700",
    "refund_amount": "10", "order_tax": "10", "status": "",
}  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELL, min_size=7, max_size=7), min_size=1, max_size=6))
def test_whatever_stands_in_the_cells_every_row_becomes_something(rows):
    reader = RowReader(columns.recognise(HEAD, BODY).mapping, HEAD, CONTEXT)
    for number, cells in enumerate(rows, 2):
        outcome = reader.read(files.Record(number, cells))
        assert outcome.line_no == number
        if isinstance(outcome, Row):
            assert outcome.net >= 0
            assert outcome.discount >= 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.dictionaries(st.sampled_from(list(SENSE)), CELL, max_size=4), min_size=1, max_size=6),
    st.sampled_from(["order", "line"]),
)
@example([{"quantity": "1000000000", "unit_price": HUGE}], "line")
@example([{"quantity": "1000", "unit_price": HUGE, "discount_rate": "99.99"}], "order")
@example([{"amount": HUGE, "discount_rate": "99.99", "quantity": "0.001"}], "order")
@example([{"phone": "", "email": LONG}], "order")
def test_whatever_is_read_can_be_stored_and_brought_in(shop, rows, kind):
    mapping = Mapping(columns={name: (name,) for name in SENSE}, row_kind=kind, calendar="jalali")
    reader = RowReader(mapping, list(SENSE), CONTEXT)
    with transaction.atomic():
        run, chunk = ImportRun.objects.create(mapping=mapping.as_json()), engine._Chunk()
        for number, cells in enumerate(rows, 2):
            # What is no text never gets this far: it is marked with the record.
            texts = [
                cell.replace("\x00", "").encode(errors="ignore").decode() for cell in (SENSE | cells).values()
            ]
            chunk.add(reader.read(files.Record(number, texts)), number)
        people = reader.take_people()
        staging.stage(run, chunk.staged, people, reader.take_products(), 2)
        values = engine._values(run)
        bringing.products.bring(values)
        bringing.people.bring(values)
        for low in (0, BUCKETS):
            engine._bring_batch(run, low, low + BUCKETS)
        # Rows that are refused only now are among the staged ones.
        assert run.added + run.updated + run.unchanged + run.ignored + run.rejected == len(chunk.staged)
        transaction.set_rollback(True)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda it: it.encode("utf-8", "surrogatepass")))
def test_any_bytes_at_all_are_read_or_refused(tmp_path, content):
    path = tmp_path / "f"
    path.write_bytes(content)
    try:
        rows, outcomes = read_through(path)
        assert rows == outcomes
    except (FileProblem, MappingError) as problem:
        assert problem.code in FILES or problem.code == "missing_field"


@pytest.mark.parametrize("name", ["utf-8", "windows-1256", "lines"])
def test_what_a_damaged_file_still_says_can_be_recorded(shop, tmp_path, settings, name):
    settings.MEDIA_ROOT = tmp_path
    rng, recorded = random.Random(f"{name} recorded"), 0
    for _ in range(6):
        try:
            run = bring(mutated(GOOD[name], rng), {"source": f"try {recorded}"})
        except Exception as error:  # noqa: BLE001
            assert type(error).__name__ == "ValidationError", error
            continue
        recorded += 1
        assert run.state == "done"
        assert run.rows == run.added + run.updated + run.unchanged + run.ignored + run.rejected
    assert recorded
