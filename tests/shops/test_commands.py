"""Commands: what they do, and the one sentence they fail with."""

from __future__ import annotations

import datetime
import json
from io import StringIO

import pytest
from django.core.management import CommandError, ManagementUtility, call_command

from loyalty.shops import commands
from loyalty.shops.models import AuditEntry, NightRun, Role, Shop, StaffMember
from loyalty.shops.scope import get_shop, scope
from loyalty.tiers.models import TierMembership
from loyalty.tiers.services import preset
from segmentation.models import CustomerScore
from tests import factories

pytestmark = pytest.mark.django_db
OWNER = [
    "--owner-email",
    "Owner@Example.com",
    "--owner-name",
    "Arezou",
    "--owner-password",
    "a-rare-long-word",
]


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue().strip()


def open_shop(slug: str = "ladan", *words: str) -> str:
    return run("create_shop", slug, "--name", "قهوهٔ لادن", *words)


def test_a_shop_is_opened_as_a_persian_one_unless_told_otherwise():
    assert open_shop() == "Shop “ladan” is open."
    shop = get_shop(slug="ladan")
    assert (shop.name, shop.currency, shop.display_unit) == ("قهوهٔ لادن", "IRR", "toman")
    assert (shop.language, shop.calendar, shop.time_zone, shop.phone_region) == (
        "fa",
        "jalali",
        "Asia/Tehran",
        "IR",
    )


def test_a_shop_is_opened_with_everything_said():
    words = "--currency GBP --display-unit pound --time-zone Europe/London --language en --calendar gregorian"
    open_shop("london", *words.split())
    shop = get_shop(slug="london")
    assert (shop.currency, shop.display_unit, shop.phone_region) == ("GBP", "pound", "GB")
    assert (shop.language, shop.calendar, shop.time_zone) == ("en", "gregorian", "Europe/London")
    assert shop.sms_page_price_amount == 4


def test_a_shop_is_opened_with_its_owner():
    assert open_shop("ladan", *OWNER) == "Shop “ladan” is open, owned by Owner@Example.com."
    with scope(get_shop(slug="ladan")):
        member = StaffMember.objects.get()
        assert (member.role, member.user.name) == (Role.OWNER, "Arezou")
        assert member.user.check_password("a-rare-long-word")
        assert AuditEntry.objects.count() == 2


def test_one_person_may_own_two_shops():
    open_shop("ladan", *OWNER)
    open_shop("second", "--owner-email", "owner@example.com")
    with scope(get_shop(slug="second")):
        assert StaffMember.objects.get().user.name == "Arezou"


