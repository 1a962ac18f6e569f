"""The command does what the page does, says one line, and fails in one sentence."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from loyalty.customers.models import Customer, Order
from loyalty.ingest.bringing import sales
from loyalty.ingest.models import ImportRun, StagedRow
from tests.ingest.test_bringing import HEAD, NADIA, SAM

FILE = HEAD + NADIA + "\n" + SAM + "\n09990000003,Kim,3,soon,5,completed\n"


@pytest.fixture
def file(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    path = tmp_path / "orders.csv"
    path.write_text(FILE)
    return path


def run(shop, *args, **options) -> str:
    out = io.StringIO()
    call_command("import_orders", *map(str, args), shop=shop.slug, stdout=out, **options)
    return out.getvalue()


def test_it_imports_renews_and_says_so_in_one_line(shop, file, tmp_path):
    assert run(shop, file) == "3 rows: 2 added, 0 updated, 0 unchanged, 0 left out, 1 rejected.\n"
    assert Customer.objects.filter(score__isnull=False).count() == 2
    assert not list((tmp_path / "media" / "imports").iterdir()), "a copy with people's numbers stays behind"


def test_json_is_complete(shop, file):
    result = json.loads(run(shop, file, "--json"))
    assert {name: result[name] for name in ("rows", "added", "updated", "unchanged", "ignored", "rejected")} == {
        "rows": 3, "added": 2, "updated": 0, "unchanged": 0, "ignored": 0, "rejected": 1,
    }  # fmt: skip
    assert result["rejects"][0]["line"] == 4
    assert result["rejects"][0]["reason"] == "date_not_a_day"
    assert result["mapping"]["columns"]["phone"] == "Mobile"


def test_a_dry_run_counts_everything_and_changes_nothing(shop, file):
    result = json.loads(run(shop, file, "--json", "--dry-run"))
    assert (result["dry_run"], result["added"], result["rejected"]) == (True, 2, 1)
    assert not Order.objects.exists()
    assert not Customer.objects.exists()
    assert not ImportRun.objects.exists()
    assert run(shop, file, "--dry-run").startswith("Dry run, nothing was changed. 3 rows")


def test_ctrl_c_cancels_the_import_and_says_what_stays(shop, file, monkeypatch):
    def interrupted(values):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sales, "bring", interrupted)
        with pytest.raises(CommandError, match="was stopped; the rows that had come in stay"):
            run(shop, file)
    assert ImportRun.objects.get().state == "cancelled"
    assert not StagedRow.objects.exists()
    assert run(shop, file).startswith("3 rows: 2 added")


def test_an_import_that_the_page_stopped_says_so(shop, file, monkeypatch):
    real = sales.bring

    def stopped(values):
        ImportRun.objects.update(wants_cancel=True)
        return real(values)

    monkeypatch.setattr(sales, "bring", stopped)
    with pytest.raises(CommandError, match="was stopped"):
        run(shop, file)


def test_a_mapping_file_says_what_the_page_would(shop, file, tmp_path):
    mapping = tmp_path / "mapping.json"
    mapping.write_text(
        json.dumps(
            {"source": "till", "columns": {"phone": "Mobile", "date": "Date", "amount": "Amount (rial)"}}
        )
    )
    run(shop, file, "--mapping", mapping)
    assert set(Order.objects.values_list("source", flat=True)) == {"till"}
    assert Customer.objects.filter(name="").count() == 2


@pytest.mark.parametrize(
    ("content", "mapping", "sentence"),
    [
        (None, None, "cannot be read: No such file"),
        (b"", None, "The file is empty."),
        (b"%PDF-1.4", None, "not a table"),
        (b"Mobile,Name\n0999,x\n", None, "Please say which column holds: Date"),
        (FILE.encode(), '{"columns": {"phon": "x"}}', "unknown field"),
        (FILE.encode(), '{"columns": {"phone": "Handy"}}', "The file has no column"),
        (FILE.encode(), '{"source": "manual"}', "reserved"),
        (FILE.encode(), "{", "cannot be read"),
        ((HEAD + "x,y,1,2026-01-01,5,\n").encode(), None, "None of the 1 rows could be brought in. Line 2"),
    ],
)
def test_it_fails_in_one_sentence(shop, tmp_path, settings, content, mapping, sentence):
    settings.MEDIA_ROOT = tmp_path / "media"
    path, document = tmp_path / "orders.csv", tmp_path / "mapping.json"
    if content is not None:
        path.write_bytes(content)
    options = []
    if mapping:
        document.write_text(mapping)
        options = ["--mapping", document]
    with pytest.raises(CommandError) as error:
        run(shop, path, *options)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)
    assert not Order.objects.exists()
