"""What passes between us and them: consent, campaigns, dealings beyond buying; and the owner's other segments."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.models import Message
from loyalty.ui.templatetags.ui import num

from ....models import ConsentEvent, Customer, Interaction, Order
from .. import known
from ..frames import Frame, is_not
from ..params import Choice, Row
from .base import TIMES, WITHIN, Field, Op, Values, any_of, first_day, flag

NEVER_ASKED = "none"
# One that was not delivered was not received, though it was sent.
ARRIVED = (Message.State.ACCEPTED, Message.State.DELIVERED, Message.State.UNKNOWN)
CONSENTS = (
    (ConsentEvent.Action.IN.value, gettext_lazy("Agreed")),
    (ConsentEvent.Action.OUT.value, gettext_lazy("Declined")),
    (NEVER_ASKED, gettext_lazy("Never asked")),
)
CAMPAIGN = Row(
    "values",
    choices=known.campaigns,
    what=gettext_lazy("a campaign"),
    find=known.find_campaigns,
    names=known.name_campaigns,
    labels=known.label_campaigns,
    spoken=gettext_lazy("the campaign %(names)s"),
    required=False,
    anything=gettext_lazy("any campaign"),
)
OWN = Row(
    "values",
    choices=known.own_segments,
    what=gettext_lazy("a segment"),
    find=known.find_own_segments,
    names=known.name_own_segments,
)
KINDS = Choice("values", choices=Interaction.Kind.choices)


def _midnight(frame: Frame, day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), frame.shop.zone)


def _in_time(rows: QuerySet, column: str, values: Values, frame: Frame) -> QuerySet:
    """Keep the rows of the days that count, by the shop's clock."""
    rows = rows.filter(**{f"{column}__lt": _midnight(frame, frame.today + datetime.timedelta(days=1))})
    since = first_day(values, frame)
    rows = rows if since is None else rows.filter(**{f"{column}__gte": _midnight(frame, since)})
    return rows.order_by()


# ---------- Consent ----------


LAST_WORDS = """
SELECT customer_id FROM (
    SELECT DISTINCT ON (customer_id) customer_id, action FROM customers_consentevent
    WHERE shop_id = %s AND channel = 'sms' AND purpose = 'marketing'
    ORDER BY customer_id, occurred_at DESC, action DESC, id DESC) AS last
WHERE action = ANY(%s)"""


def with_word(frame: Frame, *actions: str) -> Q:
    """Those whose last word on messages is one of `actions`."""
    return frame.in_sql(LAST_WORDS, (frame.shop.pk, [str(one) for one in actions]))


def _consented(values: Values, frame: Frame) -> Q:
    actions = [one for one in values["values"] if one != NEVER_ASKED]
    found = with_word(frame, *actions) if actions else None
    if NEVER_ASKED in values["values"]:
        never = is_not(with_word(frame, ConsentEvent.Action.IN, ConsentEvent.Action.OUT))
        return never if found is None else found | never
    return found


def _consent(customer: Customer, values: Values, frame: Frame) -> str:
    last = customer.consent_events.filter(channel="sms", purpose="marketing")
    last = last.order_by(*ConsentEvent.LATEST_FIRST).first()
    return str(dict(CONSENTS)[last.action if last else NEVER_ASKED])


def reachable(values: Values, frame: Frame) -> Q:
    """Those who agreed and have a number: whom a campaign can write to."""
    return frame.of_person(phone__isnull=False) & with_word(frame, ConsentEvent.Action.IN)


# ---------- Campaigns ----------


def _messages(values: Values, frame: Frame) -> QuerySet:
    """The messages that arrived as far as we know, of the campaigns asked for (all of them where none is chosen).

    Of an uncertain one nobody knows when it left; it was written when it was made.
    """
    found = Message.objects.filter(shop=frame.shop, state__in=ARRIVED)
    if values.get("values"):
        found = found.filter(campaign__in=values["values"])
    return _in_time(found.annotate(written_at=Coalesce("sent_at", "created_at")), "written_at", values, frame)


def _followed(values: Values, frame: Frame) -> QuerySet:
    """Messages whose reader bought from that day on, within the days in which the campaign counts results."""
    window = F("campaign__result_window_days") * datetime.timedelta(days=1)
    orders = Order.objects.filter(
        shop=frame.shop,
        customer=OuterRef("customer"),
        is_paid=True,
        placed_at__gte=OuterRef("written_at"),
        placed_at__lte=OuterRef("until"),
        placed_on__lte=frame.today,
    )
    return _messages(values, frame).annotate(until=F("written_at") + window).filter(Exists(orders))


def _after_a_message(values: Values, frame: Frame, later: QuerySet, column: str) -> QuerySet:
    """Rows of `later` (answers, opt-outs) that came once a message of the campaigns had been sent."""
    first = _messages({"values": values.get("values")}, frame).filter(customer=OuterRef("customer"))
    first = first.order_by("written_at").values("written_at")[:1]
    rows = _in_time(later.filter(shop=frame.shop), column, values, frame)
    return rows.annotate(written=Subquery(first)).filter(**{f"{column}__gte": F("written")})


