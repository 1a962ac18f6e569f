"""Personas: each group as one person, drawn from its own figures, to be printed and written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.customers.models import Customer
from loyalty.shops.models import WeekRun
from loyalty.ui import sheets

from .. import demographics, facts, past, plays
from .. import personas as figures
from ..models import ScoreRun, Stage
from ..personas import FEWEST_PEOPLE
from . import demographics as places
from . import hours
from .past import dated, named
from .whom import KINDS, Whom, choices

KIND_LABELS = {
    "segment": gettext_lazy("By RFM segment"),
    "stage": gettext_lazy("By stage"),
    "quadrant": gettext_lazy("By value and frequency"),
}
PLAYS = {"segment": plays.SEGMENTS, "stage": plays.STAGES, "quadrant": plays.QUADRANTS}
# Who a group would be, were it one person: warm words that blame nobody.
NAMES = {
    "segment:champions": gettext_lazy("The heart of the house"),
    "segment:loyal": gettext_lazy("The familiar face"),
    "segment:potential_loyalist": gettext_lazy("The friend to be"),
    "segment:new_customers": gettext_lazy("The new guest"),
    "segment:promising": gettext_lazy("The good beginning"),
    "segment:need_attention": gettext_lazy("The one worth a word"),
    "segment:about_to_sleep": gettext_lazy("The quiet passer-by"),
    "segment:at_risk": gettext_lazy("The one we miss"),
    "segment:cannot_lose": gettext_lazy("The old companion"),
    "segment:hibernating": gettext_lazy("The visitor of one season"),
    "segment:lost": gettext_lazy("The memory of a visit"),
    "stage:new": gettext_lazy("The new guest"),
    "stage:active": gettext_lazy("The one who drops in"),
    "stage:loyal": gettext_lazy("The familiar face"),
    "stage:returned": gettext_lazy("The welcome return"),
    "stage:at_risk": gettext_lazy("The one we miss"),
    "stage:inactive": gettext_lazy("The one gone quiet"),
    "stage:lost": gettext_lazy("The memory of a visit"),
    "quadrant:valued_frequent": gettext_lazy("The heart of the house"),
    "quadrant:valued_rare": gettext_lazy("The rare, dear guest"),
    "quadrant:volume": gettext_lazy("The regular"),
    "quadrant:occasional": gettext_lazy("The occasional guest"),
}
MOTIVES = {
    "full_price": gettext_lazy(
        "Buys without a discount more than others do: the goods come before the price."
    ),
    "price": gettext_lazy("Buys with a discount more than others do: the price is a reason to come."),
    "habit": gettext_lazy(
        "Comes in a steadier rhythm than others: a habit, and one that is easy to keep up."
    ),
    "large_basket": gettext_lazy("Buys more at a time than others: perhaps for a family, or for others."),
    "often": gettext_lazy("Comes more often than others: the shop is part of everyday life."),
    "takes_part": gettext_lazy("Takes part more than others: answers, visits, brings friends."),
}
TONES = {
    "welcome": gettext_lazy(
        "Welcoming and helpful: say who you are and what the second visit brings. Short."
    ),
    "gentle": gettext_lazy("Gentle and without reproach: one good reason to come by, and no hurry."),
    "price": gettext_lazy("Clear and short: what, how much, until when. The offer stands in the first line."),
    "thanks": gettext_lazy(
        "Personal and grateful: by name, with something only they get. No discount needed."
    ),
    "friendly": gettext_lazy("Friendly and concrete: one idea that goes with what they already buy."),
}


@dataclass(frozen=True)
class Portrait:
    """One group on the page of all: its name, figures and picture."""

    whom: Whom
    name: str
    group: facts.Group
    picture: figures.Picture
    has_enough: bool


@dated(tastes=True)
def personas(request: HttpRequest) -> HttpResponse:
    run = past.current_run()
    if run is None or not run.buyers:
        return render(request, "segmentation/empty.html")
    if (chosen := Whom.of(request)).kind:
        on = f"?on={chosen.on}" if chosen.on else ""
        return redirect(reverse("segmentation:persona", args=[chosen.kind, chosen.key]) + on)
    kind = request.GET.get("kind", "segment")
    kind = kind if kind in KINDS else "segment"
    groups, days = facts.groups(kind, run.as_of), figures.weekdays(kind, hours.week_of(request.shop))
    portraits = [
        _portrait(Whom(kind, key, chosen.on), groups.get(key, facts.Group(key)), days.get(key, ()))
        for key in KINDS[kind].values
        if key != Stage.PROSPECT
    ]
    context = {
        "run": run,
        "kind": kind,
        "kinds": KIND_LABELS.items(),
        "whom": chosen,
        "choices": choices(),
        "portraits": [portrait for portrait in portraits if portrait.has_enough],
        "small": [portrait for portrait in portraits if not portrait.has_enough],
        "fewest": FEWEST_PEOPLE,
    }
    return render(request, "segmentation/personas.html", context)


def _portrait(whom: Whom, group: facts.Group, days) -> Portrait:
    drawn = figures.picture(days, group.share, group.amount_share)
    return Portrait(whom, _name(whom), group, drawn, _is_enough(group.customers))


def _is_enough(people: int) -> bool:
    """Whether so many were counted and not merely stood for: a card of fewer would be a portrait of somebody."""
    return people >= FEWEST_PEOPLE * past.one_in()


def _name(whom: Whom) -> str:
    return str(NAMES.get(whom.value, "")) or whom.label


@dated(tastes=True)
def persona(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    run = past.current_run()
    whom = Whom(kind, key, request.asked.day)
    if run is None or not whom.is_known or whom.filter.unkept:
        raise Http404("There is no such group.")
    mine, shop = figures.figures(run.as_of, whom.people), figures.figures(run.as_of)
    context: dict[str, Any] = {
        "run": run,
        "whom": whom,
        "name": _name(whom),
        "mine": mine,
        "shop": shop,
        "fewest": FEWEST_PEOPLE,
        "has_enough": _is_enough(mine.customers),
    }
    if not context["has_enough"]:
        return render(request, "segmentation/persona.html", context)
    context |= _drawn(request, run, whom, mine, shop)
    if (kind := request.GET.get("export")) in sheets.KINDS:
        heads = [_("About"), _("This group"), _("Everyone in the club")]
        return sheets.response(kind, named(request, "persona"), context["name"], heads, _rows(context))
    return render(request, "segmentation/persona.html", context)


def _drawn(
    request: HttpRequest, run: ScoreRun, whom: Whom, mine: figures.Figures, shop: figures.Figures
) -> dict[str, Any]:
    """Return everything a card says beyond its sums."""
    profile = demographics.profile(request.asked.today, whom.people)
    times, week, usual = hours.times_for(request.shop, whom), hours.week_of(request.shop), hours.usually(whom)
    stages, moved_by = figures.stages(whom.people), figures.motives(mine, shop)
    share = mine.customers / (shop.customers or 1)
    amount_share = mine.amount / shop.amount if shop.amount > 0 else None
    play = PLAYS.get(whom.kind, {}).get(whom.key) or plays.STAGES.get(next(iter(stages), ""))
    return {
        "share": share,
        "amount_share": amount_share,
        "categories": figures.favourites("category", whom.people),
        "products": figures.favourites("product", whom.people),
        "tastes_at": run.finished_at if whom.on else getattr(WeekRun.objects.first(), "finished_at", None),
        "times": times,
        "finding": times and hours.finding(times),
        "weekdays": hours.weekdays(times, whom, week, usual, past.one_in() == 1) if times else [],
        "reach": reach(whom),
        "places": [_typical(profile, name) for name in ("age", "gender", "city", "job", "acquired")],
        "motives": [MOTIVES[name] for name in moved_by],
        "opens": past.one_in() == 1,
        "tone": TONES[figures.tone(stages, moved_by)],
        "play": play,
        "picture": figures.picture([usual[day] for day in week], share, amount_share),
    }


def reach(whom: Whom) -> figures.Reach:
    # The outer count must not see the conditions' joins twice: only the keys go in.
    people = Customer.objects.filter(pk__in=whom.people.order_by().values("pk"), phone__isnull=False)
    counted = people.with_consent().aggregate(
        with_phone=Count("pk"),
        reachable=Count("pk", filter=Q(consent="in")),
        declined=Count("pk", filter=Q(consent="out")),
        never_asked=Count("pk", filter=Q(consent=None)),
    )
    return figures.Reach(**{name: count * past.one_in() for name, count in counted.items()})


def _typical(profile: demographics.Profile, name: str) -> dict[str, Any]:
    """Return the most frequent known value of a dimension, its share of the known, and how much is known."""
    dimension = profile.dimensions[name]
    known = [band for band in dimension.bands if band.key]
    best = max(known, key=lambda band: band.customers, default=None)
    if best is None or not best.customers:
        return {"label": places.LABELS[name], "value": "", "known_share": 0}
    return {
        "label": places.LABELS[name],
        "value": places.label(name, best),
        "share": best.share / dimension.known_share,
        "index": best.index,
        "known_share": dimension.known_share,
    }


def _rows(context: dict[str, Any]) -> list[list]:
    mine, shop = context["mine"], context["shop"]

    def money(value: float | None):
        return None if value is None else sheets.amount(round(value))

    def plain(value: float | None):
        return None if value is None else round(value, 4)

    rows = [
        [_("People"), mine.customers, shop.customers],
        [_("Net spend"), money(mine.amount), money(shop.amount)],
        [_("Spend per person"), money(mine.amount_each), money(shop.amount_each)],
        [_("Orders per person"), plain(mine.orders_each), plain(shop.orders_each)],
        [_("Spend per order"), money(mine.basket_amount), money(shop.basket_amount)],
        [_("Days between visits"), plain(mine.gap_days), plain(shop.gap_days)],
        [_("Orders without discount"), plain(mine.full_price_share), plain(shop.full_price_share)],
        [_("Can be reached by SMS"), context["reach"].reachable, None],
    ]
    rows += [[one["label"], one["value"], None] for one in context["places"] if one["value"]]
    rows += [[_("Favourite category"), one.name, None] for one in context["categories"]]
    rows += [[_("Favourite product"), one.name, None] for one in context["products"]]
    rows += [[_("What moves them"), str(one), None] for one in context["motives"]]
    rows += [
        [_("Orders on %(day)s") % {"day": one["label"]}, one["orders"], None] for one in context["weekdays"]
    ]
    return [*rows, [_("How to write"), str(context["tone"]), None]]
