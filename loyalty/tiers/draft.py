"""A programme's rules as plain values: read from the rows, kept in a version, changed in the editor,
compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from decimal import Decimal

from . import rules
from .models import Benefit, Programme


@dataclass(frozen=True)
class Perk:
    """A benefit as a value. `value_share` is a decimal string ("0.07"), so that JSON keeps it exactly."""

    kind: str
    text: str = ""
    value_share: str | None = None
    cost_amount: int | None = None
    period: str = Benefit.Period.ALWAYS
    id: int | None = None

    @property
    def share(self) -> Decimal:
        return Decimal(self.value_share or 0)


@dataclass(frozen=True)
class Level:
    """A tier as a value; `tier_id` is the row it was read from."""

    tier_id: int
    rank: int
    name: str
    colour: str
    threshold: int
    min_orders: int
    perks: tuple[Perk, ...] = ()

    @property
    def discount(self) -> Decimal:
        """The share (0–1) taken off every purchase; 0 where the tier has no discount."""
        return next((perk.share for perk in self.perks if perk.kind == Benefit.Kind.DISCOUNT), Decimal(0))

    def with_discount(self, share: Decimal) -> Level:
        """Return the level with this discount, keeping the row it has; 0 takes it off."""
        old = next((perk for perk in self.perks if perk.kind == Benefit.Kind.DISCOUNT), None)
        others = tuple(perk for perk in self.perks if perk is not old)
        if not share:
            return replace(self, perks=others)
        discount = replace(old or Perk(Benefit.Kind.DISCOUNT), value_share=_plain(share))
        return replace(self, perks=(discount, *others))


@dataclass(frozen=True)
class Draft:
    """All rules of a programme, in force or not yet."""

    metric: str
    window_days: int
    grace_days: int
    levels: tuple[Level, ...]

    @property
    def steps(self) -> tuple[rules.Step, ...]:
        return tuple(rules.Step(level.rank, level.threshold, level.min_orders) for level in self.levels)

    @property
    def counts_money(self) -> bool:
        return self.metric in rules.MONEY_METRICS

    def level(self, rank: int) -> Level:
        return next(level for level in self.levels if level.rank == rank)

    def replacing(self, level: Level) -> Draft:
        """Return the draft with the level of the same rank replaced."""
        return replace(self, levels=tuple(level if old.rank == level.rank else old for old in self.levels))

    def problems(self) -> list[tuple[int, str]]:
        return rules.problems(self.steps)

    def warnings(self) -> list[tuple[int, str]]:
        """Return (rank, code) of what should make one think: `less_discount`, `fewer_benefits` than a
        tier below.
        """
        less = rules.falling((level.rank, float(level.discount)) for level in self.levels)
        fewer = rules.falling((level.rank, len(level.perks)) for level in self.levels)
        return [(rank, "less_discount") for rank in less] + [(rank, "fewer_benefits") for rank in fewer]

    def to_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, rules_: dict) -> Draft:
        levels = tuple(
            Level(**{**level, "perks": tuple(Perk(**perk) for perk in level["perks"])})
            for level in rules_["levels"]
        )
        return cls(**{**rules_, "levels": levels})

    @classmethod
    def of(cls, programme: Programme) -> Draft:
        """Return the rules in force of `programme`."""
        perks: dict[int, list[Perk]] = {}
        for benefit in Benefit.objects.filter(tier__programme=programme, is_active=True):
            share = None if benefit.value_share is None else _plain(benefit.value_share)
            perk = Perk(benefit.kind, benefit.text, share, benefit.cost_amount, benefit.period, benefit.pk)
            perks.setdefault(benefit.tier_id, []).append(perk)
        levels = tuple(
            Level(
                tier.pk,
                tier.rank,
                tier.name,
                tier.colour,
                tier.threshold_amount,
                tier.min_orders,
                tuple(perks.get(tier.pk, ())),
            )
            for tier in programme.tiers.order_by("rank")
        )
        return cls(programme.metric, programme.window_days, programme.grace_days, levels)


@dataclass(frozen=True)
class Change:
    """One difference between two drafts. `what` names the rule, `tier` the level it belongs to ("" for
    all).
    """

    what: str
    tier: str = ""
    before: object = None
    after: object = None


def changes(before: Draft, after: Draft) -> list[Change]:
    """Return what `after` says differently, in the order a person reads the editor."""
    return list(_changes(before, after))


def _changes(before: Draft, after: Draft) -> Iterator[Change]:
    for what in ("metric", "window_days", "grace_days"):
        if getattr(before, what) != getattr(after, what):
            yield Change(what, "", getattr(before, what), getattr(after, what))
    known = {level.rank: level for level in before.levels}
    for level in after.levels:
        old = known.get(level.rank)
        if old is None:
            continue
        for what in ("name", "threshold", "min_orders", "discount"):
            if getattr(old, what) != getattr(level, what):
                yield Change(what, level.name, getattr(old, what), getattr(level, what))
        yield from _perk_changes(old, level)


def _perk_changes(old: Level, new: Level) -> Iterator[Change]:
    before, after = _others(old), _others(new)
    for key in after.keys() - before.keys():
        yield Change("benefit_added", new.name, None, after[key].text)
    for key in before.keys() - after.keys():
        yield Change("benefit_removed", new.name, before[key].text, None)
    for key in before.keys() & after.keys():
        if before[key] != after[key]:
            yield Change("benefit_changed", new.name, before[key].text, after[key].text)


def _others(level: Level) -> dict[object, Perk]:
    """Return the level's benefits but for the discount, by row; one not saved yet is known by itself."""
    return {perk.id or perk: perk for perk in level.perks if perk.kind != Benefit.Kind.DISCOUNT}


def _plain(share: Decimal) -> str:
    return f"{share.normalize():f}"
