"""The screens of imports: upload, columns with a live preview, progress, report, refused rows."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from loyalty.customers.models import Customer, Order
from loyalty.ingest import engine, runs, tasks
from loyalty.ingest.models import ImportRun
from loyalty.shops.scope import scope
from tests import factories
from tests.ingest.bring import bring, receive, tally

FILE = (
    "Mobile,Customer name,Order no,Date,Amount,Status\n"
    '09990000001,Nadia Example,1,2026-10-01,"1,200,000",completed\n'
    "09990000002,=HYPERLINK(1),2,2026-10-02,800000,posted\n"
    "021-88776655,Sam Sample,3,2026-10-03,500000,completed\n"
)
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def upload(client, content=FILE, name="orders.csv"):
    file = SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)
    return client.post(reverse("ingest:import_add"), {"file": file}, headers={"accept-language": "en"})


def posted(page, **changes) -> dict:
    """Return what the form of the mapping page would send."""
    form = page.context["form"]
    return {name: form[name].value() or "" for name in form.fields} | changes


def test_an_empty_list_says_what_to_bring(as_owner):
    page = as_owner.get(reverse("ingest:import_list"), headers={"accept-language": "en"})
    assert "Which file?" in page.content.decode()
    assert reverse("ingest:import_sample") in page.content.decode()


def test_a_marketer_sees_the_list_but_cannot_bring_a_file_in(as_marketer, shop):
    run = bring(FILE)
    assert as_marketer.get(reverse("ingest:import_list")).status_code == 200
    assert as_marketer.get(reverse("ingest:import_detail", args=[run.pk])).status_code == 200
    assert as_marketer.get(reverse("ingest:import_add")).status_code == 403
    assert as_marketer.post(reverse("ingest:import_rejects", args=[run.pk])).status_code == 403


def test_the_report_shows_a_marketer_no_rows(as_marketer, shop):
    run = bring(FILE)
    assert (
        "Sam Sample" not in as_marketer.get(reverse("ingest:import_detail", args=[run.pk])).content.decode()
    )


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize(
    ("money", "amounts"),
    [
        ({"currency": "IRR", "display_unit": "toman"}, [8_500_000, 12_400_000, 4_200_000]),
        ({"currency": "IRR", "display_unit": "rial"}, [8_500_000, 12_400_000, 4_200_000]),
        ({"currency": "GBP", "display_unit": "pound", "phone_region": "GB"}, [4250, 11800, 2100]),
        ({"currency": "EUR", "display_unit": "euro", "phone_region": "DE"}, [4250, 11800, 2100]),
    ],
)
def test_the_sample_can_be_brought_in_by_every_shop_in_either_language(db, client, language, money, amounts):
    shop = factories.make_shop(calendar="jalali" if money["currency"] == "IRR" else "gregorian", **money)
    client.force_login(factories.make_staff(shop, "owner").user)
    sample = client.get(reverse("ingest:import_sample"), headers={"accept-language": language})
    assert ("مشتری" in sample.content.decode()) == (language == "fa")
    with scope(shop):
        assert tally(bring(sample.content)) == (3, 0, 0, 0, 0)
        assert list(Order.objects.order_by("external_id").values_list("net_amount", flat=True)) == amounts
        assert Order.objects.filter(status="refunded").count() == 1
        assert Customer.objects.filter(phone__isnull=False).count() == 2


def test_an_upload_leads_to_its_columns(as_owner, shop):
    answer = upload(as_owner)
    run = ImportRun.objects.get()
    assert answer.url == reverse("ingest:import_map", args=[run.pk])
    page = as_owner.get(answer.url, headers={"accept-language": "en"})
    assert page.context["preview"].read == 1
    assert page.context["preview"].unknown_statuses == {"posted": 1}
    text = page.content.decode()
    assert "Nadia Example" in text
    assert "This is a landline" in text
    assert "02188776655" not in text


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "orders.csv", "empty"),
        (b"%PDF-1.7 \x00\x01", "orders.csv", "not a table"),
        (b"<html><table><tr><td>1</td></tr></table>", "orders.xls", "web page"),
        (b"Mobile,Amount\n", "orders.csv", "no rows"),
    ],
)
def test_a_file_that_holds_no_rows_is_refused_in_a_sentence(as_owner, shop, content, name, sentence):
    file = SimpleUploadedFile(name, content)
    answer = as_owner.post(reverse("ingest:import_add"), {"file": file}, headers={"accept-language": "en"})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_a_file_over_the_limit_is_broken_off_and_nothing_is_kept(as_owner, shop, settings, tmp_path):
    settings.IMPORT_TEXT_MEGABYTES = settings.IMPORT_SHEET_MEGABYTES = 1
    answer = upload(as_owner, b"a,b\n" + b"1,2\n" * 400_000)
    assert answer.status_code == 422
    assert answer.context["form"].errors["file"] == ["The file is too large, or its upload was broken off."]
    assert not ImportRun.objects.exists()
    assert not list(tmp_path.rglob("*.*"))


def test_the_preview_follows_the_columns_without_the_whole_page(as_owner, shop):
    upload(as_owner)
    run = ImportRun.objects.get()
    url = reverse("ingest:import_map", args=[run.pk])
    data = posted(as_owner.get(url), word=["posted"], status_0="completed")
    answer = as_owner.post(url, data, headers=HTMX)
    assert answer.status_code == 200
    assert answer.context["preview"].read == 2
    assert "<html" not in answer.content.decode()
    run.refresh_from_db()
    assert run.mapping["status_words"] == {"posted": "completed"}


def test_several_columns_may_become_attributes_of_their_own_names(as_owner, shop):
    upload(as_owner, "Mobile,Date,Amount,Drink,Size,Birth date\n09990000001,2026-10-01,1000,tea,M,soon\n")
    run = ImportRun.objects.get()
    url = reverse("ingest:import_map", args=[run.pk])
    data = posted(as_owner.get(url), column_3="attribute", column_4="attribute", start="1")
    assert as_owner.post(url, data).status_code == 302
    engine.carry_out(shop, run.pk, renew=False)
    assert Customer.objects.get().attributes == {"Drink": "tea", "Size": "M"}
    report = as_owner.get(reverse("ingest:import_detail", args=[run.pk]), headers={"accept-language": "en"})
    assert "Birth dates that cannot be read" in report.content.decode()


def test_more_attributes_than_a_person_may_have_are_refused_in_a_sentence(as_owner, shop):
    names = [f"a{n}" for n in range(21)]
    upload(
        as_owner, "Mobile,Date,Amount," + ",".join(names) + "\n09990000001,2026-10-01,1000" + ",x" * 21 + "\n"
    )
    url = reverse("ingest:import_map", args=[ImportRun.objects.get().pk])
    data = posted(as_owner.get(url), start="1", **{f"column_{n + 3}": "attribute" for n in range(21)})
    answer = as_owner.post(url, data, headers={"accept-language": "en"})
    assert "At most 20 columns" in answer.content.decode()


def test_a_missing_amount_is_said_and_the_import_does_not_start(as_owner, shop):
    upload(as_owner)
    run = ImportRun.objects.get()
    url = reverse("ingest:import_map", args=[run.pk])
    data = posted(as_owner.get(url), column_4="", start="1")
    answer = as_owner.post(url, data, headers={"accept-language": "en"})
    assert answer.status_code == 422
    assert "Please say which column holds: Amount paid." in answer.content.decode()
    run.refresh_from_db()
    assert run.state == "uploaded"


def test_a_column_that_says_who_agreed_needs_to_say_how(as_owner, shop):
    upload(as_owner, "Mobile,Date,Amount,SMS consent\n09990000001,2026-10-01,1000,yes\n")
    run = ImportRun.objects.get()
    url = reverse("ingest:import_map", args=[run.pk])
    data = posted(as_owner.get(url), start="1")
    assert as_owner.post(url, data).status_code == 422
    assert as_owner.post(url, data | {"consent_evidence": "form at the counter"}).status_code == 302


def test_starting_queues_the_import_once_and_remembers_the_columns(
    as_owner, shop, monkeypatch, django_capture_on_commit_callbacks
):
    nudged = []
    monkeypatch.setattr(tasks.carry_out, "delay", lambda *ids: nudged.append(ids))
    upload(as_owner)
    run = ImportRun.objects.get()
    url = reverse("ingest:import_map", args=[run.pk])
    data = posted(as_owner.get(url), word=["posted"], status_0="completed", start="1")
    with django_capture_on_commit_callbacks(execute=True):
        assert as_owner.post(url, data).url == reverse("ingest:import_detail", args=[run.pk])
        assert as_owner.post(url, data).url == reverse("ingest:import_detail", args=[run.pk])
    assert nudged == [(shop.pk, run.pk)]

    upload(as_owner)
    again = ImportRun.objects.order_by("pk").last()
    assert again.mapping["status_words"] == {"posted": "completed"}


def test_progress_is_polled_until_the_report_is_there(as_owner, shop):
    upload(as_owner)
    run = ImportRun.objects.get()
    ImportRun.objects.update(state="queued")
    url = reverse("ingest:import_detail", args=[run.pk])
    waiting = as_owner.get(url, headers=HTMX)
    assert waiting.status_code == 200
    assert "every 1s" in waiting.content.decode()
    engine.carry_out(shop, run.pk, renew=False)
    done = as_owner.get(url, headers=HTMX)
    assert done.status_code == 286
    assert "every 1s" not in done.content.decode()
    assert as_owner.get(url).status_code == 200


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_an_import_that_failed_or_was_stopped_can_be_tried_again(as_owner, shop, state):
    upload(as_owner)
    run = ImportRun.objects.get()
    runs.start(run)
    ImportRun.objects.update(
        state="running", wants_cancel=state == "cancelled", error_code="unstorable", attempts=3
    )
    ImportRun.objects.update(
        state=state, lease_token="", rows=3, rejected=1, report={"unreadable": {"email": 1}}
    )
    run.rejects.create(line_no=2, reason="date_empty")
    detail, again = (reverse(f"ingest:{name}", args=[run.pk]) for name in ("import_detail", "import_again"))
    assert again in as_owner.get(detail).content.decode()
    assert as_owner.post(again).url == reverse("ingest:import_map", args=[run.pk])
    run.refresh_from_db()
    assert (run.state, run.rows, run.attempts, run.wants_cancel, run.report) == ("uploaded", 0, 0, False, {})
    assert not run.rejects.exists()
    runs.start(run)
    assert engine.carry_out(shop, run.pk, renew=False).state == "done"
    # What is done is done.
    assert again not in as_owner.get(detail).content.decode()
    as_owner.post(again)
    assert ImportRun.objects.get().state == "done"


def test_a_file_that_is_gone_is_asked_for_anew(as_owner, shop):
    upload(as_owner)
    run = ImportRun.objects.get()
    ImportRun.objects.update(state="failed")
    run.path.unlink()
    detail = as_owner.get(reverse("ingest:import_detail", args=[run.pk])).content.decode()
    assert reverse("ingest:import_again", args=[run.pk]) not in detail
    assert as_owner.post(reverse("ingest:import_again", args=[run.pk])).url == reverse("ingest:import_add")


def test_a_waiting_import_is_stopped_at_once(as_owner, shop):
    upload(as_owner)
    run = ImportRun.objects.get()
    assert run.path.exists()
    as_owner.post(reverse("ingest:import_cancel", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert not run.path.exists()
    assert Order.objects.count() == 0


def test_the_refused_rows_are_a_file_that_no_spreadsheet_calculates(as_owner, shop):
    run = bring(FILE.replace("Nadia Example,1,2026-10-01", "=1+1,1,2026-13-01"))
    answer = as_owner.post(reverse("ingest:import_rejects", args=[run.pk]), headers={"accept-language": "en"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == ["2", "3", "4"]
    assert rows[1][1] == "There is no such month."
    assert not [cell for row in rows for cell in row if cell[:1] in "=+-@|;" and cell]
    assert "88776655" not in answer.content.decode()


@pytest.mark.parametrize("language", ["fa", "en"])
def test_no_two_columns_of_the_report_have_one_name(as_owner, shop, language):
    run = bring(FILE)
    page = as_owner.get(reverse("ingest:import_detail", args=[run.pk]), headers={"accept-language": language})
    heads = re.findall(r"<th[^>]*>([^<]+)</th>", page.content.decode())
    assert len(heads) == len(set(heads)) >= 3


def test_another_shops_import_is_not_there(as_owner, other_shop):
    with scope(other_shop):
        run = receive("Mobile,Date,Total\n07700900001,2026-10-01,10\n")
    for route in ("import_detail", "import_map"):
        assert as_owner.get(reverse(f"ingest:{route}", args=[run.pk])).status_code == 404
