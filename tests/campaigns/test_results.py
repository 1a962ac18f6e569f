import datetime

import pytest

from campaigns import results
from campaigns.models import AudienceMember, Campaign, Message
from campaigns.story import Story
from campaigns.uplift import Interval, Verdict
from tests.campaigns.conftest import make_campaign, make_people
from tests.conftest import TODAY
from tests.factories import OrderFactory, RefundFactory

LAUNCHED_ON = TODAY - datetime.timedelta(days=40)


@pytest.fixture
def campaign(in_club):
    noon = datetime.datetime.combine(LAUNCHED_ON, datetime.time(12), in_club.zone)
    return make_campaign(state=Campaign.State.DONE, launched_at=noon, result_window_days=30)


def place(campaign, people, arm, price=0, sent=None):
    """Put people into an arm; of those written to the first `sent` messages have left (all, if not said)."""
    AudienceMember.objects.bulk_create(
        AudienceMember(campaign=campaign, customer=one, arm=arm) for one in people
    )
    if arm == "treatment":
        left = people if sent is None else people[:sent]
        Message.objects.bulk_create(
            Message(campaign=campaign, customer=one, phone=one.phone, text="…", pages=1, reference=one.pk,
                    **({"state": "delivered", "sent_at": campaign.launched_at, "price_amount": price}
                       if one in left else {"state": "skipped"}))
            for one in people
        )  # fmt: skip


def buy(customer, days, amount=1000, cost=600, hour=15, **fields):
    at = datetime.datetime.combine(
        LAUNCHED_ON + datetime.timedelta(days=days),
        datetime.time(hour),
        datetime.timezone(datetime.timedelta(hours=3, minutes=30)),
    )
    return OrderFactory(customer=customer, placed_at=at, net_amount=amount, cost_amount=cost, **fields)


def test_a_refund_follows_its_order_however_late(campaign):
    [written] = make_people(1)
    place(campaign, [written], "treatment", price=10)
    place(campaign, make_people(1), "holdout")
    before, within = buy(written, -20, amount=9000), buy(written, 3, amount=2000)
    late = LAUNCHED_ON + datetime.timedelta(days=campaign.result_window_days + 9)
    RefundFactory(order=before, on=LAUNCHED_ON + datetime.timedelta(days=2), amount=9000)
    RefundFactory(order=within, on=late, amount=2000)
    early, afterwards = (
        results.result_of(campaign, late - datetime.timedelta(days=1)),
        results.result_of(campaign, late),
    )
    assert early.treatment.spend.mean == 2000
    assert afterwards.treatment.spend.mean == 0


def test_amounts_are_per_person_and_net_of_refunds(campaign):
    written, left = make_people(4), make_people(2)
    place(campaign, written, "treatment", price=10)
    place(campaign, left, "holdout")
    buy(written[0], 3)
    order = buy(written[0], 5, amount=2000, cost=1000)
    RefundFactory(
        order=order, refunded_at=order.placed_at, refunded_on=order.placed_on, amount=500, cost_amount=None
    )
    buy(left[0], 2)
    result = results.result_of(campaign, TODAY)
    assert (result.treatment.people, result.treatment.buyers) == (4, 1)
    assert (result.holdout.people, result.holdout.buyers) == (2, 1)
    assert result.treatment.orders.mean == 2 / 4
    assert result.treatment.spend.mean == (1000 + 2000 - 500) / 4
    # The refund takes back its share of the order's cost: 500 of 2,000 is 250 of 1,000.
    assert result.treatment.profit.mean == (400 + 1000 - 250) / 4
    assert result.holdout.profit.mean == 400 / 2
    assert result.cost_amount == 40
    assert result.profit.value == pytest.approx(1150 / 4 - 200)
    assert result.effect.value == pytest.approx((1150 / 4 - 200 - 10) * 4)


