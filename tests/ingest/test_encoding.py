"""Which encoding a file is in: the usual ones are told apart, even from three rows."""

from __future__ import annotations

import pytest

from loyalty.ingest.reading import encoding
from loyalty.ingest.reading.files import FileProblem
from tests.ingest.files import ARABIC_LETTERS, ARABIC_ONLY, read

ROWS = [
    "نام مشتری;شماره تماس;شهر;تاریخ خرید;مبلغ (تومان);وضعیت",
    "آیدا جهانی;09166818096;تهران;1403/03/05;800000;تکمیل شده",
    "مهدی صارمی;09339215275;قم;1402/12/08;1655000;تکمیل شده",
    "ریحانه حریریان;09193933283;مشهد;1403/05/12;831000;مرجوعی",
    "نازنین گلپایگانی;09163312321;تبریز;1402/07/03;1562000;لغو شده",
]
WIDE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
ARABIC = ("cp1256", "cp720", "iso8859_6", "mac_farsi")


def text(rows: int, name: str) -> str:
    joined = "\r\n".join(ROWS[:rows]) + "\r\n"
    if name in ARABIC:
        joined = joined.translate(ARABIC_LETTERS)
    return joined.translate(ARABIC_ONLY) if name in ("cp720", "iso8859_6") else joined


@pytest.mark.parametrize("rows", [1, 2, 3, 5])
@pytest.mark.parametrize("name", WIDE + ARABIC)
def test_persian_is_recognised_in_every_usual_encoding(name, rows):
    assert encoding.of_sample(text(rows, name).encode(name)) == name


@pytest.mark.parametrize("name", WIDE + ARABIC)
def test_a_file_is_read_in_its_encoding(tmp_path, name):
    content = text(5, name)
    layout, rows = read(tmp_path / "orders.csv", content.encode(name))
    lines = content.split("\r\n")
    assert list(layout.header) == lines[0].split(";")
    assert [";".join(row.cells) for row in rows] == lines[1:5]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cp1252", "Name;Price £\nJosé Muñoz;12\nZoë Müller;5\n"),
        ("cp1251", "Имя,Телефон,Сумма\nИван Петров,89123456789,100\nМария Иванова,89123456780,200\n"),
    ],
)
def test_other_scripts_are_not_taken_for_persian(name, content):
    assert content.encode(name).decode(encoding.of_sample(content.encode(name))) == content


def test_letters_that_begin_late_in_a_file_still_tell(tmp_path):
    plain = "Mobile,Name,Date,Amount\n" + "09990000001,Nadia,2026-01-01,1000\n" * 12_000
    late = ("09990000002,مريم رضايي,2026-01-01,1000\n" * 3).encode("cp1256")
    path = tmp_path / "orders.csv"
    path.write_bytes(plain.encode() + late)
    assert encoding.detect(path) == "cp1256"


def test_a_character_cut_at_the_end_of_the_sample_does_not_matter():
    sample = "نام".encode() * 1000
    assert encoding.of_sample(sample[:-1]) == "utf-8"


def test_a_few_damaged_bytes_do_not_change_the_encoding():
    assert encoding.of_sample("نام مشتری\n".encode() * 100 + b"\xff\xc7\n") == "utf-8"


def test_what_is_no_text_is_said_to_be_none():
    with pytest.raises(FileProblem, match="binary"):
        encoding.of_sample(bytes(range(256)) * 20)


def test_a_row_in_another_encoding_is_refused_with_its_line_and_the_rest_is_read(tmp_path):
    good = "نام مشتری,موبایل,تاریخ,مبلغ\n" + "مریم,09990000001,1403/01/01,1000\n" * 20
    content = good.encode() + "مريم,09990000002,1403/01/01,1000\n".encode("cp1256") + good.encode()[-60:]
    _, rows = read(tmp_path / "orders.csv", content)
    assert [row.line for row in rows if row.problem == "wrong_encoding"] == [22]
    assert len([row for row in rows if not row.problem]) >= 20
