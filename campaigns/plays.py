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


def play(kind: str) -> Play | None:
    """Return the play of that name, or None."""
    return next((one for one in PLAYS if one.kind == kind), None)