def test_the_difference_in_money_allows_for_what_was_spent_in_the_year_before(campaign):
    written, left = make_people(6), make_people(6)
    place(campaign, written, "treatment", price=10)
    place(campaign, left, "holdout")
    # Everybody spends as much again as before; those written to, 500 more. By chance they were the bigger ones.
    for people, before, more in ((written, 3000, 500), (left, 1000, 0)):
        for number, one in enumerate(people):
            spent = before + 100 * number
            buy(one, -30, amount=spent, cost=0)
            buy(one, 3, amount=spent + more + number % 2, cost=0)
            buy(one, -400, amount=10**6 * number, cost=0)
    result = results.result_of(campaign, TODAY)
    assert result.treatment.spend.mean - result.holdout.spend.mean == pytest.approx(2500)
    for apart in (result.spend, result.profit):
        assert (apart.value, apart.low, apart.high) == pytest.approx((500, 500, 500), abs=5)
    assert result.is_allowed_for


def test_only_the_window_counts_and_only_paid_orders(campaign):
    (person, *_others) = written = make_people(3)
    place(campaign, written, "treatment")
    place(campaign, make_people(2), "holdout")
    buy(person, 0, hour=11)  # an hour before the launch
    buy(person, 30, hour=13)  # an hour after the window
    buy(person, 4, status="cancelled")
    assert results.result_of(campaign, TODAY).treatment.orders.mean == 0
    buy(person, 0, hour=13)
    buy(person, 30, hour=11)
    assert results.result_of(campaign, TODAY).treatment.orders.mean == pytest.approx(2 / 3)


def test_a_result_is_as_of_a_day(campaign):
    (person, *_others) = written = make_people(3)
    place(campaign, written, "treatment")
    place(campaign, make_people(2), "holdout")
    buy(person, 2)
    buy(person, 9)
    at = results.result_of(campaign, LAUNCHED_ON + datetime.timedelta(days=8))
    assert (at.treatment.orders.mean, at.is_over, at.days_left) == (pytest.approx(1 / 3), False, 22)
    assert at.verdict == Verdict("cannot_tell", "window_open")


def test_whoever_was_kept_out_is_not_compared(campaign):
    written, kept_out = make_people(3), make_people(1)
    place(campaign, written, "treatment")
    AudienceMember.objects.create(
        campaign=campaign, customer=kept_out[0], arm="excluded", reason="no_consent"
    )
    buy(kept_out[0], 3)
    assert results.result_of(campaign, TODAY).treatment.buyers == 0


def lively(campaign, treatment_buyers, holdout_buyers, price=10, cost=600, sent=None):
    written, left = make_people(200), make_people(100)
    place(campaign, written, "treatment", price=price, sent=sent)
    place(campaign, left, "holdout")
    for one in written[:treatment_buyers]:
        buy(one, 3, cost=cost)
    for one in left[:holdout_buyers]:
        buy(one, 3, cost=cost)
    return results.result_of(campaign, TODAY)


def test_a_campaign_that_brought_profit_earned(campaign):
    result = lively(campaign, 100, 10)
    assert result.verdict.word == "earned"
    assert result.extra_buyers == 80
    # Half of 200 instead of a tenth: 0.4 × 400 profit, less 10 for the text.
    assert result.effect.value == pytest.approx((0.4 * 400 - 10) * 200)


def test_a_campaign_that_cost_more_than_it_brought_lost(campaign):
    assert lively(campaign, 20, 10, price=500).verdict.word == "lost"


def test_nobody_knows_the_profit_of_goods_without_a_cost(campaign):
    result = lively(campaign, 100, 10, cost=None)
    assert result.verdict == Verdict("cannot_tell", "cost_unknown")
    assert result.costed_share == 0
    # 400 more spend a person for a text of 10: it pays for itself from a margin of 2.5 % on.
    assert result.margin_to_break_even == pytest.approx(0.025)


