"""Groups of customers who are alike: k-means on standardised facts, and what sets each group apart in words.

Lloyd's algorithm from k-means++ seeds (Arthur and Vassilvitskii, SODA 2007); how well k groups are kept apart
is the mean silhouette (Rousseeuw, J. Comp. Appl. Math. 20, 1987), how well they hold is the adjusted Rand
index (Hubert and Arabie, J. Classification 2, 1985) of two fits, each on one half of the people. Nothing here
draws by chance from call to call: the same customers in any order give the same groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

FEWEST_GROUPS, MOST_GROUPS = 2, 8
# Below this many people a group of a few would be an accident and not a kind.
FEWEST_PEOPLE = 20
SEED, STARTS, STEPS = 1405, 6, 60
# So many people decide where the groups lie, and so many how well they are kept apart; all are then assigned.
FITTED, COMPARED = 50_000, 1_200
# Silhouettes that differ by less are taken for equal.
ALIKE = 0.02
# Beyond so many standard deviations a value says nothing more but how odd one person is.
FURTHEST = 4.0
# The mean of a group that lies so far from everybody's (in standard deviations) sets it apart.
NOTABLE, MOST_NAMED = 0.4, 3


@dataclass(frozen=True)
class Fact:
    """One thing the groups are made of; amounts and counts are skewed, so their logarithm is compared.

    What only describes (`counts` False) takes no part in the distances.
    """

    name: str
    is_skewed: bool
    counts: bool = True


FACTS = (
    Fact("recency_days", True),
    Fact("order_days", True),
    Fact("monetary_amount", True),
    Fact("margin_share", False),
    Fact("gap_days", True),
    Fact("discount_share", False),
    # Money and days already say it; counted again, money would weigh double.
    Fact("basket_amount", True, counts=False),
)


@dataclass(frozen=True)
class Group:
    """One group: the rows in it, the median of each fact (None where unknown), and what sets it apart.

    `traits` are pairs of a fact's name and "high" or "low", the strongest first.
    """

    number: int
    rows: int
    medians: dict[str, float | None]
    traits: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Grouping:
    """`labels` gives the number of the group of each row, from 1, those who spend most first."""

    labels: Sequence[int]
    groups: tuple[Group, ...]
    silhouette: float
    stability: float
    silhouettes: dict[int, float]
    suggested: int
    used: tuple[str, ...]


class TooFew(ValueError):
    """Raised where there are too few people, or too little to tell them apart by."""


def group(rows, k: int | None = None) -> Grouping:
    """Return the customers of `rows` in `k` groups, or in as many as are kept apart and hold best.

    `rows` is a table of floats, a column for each of FACTS, NaN where unknown. Raises TooFew.
    """
    import numpy as np

    table = np.asarray(rows, dtype=float).reshape(-1, len(FACTS))
    if len(table) < FEWEST_PEOPLE:
        raise TooFew("people")
    scaled = _standardised(table)
    used = [at for at, fact in enumerate(FACTS) if fact.counts and scaled[:, at].std() > 0]
    space = scaled[:, used]
    # Whoever comes first must not decide: the seeds are drawn from the rows in the order of their values.
    order = np.lexsort(space.T[::-1]) if used else np.arange(len(space))
    ordered = space[order]
    distinct = len(np.unique(ordered, axis=0)) if used else 1
    if distinct < max(FEWEST_GROUPS, k or 0):
        raise TooFew("kinds")
    sample = ordered[:: -(-len(ordered) // FITTED)]
    few = ordered[:: -(-len(ordered) // COMPARED)]
    most = min(MOST_GROUPS, distinct)
    centres = {n: fit(sample, n) for n in range(FEWEST_GROUPS, most + 1)}
    silhouettes = {n: silhouette(few, nearest(few, found)) for n, found in centres.items()}
    # Halves drawn by lot, but always by the same one: every second in order would be too much alike.
    lot = np.random.default_rng(SEED).permutation(len(sample))

    @cache
    def stability(n: int) -> float:
        return adjusted_rand(*(nearest(few, fit(sample[lot[start::2]], n)) for start in (0, 1)))

    # Of those kept apart about equally well, the one that holds best; the fewest of equals.
    best = max(silhouettes.values())
    rivals = [n for n, value in silhouettes.items() if value >= best - ALIKE]
    suggested = max(rivals, key=lambda n: (round(stability(n), 3), -n)) if len(rivals) > 1 else rivals[0]
    k = k or suggested
    labels = nearest(space, centres[k])
    numbers, groups = _described(table, scaled, labels, k)
    return Grouping(
        labels=numbers,
        groups=groups,
        silhouette=silhouettes[k],
        stability=stability(k),
        silhouettes=silhouettes,
        suggested=suggested,
        used=tuple(FACTS[at].name for at in used),
    )


def _standardised(table):
    """Return the table with each column at mean 0 and deviation 1; unknown and constant ones are at 0."""
    import numpy as np

    scaled = np.zeros_like(table)
    for at, fact in enumerate(FACTS):
        column = table[:, at]
        if fact.is_skewed:
            column = np.log1p(np.maximum(column, 0))
        known = ~np.isnan(column)
        spread = column[known].std() if known.any() else 0
        if spread > 1e-9:
            scaled[known, at] = (column[known] - column[known].mean()) / spread
    return np.clip(scaled, -FURTHEST, FURTHEST)


def fit(points, k: int):
    """Return the k centres that fit best of several starts; `points` are standardised rows in a fixed order."""
    import numpy as np
    from scipy.cluster.vq import kmeans2

    best, least = None, np.inf
    for start in range(STARTS):
        seeds = _seeds(points, k, np.random.default_rng([SEED, k, start]))
        centres, labels = kmeans2(points, seeds, iter=STEPS, minit="matrix", missing="warn")
        cost = ((points - centres[labels]) ** 2).sum()
        if cost < least:
            best, least = centres, cost
    return best


def _seeds(points, k: int, chance):
    """Return k-means++ seeds: each next one drawn by its squared distance to those there are."""
    import numpy as np

    seeds = [points[chance.integers(len(points))]]
    far = ((points - seeds[0]) ** 2).sum(axis=1)
    while len(seeds) < k and far.sum() > 0:
        seeds.append(points[chance.choice(len(points), p=far / far.sum())])
        far = np.minimum(far, ((points - seeds[-1]) ** 2).sum(axis=1))
    # Fewer kinds in this half than groups asked for: the same seed again makes an empty group.
    return np.array(seeds + [seeds[-1]] * (k - len(seeds)))


def nearest(points, centres):
    """Return the index of the nearest centre of each point."""
    from scipy.cluster.vq import vq

    return vq(points, centres)[0]


def silhouette(points, labels) -> float:
    """Return the mean silhouette, -1 to 1; 0 where all are in one group."""
    import numpy as np
    from scipy.spatial.distance import cdist

    kinds = np.unique(labels)
    if len(kinds) < 2:
        return 0.0
    apart = cdist(points, points)
    sums = np.stack([apart[:, labels == kind].sum(axis=1) for kind in kinds], axis=1)
    sizes = np.array([(labels == kind).sum() for kind in kinds])
    own = np.searchsorted(kinds, labels)
    rows = np.arange(len(points))
    inside = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
    others = sums / sizes
    others[rows, own] = np.inf
    outside = others.min(axis=1)
    widest = np.maximum(inside, outside)
    # Somebody alone in a group is neither well nor badly placed.
    value = np.where((sizes[own] > 1) & (widest > 0), (outside - inside) / np.where(widest > 0, widest, 1), 0)
    return float(value.mean())


def adjusted_rand(one, other) -> float:
    """Return how far two groupings of the same rows agree beyond chance: 1 wholly, about 0 not at all."""
    import numpy as np

    table = np.zeros((max(one) + 1, max(other) + 1))
    np.add.at(table, (np.asarray(one), np.asarray(other)), 1)

    def pairs(counts) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    total = len(one) * (len(one) - 1) / 2
    expected = rows * columns / total if total else 0
    most = (rows + columns) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def _described(table, scaled, labels, k: int):
    """Return the rows' numbers and the groups, those with the largest mean spend first; empty ones are none."""
    import numpy as np

    money = [fact.name for fact in FACTS].index("monetary_amount")
    present = [label for label in range(k) if (labels == label).any()]
    present.sort(key=lambda label: (-scaled[labels == label, money].mean(), label))
    numbers = np.zeros(len(labels), dtype=int)
    groups = []
    for number, label in enumerate(present, 1):
        inside = labels == label
        numbers[inside] = number
        medians = {fact.name: _median(table[inside, at]) for at, fact in enumerate(FACTS)}
        groups.append(Group(number, int(inside.sum()), medians, traits(scaled[inside].mean(axis=0))))
    return numbers, tuple(groups)


def _median(column) -> float | None:
    import numpy as np

    known = column[~np.isnan(column)]
    return float(np.median(known)) if len(known) else None


def traits(means: Sequence[float]) -> tuple[tuple[str, str], ...]:
    """Return what sets a group apart whose standardised facts have these means, the strongest first."""
    found = sorted(
        ((abs(mean), at) for at, mean in enumerate(means) if abs(mean) >= NOTABLE),
        key=lambda pair: (-round(pair[0], 6), pair[1]),
    )
    return tuple((FACTS[at].name, "high" if means[at] > 0 else "low") for _size, at in found[:MOST_NAMED])
