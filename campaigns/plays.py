"""Three campaigns to begin with: whom each is for, and a text to start from in the shop's language."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign
from loyalty.shops.models import Shop


@dataclass(frozen=True)
class Play:
    """A ready-made campaign. `query` is its list of customers; `texts` and `names` go by shop language."""

    kind: str
    icon: str
    title: Promise | str
    sentence: Promise | str
    query: str
    names: dict[str, str]
    texts: dict[str, str]

    def name_for(self, shop: Shop) -> str:
        return self.names.get(shop.language, self.names["en"])

    def text_for(self, shop: Shop) -> str:
        return self.texts.get(shop.language, self.texts["en"])


PLAYS = (
    Play(
        Campaign.Kind.WIN_BACK,
        "heart-handshake",
        _("Win back"),
        _("Good customers who are past their usual return day."),
        "segment=at_risk&segment=cannot_lose&segment=about_to_sleep",
        {"en": "We miss you", "fa": "جای شما خالی"},
        {
            "en": "{first_name}, we have not seen you since {last_order_day}. This week something small "
            "waits for you at {shop}.",
            "fa": "{نام کوچک} عزیز، از {آخرین خرید} جای شما در {فروشگاه} خالی است. این هفته هدیهٔ کوچکی "
            "برایتان کنار گذاشته‌ایم.",
        },
    ),
    Play(
        Campaign.Kind.BUY_MORE,
        "shopping-cart-plus",
        _("Buy more"),
        _("New and promising customers who could make it a habit."),
        "segment=potential_loyalist&segment=promising&segment=new_customers",
        {"en": "Your next visit", "fa": "خرید بعدی شما"},
        {
            "en": "{first_name}, thank you for your visit. Come again this week and the second item is half "
            "price at {shop}.",
            "fa": "{نام کوچک} عزیز، از خریدتان سپاسگزاریم. این هفته در {فروشگاه} کالای دوم را با نصف قیمت "
            "ببرید.",
        },
    ),
    Play(
        Campaign.Kind.RETENTION,
        "diamond",
        _("Keep"),
        _("Your best customers, thanked without a discount."),
        "segment=champions&segment=loyal",
        {"en": "First to know", "fa": "پیش از همه"},
        {
            "en": "{first_name}, as a {tier} customer you are the first to see what is new at {shop}. "
            "Come by before Thursday.",
            "fa": "{نام کوچک} عزیز، شما مشتری {سطح} ما هستید و تازه‌های {فروشگاه} را پیش از همه می‌بینید. "
            "تا پنجشنبه چشم‌به‌راهیم.",
        },
    ),
)


# Texts for what a week's digest finds; their lists come with the link.
FOUND = {
    "second": Play(
        Campaign.Kind.BUY_MORE,
        "repeat",
        _("Second visit"),
        _("One visit so far, and the second is due."),
        "stage=new&late=1",
        {"en": "Your second visit", "fa": "خرید دوم شما"},
        {
            "en": "{first_name}, thank you for your first visit to {shop}. We would be glad to see you again "
            "this week.",
            "fa": "{نام کوچک} عزیز، از نخستین خریدتان از {فروشگاه} سپاسگزاریم. خوشحال می‌شویم این هفته دوباره "
            "شما را ببینیم.",
        },
    ),
    "falling": Play(
        Campaign.Kind.RETENTION,
        "stairs-up",
        _("Keep the tier"),
        _("They will leave their tier soon unless they come by."),
        "falling=30",
        {"en": "Keep your tier", "fa": "سطح شما بماند"},
        {
            "en": "{first_name}, you are a {tier} customer of {shop}. One more visit this month and you stay so.",
            "fa": "{نام کوچک} عزیز، شما مشتری {سطح} {فروشگاه} هستید. با یک خرید دیگر در این ماه، سطح شما "
            "می‌ماند.",
        },
    ),
    "near": Play(
        Campaign.Kind.BUY_MORE,
        "stairs-up",
        _("One purchase to the next tier"),
        _("One usual purchase away from the next tier."),
        "near=1",
        {"en": "Almost there", "fa": "یک قدم مانده"},
        {
            "en": "{first_name}, one more purchase at {shop} and you reach the next tier.",
            "fa": "{نام کوچک} عزیز، با یک خرید دیگر از {فروشگاه} به سطح بعدی می‌رسید.",
        },
    ),
    "birthday": Play(
        Campaign.Kind.RETENTION,
        "cake",
        _("Birthday"),
        _("A birthday in the next seven days."),
        "birthday=7",
        {"en": "Happy birthday", "fa": "تولدتان مبارک"},
        {
            "en": "{first_name}, happy birthday from all of us at {shop}. A small gift waits for you this week.",
            "fa": "{نام کوچک} عزیز، تولدتان مبارک. این هفته هدیهٔ کوچکی در {فروشگاه} چشم‌به‌راه شماست.",
        },
    ),
}


def play(kind: str) -> Play | None:
    """Return the play of that name, or None."""
    return FOUND.get(kind) or next((one for one in PLAYS if one.kind == kind), None)
