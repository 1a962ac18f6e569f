"""Who the rows of a file are about: found again, made once, and told everything that the file tells."""

from __future__ import annotations

import datetime

import pytest

from loyalty.customers.models import ConsentEvent, Customer, Order
from loyalty.ingest import runs
from tests import factories
from tests.ingest.bring import bring, receive, tally


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def people(*rows: str) -> None:
    bring("Mobile,Customer no,Card no loyalty,Customer name,Date,Amount (rial)\n" + "\n".join(rows) + "\n", {
        "columns": {
            "phone": "Mobile", "external_id": "Customer no", "card_number": "Card no loyalty", "name": "Customer name",
            "date": "Date", "amount": "Amount (rial)",
        }
    })  # fmt: skip


def known() -> list[tuple]:
    return sorted(
        Customer.objects.values_list("phone", "external_id", "card_number", "name"),
        key=lambda row: [str(it) for it in row],
    )


def test_one_person_under_phone_number_and_card_is_one_customer(shop):
    people(
        ",77,,,2026-01-01,1",
        "09990000001,77,5,Nadia,2026-01-02,1",
        ",,5,,2026-01-03,1",
        "+989990000001,,,,2026-01-04,1",
    )
    assert known() == [("+989990000001", "77", "5", "Nadia")]
    assert Order.objects.filter(customer__isnull=False).count() == 4


def test_a_phone_is_added_to_the_customer_known_by_number(shop):
    factories.CustomerFactory(phone=None, external_id="77", name="Nadia")
    people("09990000001,77,,,2026-01-02,1")
    assert known() == [("+989990000001", "77", None, "Nadia")]


def test_two_valid_phones_are_never_one_customer(shop):
    people("09990000001,77,,Nadia,2026-01-01,1", "09990000002,77,,Sam,2026-01-01,1")
    assert known() == [("+989990000001", "77", None, "Nadia"), ("+989990000002", None, None, "Sam")]
    factories.CustomerFactory(phone=None, external_id="88", name="Kim")
    people("09990000003,88,,Kim,2026-01-01,1", "09990000004,88,,Lee,2026-01-01,1")
    assert [row[:2] for row in known()] == [
        ("+989990000001", "77"), ("+989990000002", None), ("+989990000003", "88"), ("+989990000004", None),
    ]  # fmt: skip


def test_what_a_file_leaves_blank_stays_known(shop):
    factories.CustomerFactory(phone="+989990000001", name="Nadia", city="York", tags=["vip"])
    head = "Mobile,Customer name,City,Tags,Gender,Birth date,Date,Amount (rial)\n"
    bring(head + "09990000001,,,regular,خانم,1370/01/01,2026-01-01,1\n")
    nadia = Customer.objects.get()
    assert (nadia.name, nadia.city, nadia.gender, nadia.tags) == (
        "Nadia",
        "York",
        "female",
        ["vip", "regular"],
    )
    assert nadia.birth_on == datetime.date(1991, 3, 21)


PERSON = "Mobile,Neighbourhood,Job,Marital status,Wedding date,Education,Income,Member since,Referred by,Tags"
PERSON += ",Drink,Size"


def test_everything_a_person_may_be_is_brought_in(shop):
    columns = {"phone": "Mobile", "date": "Date", "amount": "Amount (rial)", "attribute": ["Drink", "Size"]}
    named = dict(zip(PERSON.split(",")[1:10], (
        "neighbourhood", "job", "marital_status", "wedding_on", "education", "income_band", "joined_on", "acquired_by",
        "tags",
    ), strict=True))  # fmt: skip
    mapping = {"columns": columns | {field: header for header, field in named.items()}}
    proposed = runs.mapping_of(receive(f"{PERSON},Date,Amount (rial)\n09990000001,,,,,,,,,,,,2026-01-01,1\n"))
    assert {field: headers[0] for field, headers in proposed.columns.items() if field in named.values()} == {
        field: header for header, field in named.items()
    }
    row = '09990000001,Tajrish,baker,متأهل,1385/02/31,BA,middle,1400/01/01,Sam,"b,a",tea,\n'
    bring(f"{PERSON},Date,Amount (rial)\n" + row.replace("\n", ",2026-01-01,1\n"), mapping)
    nadia = Customer.objects.get()
    assert (nadia.neighbourhood, nadia.job, nadia.marital_status, nadia.education, nadia.income_band) == (
        "Tajrish", "baker", "married", "BA", "middle",
    )  # fmt: skip
    assert (str(nadia.wedding_on), str(nadia.joined_on), nadia.acquired_by) == (
        "2006-05-21",
        "2021-03-21",
        "Sam",
    )
    assert (nadia.tags, nadia.attributes) == (["a", "b"], {"Drink": "tea"})
    # What another row tells of the same person is added; what it leaves blank stays.
    again = '09990000001,,,,,,,,,c,,M,2026-01-02,1\n09990000001,,,,,,,,,"d,a",coffee,,2026-01-03,1\n'
    bring(f"{PERSON},Date,Amount (rial)\n" + again, mapping)
    nadia.refresh_from_db()
    assert (nadia.job, nadia.tags, nadia.attributes) == (
        "baker",
        ["a", "b", "c", "d"],
        {"Drink": "coffee", "Size": "M"},
    )
    bring(f"{PERSON},Date,Amount (rial)\n" + again, mapping)
    assert Customer.objects.get().updated_at == nadia.updated_at


