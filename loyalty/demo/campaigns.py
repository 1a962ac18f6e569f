"""Past campaigns of a demo shop: really launched, with a real hold-out, and with an effect of their own.

What a campaign changes is drawn only for those who were written to: some come who would not have come, or pay
less for what they would have bought anyway. The result page finds it by the hold-out, like any other effect.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import NAMESPACE_DNS, uuid5

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from campaigns import dispatch
from campaigns.models import AudienceMember, Campaign
from campaigns.plays import play
from loyalty.customers.models import Order
from loyalty.shops.models import Shop, User
from segmentation import services as segmentation

from . import load
from .process import Invention, Past, Sale

SOURCE = "web"


@dataclass(frozen=True)
class Episode:
    """One past campaign: when, to whom, and what it does to those who are written to."""

    days_ago: int
    kind: str
    names: dict[str, str]
    texts: dict[str, str]
    audience: str
    holdout: str = "0.1"
    window_days: int = 30
    # The share of those written to who come once more, and the share discounted on what was bought anyway.
    extra_buyers: float = 0.0
    given_away: float = 0.0


EPISODES = (
    Episode(
        days_ago=122,
        kind=Campaign.Kind.WIN_BACK,
        names={"fa": "بازگشت تابستان", "en": "Summer win-back"},
        texts=play(Campaign.Kind.WIN_BACK).texts,
        audience="stage=at_risk&stage=inactive",
        holdout="0.25",
        extra_buyers=0.34,
    ),
    Episode(
        days_ago=75,
        kind=Campaign.Kind.RETENTION,
        names={"fa": "تخفیف روز قهوه", "en": "Autumn discount for regulars"},
        texts={
            "fa": "{نام کوچک} عزیز، به مناسبت روز قهوه تا سه هفته همهٔ خریدهای شما با ۴۰٪ تخفیف است.",
            "en": "{first_name}, for three weeks everything you buy at {shop} is 40% off.",
        },
        audience="stage=active&stage=loyal",
        holdout="0.4",
        window_days=21,
        given_away=0.4,
    ),
    Episode(
        days_ago=45,
        kind=Campaign.Kind.OTHER,
        names={"fa": "تازه‌برشت هفته", "en": "New this week"},
        texts={
            "fa": "{نام کوچک} عزیز، دانه‌های تازه‌برشت این هفته رسید. سری به {فروشگاه} بزنید.",
            "en": "{first_name}, this week's new things have arrived at {shop}. Come and have a look.",
        },
        audience="segment=promising&segment=potential_loyalist",
        extra_buyers=0.03,
    ),
    Episode(
        days_ago=8,
        kind=Campaign.Kind.BUY_MORE,
        names={"fa": "خوشامد خرید دوم", "en": "Welcome back, second visit"},
        texts=play(Campaign.Kind.BUY_MORE).texts,
        audience="stage=new",
        extra_buyers=0.1,
    ),
)


def run(shop: Shop, invention: Invention, past: Past, today: datetime.date, by: User) -> None:
    """Live through the past campaigns in order, and leave one draft for today."""
    people = {str(person.number): person for person in past.people}
    first_number = 1
    for episode in EPISODES:
        day = today - datetime.timedelta(days=episode.days_ago)
        segmentation.score_shop(day)
        try:
            with transaction.atomic():
                campaign = launch(shop, episode, load.moment(shop, day, 11 * 60), by)
        except ValidationError:
            # Of very few people there may be nobody to write to just then: the story goes on without it.
            continue
        treated = AudienceMember.objects.filter(campaign=campaign, arm=AudienceMember.Arm.TREATMENT)
        numbers = list(treated.order_by("customer_id").values_list("customer__external_id", flat=True))
        extra = extra_sales(invention, [people[number] for number in numbers], episode, day)
        load.sales(shop, extra, SOURCE, first_number)
        first_number += len(extra)
        if episode.given_away:
            give_away(campaign, episode)
    winter = play(Campaign.Kind.WIN_BACK)
    Campaign.objects.create(
        name=winter.name_for(shop),
        kind=winter.kind,
        audience=winter.query,
        text=winter.text_for(shop),
        created_by=by,
    )


def launch(shop: Shop, episode: Episode, at: datetime.datetime, by: User) -> Campaign:
    """Launch the episode's campaign as of the moment `at` and carry its messages to the sandbox phone."""
    campaign = Campaign.objects.create(
        # The key draws the hold-out: a random one would tell another story each time.
        key=uuid5(NAMESPACE_DNS, f"{shop.slug}:{episode.days_ago}"),
        name=episode.names[shop.language],
        kind=episode.kind,
        audience=episode.audience,
        text=episode.texts[shop.language],
        holdout_share=Decimal(episode.holdout),
        result_window_days=episode.window_days,
        created_by=by,
    )
    campaign = dispatch.launch(campaign, by, campaign.version, at=at)
    # Sent then and not now: the rows are marked as the gateway would have had them marked at the time.
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE campaigns_message SET state = CASE WHEN id %% 31 = 0 THEN 'failed' ELSE 'delivered' END,
                   attempts = 1, due_at = NULL, gateway_id = 'S' || reference, created_at = %(at)s,
                   price_amount = pages * %(price)s, sent_at = %(at)s + id %% 300 * interval '1 second',
                   reported_at = %(at)s + (id %% 300 + 20) * interval '1 second'
               WHERE shop_id = %(shop)s AND campaign_id = %(campaign)s""",
            {"at": at, "price": shop.sms_page_price_amount, "shop": shop.pk, "campaign": campaign.pk},
        )
        cursor.execute(
            """INSERT INTO campaigns_sandboxmessage (shop_id, direction, phone, text, reference, pages, price_amount,
                   delivery, received_at, arrives_at)
               SELECT shop_id, 'out', phone, text, reference, pages, price_amount, state, sent_at, reported_at
               FROM campaigns_message WHERE shop_id = %s AND campaign_id = %s""",
            [shop.pk, campaign.pk],
        )
    finished = at + datetime.timedelta(minutes=6)
    Campaign.objects.filter(pk=campaign.pk).update(
        state=Campaign.State.DONE, created_at=at - datetime.timedelta(hours=2), finished_at=finished
    )
    campaign.refresh_from_db()
    return campaign


def extra_sales(invention: Invention, people: list, episode: Episode, day: datetime.date) -> list[Sale]:
    """Return the orders that only the message brought, in the first three weeks after it."""
    sales = []
    for person in people:
        if invention.rng.random() >= episode.extra_buyers:
            continue
        on = day + datetime.timedelta(days=1 + int(min(invention.rng.gamma(2, 4), 21)))
        if on <= invention.last_day:
            sale = invention.sale(person, on)
            sales.append(replace(sale, status="completed", refund_on=None, refund_amount=0))
    return sorted(sales, key=lambda sale: (sale.placed_on, sale.minute, sale.person))


def give_away(campaign: Campaign, episode: Episode) -> None:
    """Discount what those written to bought in the window: they would have bought it anyway."""
    orders = Order.objects.filter(
        customer__audience_memberships__campaign=campaign,
        customer__audience_memberships__arm=AudienceMember.Arm.TREATMENT,
        placed_at__gt=campaign.launched_at,
        placed_at__lte=campaign.window_ends_at,
        discount_amount=0,
        refunds=None,
    )
    share = Decimal(str(episode.given_away))
    with connection.cursor() as cursor:
        ids = list(orders.values_list("pk", flat=True))
        for table, gross in (
            ("customers_orderline", "unit_amount * quantity"),
            ("customers_order", "gross_amount"),
        ):
            key = "id" if table == "customers_order" else "order_id"
            cursor.execute(
                f"""UPDATE {table} SET discount_amount = round({gross} * %(share)s),
                        net_amount = net_amount - round({gross} * %(share)s)
                    WHERE shop_id = %(shop)s AND {key} = ANY(%(ids)s)""",
                {"share": share, "shop": campaign.shop_id, "ids": ids},
            )