def test_the_result_is_also_there_for_machines():
    result = json.loads(open_shop("ladan", "--json", *OWNER))
    assert result == {
        "id": get_shop(slug="ladan").pk, "slug": "ladan", "name": "قهوهٔ لادن", "owner": "Owner@Example.com"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--currency", "XYZ"], "--currency: “XYZ” is not a currency we know"),
        (["--currency", "GBP", "--display-unit", "toman"], "--display-unit: “toman” is not a unit of GBP"),
        (["--time-zone", "Mars"], "--time-zone: “Mars” is not a time zone"),
        (["--language", "de"], "--language: "),
        (["--calendar", "lunar"], "--calendar: "),
        (["--phone-region", "XX"], "--phone-region: “XX” is not a phone region"),
        ([*OWNER[:-1], "short"], "password"),
        (["--owner-email", "nobody", "--owner-password", "a-rare-long-word"], "valid email"),
        (
            ["--owner-email", "new@example.com"],
            "has no account yet; give it a password with --owner-password",
        ),
        (["--owner-password", "a-rare-long-word"], "without --owner-email"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_leaves_no_shop(words, sentence):
    with pytest.raises(CommandError) as refused:
        open_shop("ladan", *words)
    assert sentence in str(refused.value)
    with pytest.raises(Shop.DoesNotExist):
        get_shop(slug="ladan")


@pytest.mark.parametrize("slug", ["two words", "لادن", "", "a/b", "x" * 61])
def test_a_slug_is_letters_digits_and_hyphens(slug):
    with pytest.raises(CommandError, match="SLUG: "):
        open_shop(slug)


def test_a_taken_slug_is_refused():
    open_shop()
    with pytest.raises(CommandError, match="SLUG: "):
        open_shop()


@pytest.mark.parametrize("day", ["2026-11-23", "1405/09/02", "۱۴۰۵/۰۹/۰۲", "2 آذر 1405"])
def test_a_night_is_done_for_a_day_in_either_calendar(day):
    open_shop()
    assert "The night of 2026-11-23 is done for “ladan”" in run("nightly", "--shop", "ladan", "--day", day)
    with scope(get_shop(slug="ladan")):
        assert NightRun.objects.get().day == datetime.date(2026, 11, 23)


def test_a_night_can_be_done_again_and_says_so_to_machines():
    open_shop()
    for _ in range(2):
        result = json.loads(run("nightly", "--shop", "ladan", "--day", "2026-11-23", "--json"))
        assert result["shop"] == "ladan"
        assert result["day"] == "2026-11-23"
        assert result["scored"] == 0
    with scope(get_shop(slug="ladan")):
        assert NightRun.objects.get().attempts == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--shop", "nowhere", "--day", "2026-11-23"], "There is no shop “nowhere”. Shops: ladan."),
        (
            ["--shop", "ladan", "--day", "yesterday"],
            "“yesterday”: This is not a day. Write it like 2026-11-23",
        ),
        (["--shop", "ladan", "--day", "2026-02-30"], "“2026-02-30”: That month does not have this day."),
        (["--shop", "ladan", "--day", "1405/07/31"], "“1405/07/31”: That month does not have this day."),
        (
            ["--shop", "ladan", "--day", "1026-11-23"],
            "“1026-11-23”: There is no such year in either calendar.",
        ),
    ],
)
def test_a_shop_or_a_day_that_is_not_is_said_in_one_sentence(words, sentence):
    open_shop()
    with pytest.raises(CommandError) as refused:
        run("nightly", *words)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("words", [("nightly", "--day"), ("score", "--as-of")], ids=["nightly", "score"])
def test_a_day_that_has_not_come_moves_nobody(words):
    command, option = words
    open_shop()
    shop = get_shop(slug="ladan")
    with scope(shop):
        yesterday = shop.today() - datetime.timedelta(days=1)
        for number in range(20):
            factories.OrderFactory(on=yesterday, net_amount=1_000_000 * 2**number)
        preset(shop.today())
    today, later = shop.today(), shop.today() + datetime.timedelta(days=400)
    run("nightly", "--shop", "ladan", "--day", today.isoformat())
    before = standing(shop)
    assert before[-1][1] > 1
    with pytest.raises(CommandError, match=f"“{later}” is still to come; in “ladan” it is {today}"):
        run(command, "--shop", "ladan", option, later.isoformat())
    assert standing(shop) == before


def standing(shop: Shop) -> list[tuple[str, int]]:
    """Return everybody's stage and the rank of their tier."""
    with scope(shop):
        ranks = dict(TierMembership.objects.filter(is_current=True).values_list("customer", "tier__rank"))
        return [
            (score.stage, ranks[score.customer_id]) for score in CustomerScore.objects.order_by("customer_id")
        ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nightly", "--day", "2023-11-23"], "The following arguments are required: --shop."),
        (["create_shop", "ladan", "--name"], "Argument --name: expected one argument."),
        (["score", "--shop", "ladan", "--of", "1"], "Unrecognized arguments: --of 1."),
        (["seed_demo", "--customers", "many"], "Argument --customers: invalid int value: 'many'."),
    ],
)
def test_a_slip_in_the_options_is_one_sentence_and_not_the_whole_usage(capsys, words, sentence):
    with pytest.raises(SystemExit) as ended:
        ManagementUtility(["manage.py", *words]).execute()
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"CommandError: {sentence}\n"


def test_without_any_shop_the_sentence_says_how_to_make_one():
    with pytest.raises(CommandError, match="none yet; make one with create_shop"):
        run("nightly", "--shop", "ladan", "--day", "2026-11-23")


def test_a_database_without_tables_gets_them_or_is_told_of_in_a_sentence(monkeypatch):
    made = []
    monkeypatch.setattr(commands, "has_tables", lambda: False)
    monkeypatch.setattr(commands, "call_command", lambda *words, **options: made.append(words))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    open_shop()
    assert made == [("migrate",)]
    monkeypatch.setenv("DATABASE_URL", "postgresql://login@db.example.com/club")
    with pytest.raises(CommandError, match="no tables yet; run manage.py migrate"):
        open_shop("second")