def _replies(values: Values, frame: Frame) -> QuerySet:
    replies = Interaction.objects.filter(kind=Interaction.Kind.REPLY)
    if not values.get("values"):
        return _in_time(replies.filter(shop=frame.shop), "occurred_at", values, frame)
    about = replies.filter(details__campaign__in=values["values"])
    return _in_time(about.filter(shop=frame.shop), "occurred_at", values, frame)


def _opt_outs(values: Values, frame: Frame) -> QuerySet:
    said = ConsentEvent.objects.filter(channel="sms", purpose="marketing", action=ConsentEvent.Action.OUT)
    return _after_a_message(values, frame, said, "occurred_at")


Rows = Callable[[Values, Frame], QuerySet]


def _dealt(key: str, label, said, denied, rows: Rows) -> Field:
    """Whoever has at least one of some rows about a campaign."""

    def own(customer: Customer, values: Values, frame: Frame) -> str:
        return counted(rows(values, frame).filter(customer=customer).count())

    def where(values: Values, frame: Frame) -> Q:
        return frame.among(rows(values, frame).values("customer"))

    ops = (Op("any", gettext_lazy("any of"), where, (CAMPAIGN, WITHIN), "%(values)s"),)
    return Field(key, "messages", label, said, denied, ops, own)


def counted(count: int) -> str:
    if not count:
        return _("never")
    return ngettext("%(count)s time", "%(count)s times", count) % {"count": num(count)}


# ---------- Dealings and segments ----------


def _interactions(values: Values, frame: Frame) -> QuerySet:
    rows = Interaction.objects.filter(shop=frame.shop, kind__in=values["values"])
    return _in_time(rows, "occurred_at", values, frame)


def _interacted(values: Values, frame: Frame) -> Q:
    found = _interactions(values, frame).values("customer").annotate(n=Count("pk"))
    return frame.among(found.filter(n__gte=values["times"]).values("customer"))


def _dealings(customer: Customer, values: Values, frame: Frame) -> str:
    return counted(_interactions(values, frame).filter(customer=customer).count())


def _in_own(values: Values, frame: Frame) -> Q:
    found = Q()
    for key in values["values"]:
        found |= frame.resolve(key, frame)
    return found


def _own(customer: Customer, values: Values, frame: Frame) -> str:
    names = known.name_own_segments(values["values"])
    person = Customer.objects.filter(pk=customer.pk)
    found = [name for key, name in names.items() if person.filter(frame.resolve(key, frame)).exists()]
    return _(", ").join(found) or _("in none of them")


DEALINGS = (
    Field(
        "consent",
        "messages",
        gettext_lazy("messages"),
        gettext_lazy("whose word on messages is: %(value)s"),
        gettext_lazy("whose word on messages is not: %(value)s"),
        any_of(_consented, Choice("values", choices=CONSENTS)),
        _consent,
    ),
    flag(
        "reachable",
        "messages",
        gettext_lazy("can be reached by SMS"),
        gettext_lazy("who can be reached by SMS"),
        gettext_lazy("who cannot be reached by SMS"),
        reachable,
        lambda customer, values, frame: (
            _consent(customer, values, frame) if customer.phone else _("no mobile number")
        ),
    ),
    _dealt(
        "received",
        gettext_lazy("received a campaign"),
        gettext_lazy("who received %(value)s %(within)s"),
        gettext_lazy("who did not receive %(value)s %(within)s"),
        _messages,
    ),
    _dealt(
        "bought_after",
        gettext_lazy("bought after a campaign"),
        gettext_lazy("who bought after %(value)s %(within)s"),
        gettext_lazy("who did not buy after %(value)s %(within)s"),
        _followed,
    ),
    _dealt(
        "replied",
        gettext_lazy("replied to a campaign"),
        gettext_lazy("who replied to %(value)s %(within)s"),
        gettext_lazy("who did not reply to %(value)s %(within)s"),
        _replies,
    ),
    _dealt(
        "opted_out",
        gettext_lazy("declined after a campaign"),
        gettext_lazy("who declined messages after %(value)s %(within)s"),
        gettext_lazy("who did not decline messages after %(value)s %(within)s"),
        _opt_outs,
    ),
    Field(
        "interactions",
        "messages",
        gettext_lazy("dealings beyond buying"),
        gettext_lazy("who had %(value)s %(within)s"),
        gettext_lazy("who did not have %(value)s %(within)s"),
        (
            Op(
                "any",
                gettext_lazy("any of"),
                _interacted,
                (KINDS, TIMES, WITHIN),
                gettext_lazy("%(values)s at least %(times)s"),
            ),
        ),
        _dealings,
    ),
    Field(
        "own",
        "own",
        gettext_lazy("own segment"),
        gettext_lazy("who are in the segment %(value)s"),
        gettext_lazy("who are not in the segment %(value)s"),
        any_of(_in_own, OWN),
        _own,
    ),
)