def test_a_few_unknown_costs_are_put_in_at_the_shops_margin(campaign):
    written = make_people(4)
    place(campaign, written, "treatment")
    place(campaign, make_people(2), "holdout")
    for one in written[:3]:
        buy(one, 3, amount=1000, cost=700)
    buy(written[3], 3, amount=1000, cost=None)
    result = results.result_of(campaign, TODAY)
    assert result.costed_share == 0.75
    assert result.treatment.profit.mean == pytest.approx(300)


def test_the_offer_is_paid_for_by_those_written_to(campaign):
    Campaign.objects.update(offer_cost_amount=100)
    campaign.refresh_from_db()
    written, left = make_people(2), make_people(2)
    place(campaign, written, "treatment")
    place(campaign, left, "holdout")
    buy(written[0], 3)
    buy(left[0], 3)
    result = results.result_of(campaign, TODAY)
    assert (result.treatment.profit.mean, result.holdout.profit.mean) == ((400 - 100) / 2, 400 / 2)


def test_without_a_holdout_nothing_can_be_compared(campaign):
    place(campaign, make_people(30), "treatment")
    result = results.result_of(campaign, TODAY)
    assert result.profit is None
    assert result.share is None
    assert result.verdict == Verdict("cannot_tell", "no_holdout")


def test_of_nobody_left_alone_there_is_no_mean_and_no_line(campaign):
    place(campaign, make_people(30), "treatment")
    story = Story(campaign, TODAY)
    assert {row.left for row in story.amounts} == {"–"}
    assert "–" not in {row.written for row in story.amounts}
    assert "Left alone" not in str(story.days)
    place(campaign, make_people(3), "holdout")
    assert "Left alone" in str(Story(campaign, TODAY).days)


def test_buyers_add_up_day_by_day(campaign):
    written, left = make_people(4), make_people(2)
    place(campaign, written, "treatment")
    place(campaign, left, "holdout")
    buy(written[0], 0)
    buy(written[1], 2)
    buy(written[1], 3)
    buy(left[0], 1)
    days = results.buyers_by_day(results.result_of(campaign, LAUNCHED_ON + datetime.timedelta(days=3)))
    assert days.treatment == [0.25, 0.25, 0.5, 0.5]
    assert days.holdout == [0, 0.5, 0.5, 0.5]


@pytest.mark.parametrize("as_of", [LAUNCHED_ON + datetime.timedelta(days=3), TODAY])
def test_a_campaign_of_which_nothing_left_has_no_verdict(campaign, as_of):
    lively(campaign, 100, 10, sent=0)
    result = results.result_of(campaign, as_of)
    assert result.verdict == Verdict("cannot_tell", "not_sent")
    assert result.effect_per_message is None


def test_uncertain_messages_may_have_left(campaign):
    lively(campaign, 100, 10, sent=0)
    Message.objects.update(state="unknown")
    assert results.result_of(campaign, TODAY).verdict.word == "earned"


def test_the_effect_of_a_message_is_that_of_those_that_left(campaign):
    result = lively(campaign, 100, 10, sent=50)
    assert (result.sent, result.messages, result.is_partial) == (50, 200, True)
    # All 200 are compared, and 50 texts of 10 were paid.
    assert result.effect.value == pytest.approx(0.4 * 400 * 200 - 50 * 10)
    assert result.effect_per_message == pytest.approx(result.effect.value / 50)


def test_verdicts_are_written_down_when_the_window_is_over(campaign):
    lively(campaign, 100, 10)
    assert results.renew_verdicts(LAUNCHED_ON + datetime.timedelta(days=30)) == 0
    assert results.renew_verdicts(TODAY) == 1
    campaign.refresh_from_db()
    assert (campaign.verdict, campaign.effect_amount) == ("earned", 30_000)


def test_intervals_shift_and_stretch():
    assert Interval(2, 1, 3).minus(1).times(10) == Interval(10, 0, 20)
