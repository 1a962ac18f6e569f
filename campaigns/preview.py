"""What a draft would look like and cost if it were sent now: what the composer shows while one types."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from campaigns import arms, personal, placeholders, preflight, sms
from campaigns.audiences import HOLDOUT, STEPS, TREATMENT, Audience, Waterfall, step_in_words
from campaigns.dispatch.control import placeholder_sentence
from campaigns.hours import awake_at
from loyalty.customers.models import Customer


@dataclass(frozen=True)
class Bar:
    """A line of the waterfall: where its bar starts and how long it is, in whole percents of the list."""

    step: str
    label: str
    count: int
    start: int
    length: int
    is_total: bool = False
    is_end: bool = False


@dataclass(frozen=True)
class Bubble:
    """The text as one person would read it, or why it cannot be filled in."""

    text: str
    length: sms.Length
    reader: Customer | None
    problem: str = ""
    hidden: tuple[str, ...] = ()
    costly: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preview:
    """Everything beside the text: who leaves where, how it reads, what it costs, when it goes."""

    audience: Audience
    waterfall: Waterfall
    bars: list[Bar]
    bubble: Bubble
    money: preflight.Money | None
    full_price_buyers: int
    smallest_effect: float | None
    is_few: bool
    waits_until: datetime.datetime | None
    may_wake: bool

    @property
    def effect_points(self) -> float:
        """The smallest effect that will show, in percentage points of the share that buys."""
        return 100 * (self.smallest_effect or 0)

    @property
    def each_amount(self) -> int:
        """What the text costs for the person it is shown for."""
        return self.bubble.length.pages * self.audience.shop.sms_page_price_amount

    @property
    def can_be_sent(self) -> bool:
        return (
            bool(self.waterfall.receiving) and not self.bubble.problem and not self.audience.filter.refusals
        )


def build(
    audience: Audience,
    text: str,
    *,
    offer_cost_amount: int | None,
    window_days: int,
    start: datetime.datetime,
    respects_quiet_hours: bool,
    waterfall: Waterfall | None = None,
) -> Preview:
    """Return the preview of a draft that begins at `start`; `waterfall` spares judging the list again."""
    waterfall = waterfall or audience.waterfall()
    shop = audience.shop
    bubble = read_as(audience, text)
    money = None
    if not bubble.problem:
        texts = preflight.weigh_texts(text, audience, waterfall.receiving)
        money = preflight.reckon(
            texts, audience, offer_cost_amount=offer_cost_amount, window_days=window_days
        )
    awake = awake_at(start, shop.zone, shop.quiet_from, shop.quiet_until)
    return Preview(
        audience=audience,
        waterfall=waterfall,
        bars=bars(waterfall),
        bubble=bubble,
        money=money,
        full_price_buyers=preflight.full_price_buyers(audience) if waterfall.receiving else 0,
        smallest_effect=arms.smallest_effect(waterfall.left_alone, waterfall.receiving),
        is_few=arms.is_few(waterfall.left_alone),
        waits_until=awake if respects_quiet_hours and awake > start else None,
        may_wake=not respects_quiet_hours and shop.quiet_from != shop.quiet_until,
    )


def read_as(audience: Audience, text: str) -> Bubble:
    """Return the text as somebody of the audience would read it."""
    shop, reader = audience.shop, preflight.someone(audience)
    try:
        values = {}
        if reader is not None:
            values = personal.values_of([reader.pk], text, shop, shop.day_of(audience.at))[reader.pk]
        rendered = personal.render(text, values, shop)
    except placeholders.PlaceholderError as error:
        return Bubble(text, sms.measure(text), reader, placeholder_sentence(error))
    return Bubble(
        rendered.text,
        rendered.length,
        reader,
        hidden=tuple(sms.hidden(text)),
        costly=tuple(sms.costly(rendered.text)) if rendered.length.alphabet == "ucs2" else (),
    )


def bars(waterfall: Waterfall) -> list[Bar]:
    """Return the lines of a waterfall: the list, everyone who leaves, and who will receive."""
    total = waterfall.total or 1
    left = waterfall.total
    lines = [Bar("", step_in_words(""), waterfall.total, 0, 100 if waterfall.total else 0, is_total=True)]
    for step in STEPS[:-1]:
        count = waterfall.steps[step]
        if not count and step != HOLDOUT:
            continue
        left -= count
        lines.append(Bar(step, step_in_words(step), count, _percent(left, total), _percent(count, total)))
    receiving = waterfall.receiving
    lines.append(
        Bar(TREATMENT, step_in_words(TREATMENT), receiving, 0, _percent(receiving, total), is_end=True)
    )
    return lines


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole)
