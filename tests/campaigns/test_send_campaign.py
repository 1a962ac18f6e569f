import datetime
import io
import json

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Campaign, Message, SandboxMessage
from loyalty.shops.models import Shop
from loyalty.shops.scope import scope
from tests.campaigns.conftest import make_people


def send(club, *arguments, audience="all", text="{first_name} سلام"):
    out = io.StringIO()
    call_command(
        "send_campaign",
        "--shop",
        club.slug,
        "--audience",
        audience,
        "--text",
        text,
        "--json",
        *arguments,
        stdout=out,
    )
    return json.loads(out.getvalue())


def people(club, count=40, **fields):
    with scope(club):
        return make_people(count, **fields)


def test_a_campaign_is_launched_and_drained_without_a_browser(club):
    people(club)
    result = send(club, "--holdout", "0.2", "--name", "بازگشت")
    assert result["in_list"] == 40
    assert result["treatment"] + result["holdout"] == 40
    assert result["messages"] == {"delivered": result["treatment"]}
    assert (result["sent"], result["waiting"], result["state"]) == (result["treatment"], 0, "done")
    assert result["cost_amount"] == result["sent"] * club.sms_page_price_amount
    with scope(club):
        assert SandboxMessage.objects.count() == result["sent"]


def test_a_dry_run_counts_and_leaves_nothing_behind(club):
    people(club, 7)
    people(club, 2, consent="out")
    result = send(club, "--dry-run", "--holdout", "0")
    assert (result["in_list"], result["treatment"], result["no_consent"]) == (9, 7, 2)
    assert result["cost_amount"] == 7 * club.sms_page_price_amount
    with scope(club):
        assert not Campaign.objects.exists()


def test_the_audience_is_a_list_of_customers(club):
    people(club, 3, city="Tehran")
    people(club, 2, city="Shiraz")
    assert send(club, "--holdout", "0", audience="city=Tehran")["sent"] == 3


def test_a_day_of_the_past_is_when_it_counts_from(club):
    people(club, 5)
    day = club.today() - datetime.timedelta(days=40)
    result = send(club, "--holdout", "0", "--as-of", day.isoformat())
    with scope(club):
        campaign = Campaign.objects.get(pk=result["campaign"])
        assert club.day_of(campaign.launched_at) == day
        assert {club.day_of(moment) for moment in Message.objects.values_list("sent_at", flat=True)} == {day}
    # The cap of that day does not hold today.
    assert send(club, "--holdout", "0")["sent"] == 5


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["--holdout", "0.9"], {}),
        (["--holdout", "much"], {}),
        ([], {"text": "{nobody}"}),
        ([], {"audience": "spent_min=abc"}),
        ([], {"audience": "nonsense=1"}),
        ([], {"audience": "consent=none&staeg=lost"}),
        (["--as-of", "2999-01-01"], {}),
        (["--as-of", "soon"], {}),
    ],
)
def test_a_slip_is_one_sentence_and_sends_nothing(club, arguments, options):
    people(club, 3)
    with pytest.raises(CommandError) as error:
        send(club, *arguments, **options)
    assert "\n" not in str(error.value)
    with scope(club):
        assert not Message.objects.exists()


def test_what_is_wrong_with_a_campaign_is_said_of_its_option(club):
    with pytest.raises(CommandError, match="^--holdout: [^:]+ --window: [^:]+$"):
        send(club, "--holdout", "0.9", "--window", "0")


def test_nobody_to_write_to_is_an_error(club):
    with pytest.raises(CommandError, match="Nobody"):
        send(club)


def test_at_night_messages_wait_unless_told_otherwise(club):
    people(club, 3)
    with scope(club):
        Shop.objects.filter(pk=club.pk).update(quiet_from="00:00", quiet_until="23:59:59")
    result = send(club, "--holdout", "0")
    assert (result["sent"], result["waiting"]) == (0, 3)
    people(club, 2)
    assert send(club, "--holdout", "0", "--ignore-quiet-hours")["sent"] == 2