def test_a_person_has_no_more_tags_and_attributes_than_one_may_have(shop):
    factories.CustomerFactory(
        phone="+989990000001", attributes={f"a{n}": "x" for n in range(20)}, tags=["old"]
    )
    tags = ";".join(f"t{n}" for n in range(30))
    columns = {"phone": "Mobile", "date": "Date", "amount": "Amount", "tags": "Tags", "attribute": "Drink"}
    bring(f"Mobile,Date,Amount,Tags,Drink\n09990000001,2026-01-01,1,{tags},tea\n", {"columns": columns})
    nadia = Customer.objects.get()
    assert (len(nadia.tags), nadia.tags[0], len(nadia.attributes)) == (20, "old", 20)


def test_what_cannot_be_read_of_a_person_is_counted_and_the_sale_brought_in(shop):
    head = "Mobile,Birth date,E-mail,Member since,Date,Amount (rial)\n"
    rows = "09990000001,soon,kim@,-,2026-01-01,1\n09990000002,1405/13/01,kim@x.org,3000/1/1,2026-01-02,1\n"
    run = bring(head + rows)
    assert tally(run) == (2, 0, 0, 0, 0)
    assert run.report["unreadable"] == {"birth_on": 2, "email": 1, "joined_on": 1}


def emails(*rows: str) -> list[tuple]:
    bring("Mobile,E-mail,Customer no,Date,Amount (rial)\n" + "".join(f"{row},2026-01-01,1\n" for row in rows))
    return sorted(Customer.objects.values_list("phone", "email", "external_id"), key=str)


PHONE, KIM = "09990000001", "+989990000001"


def test_who_has_only_an_e_mail_is_the_one_customer_who_has_it(shop):
    assert emails(f"{PHONE},kim@x.org,", ",KIM@x.org,") == [(KIM, "kim@x.org", None)]
    assert emails(",kim@x.org,") == [(KIM, "kim@x.org", None)]
    assert Order.objects.filter(customer__phone=KIM).count() == Order.objects.count()


def test_a_phone_takes_over_the_customer_known_by_nothing_but_the_e_mail(shop):
    assert emails(",kim@x.org,") == [(None, "kim@x.org", "kim@x.org")]
    assert emails(f"{PHONE},kim@x.org,77") == [(KIM, "kim@x.org", "77")]
    assert emails(",kim@x.org,", ",,77") == [(KIM, "kim@x.org", "77")]
    # The e-mail may be the family's: another phone is another person.
    assert emails("09990000002,kim@x.org,") == [
        ("+989990000001", "kim@x.org", "77"),
        ("+989990000002", "kim@x.org", None),
    ]


def test_an_e_mail_that_several_share_is_nobody_of_them(shop):
    emails(f"{PHONE},kim@x.org,", "09990000002,kim@x.org,")
    assert (None, "kim@x.org", "kim@x.org") in emails(",kim@x.org,")
    assert Customer.objects.count() == 3
    assert len(emails(",kim@x.org,")) == 3


def test_of_two_phones_with_one_e_mail_the_first_takes_the_customer_over(shop):
    emails(",kim@x.org,")
    assert emails(f"{PHONE},kim@x.org,", "09990000002,kim@x.org,") == [
        (KIM, "kim@x.org", "kim@x.org"),
        ("+989990000002", "kim@x.org", None),
    ]


def test_a_yes_never_undoes_a_no(shop):
    factories.CustomerFactory(phone="+989990000001")
    said = Customer.objects.get().consent_events
    head = "Mobile,Date,Amount (rial),SMS consent\n"
    evidence = {"consent_evidence": "form at the counter"}
    for word, expected in (("yes", ["in"]), ("yes", ["in"]), ("no", ["out", "in"]), ("yes", ["out", "in"])):
        bring(head + f"09990000001,2026-01-01,1,{word}\n", evidence)
        assert list(said.order_by("-pk").values_list("action", flat=True)) == expected
    assert ConsentEvent.objects.first().evidence == "form at the counter"
