"""How well the lifecycle stages foretold who would stay away, on two real shops, beside one-line rules.

`python -m benchmarks lifecycle` reads CDNOW (every customer of 1997, eighteen months) and Online Retail (a
wholesaler's year) from the folder named by BASHGAH_SHARED. On several days t everybody who had bought by then
is judged by what was known on that day; what happened is whether they bought in the 90 days after it. The
cuts of the rules are those of the product; the one-line baseline gets the best cut there is, chosen with
hindsight for each t, which no shop could do.
"""

from __future__ import annotations

import csv
import datetime
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from segmentation import churn, lifecycle
from segmentation.lifecycle import Rhythm

WINDOW_DAYS = 90
# Klaviyo's fixed days (its default of 2025): up to 180 recent, up to 365 less so.
KLAVIYO = (180, 365)
HISTORIES = {"CDNOW": (180, 270, 360, 450), "Online Retail": (120, 180, 240, 283)}
# The grid: weight of the shop's gap, own gap by median or mean, and where "at risk" begins.
WEIGHTS, MIDDLES, CUTS = (1, 3, 5, 8, 12), ("median", "mean"), (1.0, 1.25, 1.5, 2.0, 2.5, 4.0)
SPREADS = (0.5, 0.75, 1.0, 1.25, np.inf)
# A choice is clearly better if it is so by this much balanced accuracy on both shops, for all and repeaters.
CLEARLY = 0.02
ORDER = ("loyal", "active", "at_risk", "inactive", "lost")


def folder() -> Path:
    """Return the folder that holds data/, as BASHGAH_SHARED says; raise FileNotFoundError without one."""
    places = [Path(os.environ.get("BASHGAH_SHARED") or "/nonexistent")]
    places.append(Path(__file__).resolve().parents[2] / "shared")
    for place in places:
        if (place / "data").is_dir():
            return place / "data"
    raise FileNotFoundError("Set BASHGAH_SHARED to the folder that holds data/cdnow and data/online_retail.")


def cdnow() -> list[list[datetime.date]]:
    """Return the order days of each customer, ascending and distinct."""
    days: dict[str, set] = {}
    for line in (folder() / "cdnow/CDNOW_master.txt").read_text(encoding="utf-8").splitlines()[1:]:
        number, day, *_rest = line.split()
        days.setdefault(number, set()).add(datetime.datetime.strptime(day, "%Y%m%d").date())
    return [sorted(one) for one in days.values()]


def online_retail() -> list[list[datetime.date]]:
    """Return the same; cancellations and anonymous invoices are left out."""
    days: dict[str, set] = {}
    with (folder() / "online_retail/online_retail_invoices.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["CustomerID"] and float(row["amount"]) > 0:
                days.setdefault(row["CustomerID"], set()).add(datetime.date.fromisoformat(row["date"][:10]))
    return [sorted(one) for one in days.values()]


SHOPS: dict[str, Callable[[], list[list[datetime.date]]]] = {"CDNOW": cdnow, "Online Retail": online_retail}


@dataclass
class Known:
    """Everybody who had bought by the day t, and whether they stayed away in the window after it."""

    histories: Sequence[Sequence[datetime.date]]
    t: datetime.date

    def __post_init__(self) -> None:
        pasts = [[day for day in history if day <= self.t] for history in self.histories]
        pairs = [(past, history) for past, history in zip(pasts, self.histories, strict=True) if past]
        self.pasts = [past for past, _history in pairs]
        end = self.t + datetime.timedelta(days=WINDOW_DAYS)
        self.away = np.array([not any(self.t < day <= end for day in history) for _past, history in pairs])
        self.days = np.array([len(past) for past in self.pasts])
        self.recency = np.array([(self.t - past[-1]).days for past in self.pasts])
        self.rhythms = [lifecycle.rhythm(past) for past in self.pasts]
        gaps = [lifecycle.gaps_of(past) for past in self.pasts]
        self.shop_gap = lifecycle.shop_gap(gap for own in gaps for gap in own)
        self.own = {
            "median": np.array([one.own_gap_days or 0 for one in self.rhythms]),
            "mean": np.array([sum(own) / len(own) if own else 0 for own in gaps]),
        }

    @cached_property
    def stages(self) -> np.ndarray:
        """The stages by the rules of the product."""
        return np.array([self._stage(past, own) for past, own in zip(self.pasts, self.rhythms, strict=True)])

    def _stage(self, past: Sequence[datetime.date], own: Rhythm) -> str:
        gap = lifecycle.expected_gap(own, self.shop_gap)
        came_back = lifecycle.returned_on(past, self.t, gap) is not None
        return lifecycle.stage((self.t - past[-1]).days, own, gap, came_back)

    def lateness(self, weight: float = lifecycle.SHOP_WEIGHT, middle: str = "median") -> np.ndarray:
        """Days since the last order, in expected gaps."""
        gaps = self.days - 1
        blended = (gaps * self.own[middle] + weight * self.shop_gap) / (gaps + weight)
        return self.recency / np.clip(blended, lifecycle.SHORTEST_GAP, lifecycle.LONGEST_GAP)

    @cached_property
    def silence(self) -> np.ndarray:
        """The chance of no order in the window, by the model fitted on what was known."""
        x = self.days - 1
        last = np.array([(past[-1] - past[0]).days for past in self.pasts])
        age = np.array([(self.t - past[0]).days for past in self.pasts])
        model = churn.fit_buy_till_you_die(churn.group(x, last, age, 1))
        return 1 - model.p_back(WINDOW_DAYS, x, last, age)


def auc(score: np.ndarray, truth: np.ndarray) -> float:
    """Return how often somebody who stayed away scores above somebody who came (ties count half)."""
    _values, place, count = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    positive = truth.sum()
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * (~truth).sum()))


def balanced(flag: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean of the share found among those who stayed away and the share let go among the others."""
    return float((flag[truth].mean() + (~flag[~truth]).mean()) / 2)


def best_cut(score: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return the best balanced accuracy that one cut can reach with hindsight, and the cut."""
    cuts = np.unique(np.quantile(score, np.linspace(0.01, 0.99, 99)))
    return max((balanced(score > cut, truth), float(cut)) for cut in cuts)


def rates(flag: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return precision and recall."""
    return float(truth[flag].mean()) if flag.any() else 0.0, float(flag[truth].mean())


def known_of(name: str) -> list[Known]:
    histories = SHOPS[name]()
    first = min(history[0] for history in histories)
    return [Known(histories, first + datetime.timedelta(days=after)) for after in HISTORIES[name]]


def stage_shares(known: Known) -> dict[str, tuple[int, float]]:
    """Return for each stage how many people it had and the share of them that stayed away."""
    found = {stage: known.stages == stage for stage in lifecycle.STAGES}
    return {
        stage: (int(flag.sum()), float(known.away[flag].mean()))
        for stage, flag in found.items()
        if flag.any()
    }


def compare(known: Known, some: np.ndarray) -> dict[str, float]:
    """Return the figures of one line: the product's rule, the baselines and the model, among `some`."""
    away, recency = known.away[some], known.recency[some]
    late, begins = known.lateness()[some], _begins()
    precision, recall = rates(late > begins, away)
    return {
        "away": float(away.mean()),
        "rule_auc": auc(late, away),
        "rule": balanced(late > begins, away),
        "precision": precision,
        "recall": recall,
        "days_auc": auc(recency, away),
        "days": best_cut(recency, away)[0],
        "klaviyo_180": balanced(recency > KLAVIYO[0], away),
        "klaviyo_365": balanced(recency > KLAVIYO[1], away),
        "model_auc": auc(known.silence[some], away),
    }


def _begins() -> float:
    """Return after how many gaps somebody is at risk: where "active" ends."""
    return next(rule.within_gaps for rule in lifecycle.RULES if rule.stage == "active")


def grid(shops: dict[str, list[Known]]) -> list[dict]:
    """Return for every choice of constants the mean balanced accuracy and AUC over t of each shop, for
    everybody and for those who came more than once."""
    rows = []
    for middle in MIDDLES:
        for weight in WEIGHTS:
            late = {name: [one.lateness(weight, middle) for one in known] for name, known in shops.items()}
            for cut in CUTS:
                row: dict = {"middle": middle, "weight": weight, "cut": cut}
                for name, known in shops.items():
                    for who, least in (("all", 1), ("repeat", 2)):
                        some = [one.days >= least for one in known]
                        score = [each[those] for each, those in zip(late[name], some, strict=True)]
                        away = [one.away[those] for one, those in zip(known, some, strict=True)]
                        row[name, who] = _mean(lambda a, b, cut=cut: balanced(a > cut, b), score, away)
                        row[name, who, "auc"] = _mean(auc, score, away)
                rows.append(row)
    return rows


def _mean(measure: Callable, *columns: Sequence) -> float:
    return float(np.mean([measure(*row) for row in zip(*columns, strict=True)]))


def is_clearly_better(row: dict, present: dict) -> bool:
    """Say whether a choice is better than the present one everywhere, by CLEARLY."""
    keys = [key for key in present if isinstance(key, tuple) and len(key) == 2]
    return all(row[key] - present[key] >= CLEARLY for key in keys)


def present_of(rows: list[dict]) -> dict:
    chosen = {"middle": "median", "weight": lifecycle.SHOP_WEIGHT, "cut": _begins()}
    return next(row for row in rows if all(row[name] == value for name, value in chosen.items()))


def steadiness(known: Known) -> dict[float, tuple[int, float]]:
    """Return for each limit of the spread of gaps how many who are in rhythm and came four times lie within it,
    and the share of them that stayed away."""
    spread = np.array([np.inf if one.gap_spread is None else one.gap_spread for one in known.rhythms])
    in_rhythm = (known.days >= 4) & (known.lateness() <= _begins())
    within = {limit: in_rhythm & (spread <= limit) for limit in SPREADS}
    return {limit: (int(some.sum()), float(known.away[some].mean())) for limit, some in within.items()}


HEADS = {
    "away": "away",
    "rule": "rule",
    "precision": "prec.",
    "recall": "recall",
    "days": "days",
    "klaviyo_180": ">180",
    "klaviyo_365": ">365",
    "rule_auc": "AUC rule",
    "days_auc": "AUC days",
    "model_auc": "AUC model",
}


def report() -> str:
    """Return the tables as text."""
    shops = {name: known_of(name) for name in SHOPS}
    return "\n\n".join(
        [_lines_of_days(shops), _lines_of_stages(shops), _lines_of_spreads(shops), _lines_of_grid(shops)]
    )


def _lines_of_days(shops: dict[str, list[Known]]) -> str:
    lines = [
        f"No order in the {WINDOW_DAYS} days after t. rule: later than {_begins()} expected gaps; days: the best cut of"
        " days since the last order, with hindsight; balanced accuracy unless it says otherwise"
    ]
    for who, least in (("everybody", 1), ("came more than once", 2)):
        heads = "".join(f"{head:>11}" for head in HEADS.values())
        lines += ["", f"{who:<20}{'t':>9}{'people':>9}{heads}"]
        for name, known in shops.items():
            for one in known:
                found = compare(one, one.days >= least)
                cells = "".join(f"{found[key]:>11.3f}" for key in HEADS)
                lines.append(f"{name:<20}{one.t:%y-%m-%d}{(one.days >= least).sum():>9,} {cells}")
    return "\n".join(lines)


def _lines_of_stages(shops: dict[str, list[Known]]) -> str:
    lines = ["No order in the window, by the stage at t (mean over t)"]
    for name, known in shops.items():
        shares = [stage_shares(one) for one in known]
        means = {stage: [found[stage][1] for found in shares if stage in found] for stage in ORDER}
        lines.append(
            f"{name:<16}" + "   ".join(f"{stage} {np.mean(each):.0%}" for stage, each in means.items())
        )
    return "\n".join(lines)


def _lines_of_spreads(shops: dict[str, list[Known]]) -> str:
    lines = [
        "In rhythm, four order days or more: people, and no order in the window, by the most spread of gaps"
    ]
    for name, known in shops.items():
        one = steadiness(known[-1])
        lines.append(
            f"{name:<16}"
            + "   ".join(f"{limit:g}: {people:,} {share:.0%}" for limit, (people, share) in one.items())
        )
    return "\n".join(lines)


def _lines_of_grid(shops: dict[str, list[Known]]) -> str:
    columns = [(name, who) for name in shops for who in ("all", "repeat")]
    heads = "".join(f"{f'{name}, {who}':>24}" for name, who in columns)
    lines = [
        "The grid: balanced accuracy (AUC), mean over t",
        f"{'own gap':<9}{'weight':>7}{'cut':>6}{heads}",
    ]
    rows = grid(shops)
    present = present_of(rows)
    for row in rows:
        mark = (
            "  present" if row is present else "  clearly better" if is_clearly_better(row, present) else ""
        )
        cells = "".join(f"{row[key]:>16.3f} ({row[*key, 'auc']:.3f})" for key in columns)
        lines.append(f"{row['middle']:<9}{row['weight']:>7}{row['cut']:>6}{cells}{mark}")
    return "\n".join(lines)


def run() -> None:
    """Print the tables."""
    print(report())


if __name__ == "__main__":
    run()
