"""Where the scores are cut, and how long cuts hold."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation import cutting, presets, rfm, value_volume
from segmentation.rules import RFM_WEIGHTS, Rules, rfm_score

DAY = datetime.date(2026, 11, 23)  # 2 Azar 1405
LARGE = cutting.Base(buyers=1_000, repeaters=400, gap_days=30.0, basket_amount=None)
SMALL = cutting.Base(buyers=120, repeaters=40, gap_days=30.0, basket_amount=200.0)


def test_a_large_shop_is_cut_by_fifths_and_a_small_one_by_fixed_numbers():
    assert set(cutting.ways({}, LARGE).values()) == {cutting.FIFTHS}
    assert set(cutting.ways({}, SMALL).values()) == {cutting.FALLBACK}


def test_what_the_owner_chose_comes_first():
    chosen = {"recency_days": [10, 20, 30, 40], "frequency": cutting.FIFTHS}
    assert cutting.ways(chosen, SMALL) == {
        "recency_days": cutting.FIXED,
        "frequency": cutting.FIFTHS,
        "monetary_amount": cutting.FALLBACK,
    }


def test_where_nobody_came_twice_orders_are_cut_by_fixed_numbers():
    once = cutting.Base(buyers=1_000, repeaters=0, gap_days=None, basket_amount=200.0)
    assert cutting.ways({}, once)["frequency"] == cutting.FALLBACK
    assert cutting.ways({}, once)["recency_days"] == cutting.FIFTHS


def test_the_fallbacks_go_by_the_gap_and_the_basket_of_the_shop():
    found = cutting.cuts({}, {}, SMALL)
    assert found["recency_days"] == [30, 45, 75, 120]
    assert found["frequency"] == [1, 2, 3, 5]
    assert found["monetary_amount"] == [100, 200, 400, 1000]
    assert cutting.fallback("recency_days", cutting.Base(5, 0, None, 1.0)) == [30, 90, 180, 365]


def test_a_shop_without_buyers_has_no_cuts():
    nobody = cutting.Base(0, 0, None, None)
    found = cutting.cuts(dict.fromkeys(cutting.MEASURES), {}, nobody)
    assert [found[measure] for measure in cutting.MEASURES] == [None] * 3


@pytest.mark.parametrize(
    ("refresh", "day", "is_due"),
    [
        ("nightly", DAY, False),
        ("nightly", DAY + datetime.timedelta(1), True),
        ("weekly", DAY + datetime.timedelta(6), False),
        ("weekly", DAY + datetime.timedelta(7), True),
        # 1 December is another month in London, and 10 Azar the same in Tehran.
        ("monthly", datetime.date(2026, 12, 1), False),
        ("monthly", datetime.date(2026, 12, 22), True),
        ("quarterly", datetime.date(2026, 12, 22), True),
        ("by_hand", datetime.date(2036, 1, 1), False),
    ],
)
def test_cuts_are_due_by_the_calendar_of_the_shop(refresh, day, is_due):
    assert cutting.is_due(refresh, DAY, day, "jalali") is is_due


def test_the_months_of_a_shop_elsewhere_are_gregorian():
    assert cutting.is_due("monthly", DAY, datetime.date(2026, 12, 1), "gregorian")
    assert not cutting.is_due("quarterly", DAY, datetime.date(2026, 12, 1), "gregorian")
    assert cutting.is_due("quarterly", DAY, datetime.date(2027, 1, 1), "gregorian")


def base(buyers: int, repeaters: int = 50, repeat_gaps: int = 100) -> dict[str, int]:
    return {"buyers": buyers, "repeaters": repeaters, "repeat_gaps": repeat_gaps}


@pytest.mark.parametrize(
    ("then", "now", "is_other"),
    [
        (base(400), base(499), False),
        (base(400), base(500), True),
        (base(400), base(300), True),
        (base(190), base(201), True),
        (base(0), base(1), True),
        (base(0), base(0), False),
        (base(400, repeaters=0), base(400, repeaters=1), True),
        (base(400, repeaters=1), base(400, repeaters=90), False),
        (base(400, repeat_gaps=29), base(400, repeat_gaps=30), True),
        (base(400, repeat_gaps=30), base(400, repeat_gaps=29), False),
    ],
)
def test_a_quarter_more_or_fewer_buyers_or_the_first_to_come_again_are_another_base(then, now, is_other):
    assert cutting.is_other_base(then, now) is is_other


def test_drift_is_measured_against_the_day_of_the_cuts():
    then, now = {"r": [20, 20, 20, 20, 20]}, {"r": [26, 20, 20, 20, 14]}
    far = [(step.score, step.now) for step in cutting.drift(then, now) if step.is_far]
    assert far == [(1, 0.26), (5, 0.14)]
    # Where most bought once a score of few is no drift.
    assert not any(
        step.is_far for step in cutting.drift({"f": [60, 0, 0, 20, 20]}, {"f": [62, 0, 0, 20, 18]})
    )


def test_the_rfm_score_goes_from_0_to_100_by_the_weights():
    assert (rfm_score(1, 1, 1), rfm_score(5, 5, 5), rfm_score(3, 3, 3)) == (0, 100, 50)
    assert rfm_score(5, 1, 1, {"r": 60, "f": 20, "m": 20}) == 60
    assert sum(RFM_WEIGHTS.values()) == 100


@given(st.sampled_from(rfm.SEGMENTS), st.text("12345*", min_size=3, max_size=3))
def test_however_a_map_is_painted_every_cell_has_one_segment(segment, cells):
    painted = rfm.painted(rfm.CELL_MAP, cells, segment)
    assert Rules(cell_map=painted).cell_map == painted
    for r in rfm.SCORES:
        for f in rfm.SCORES:
            for m in rfm.SCORES:
                is_asked = all(a in ("*", str(b)) for a, b in zip(cells, (r, f, m), strict=True))
                expected = segment if is_asked else rfm.segment(r, f, m)
                assert rfm.segment(r, f, m, painted) == expected


def test_a_map_with_a_hole_is_no_map():
    with pytest.raises(ValueError, match="125"):
        Rules(cell_map=rfm.CELL_MAP[:-1])
    with pytest.raises(ValueError, match="125"):
        Rules(cell_map="'" + rfm.CELL_MAP[1:])


def test_rules_survive_being_kept():
    rules = Rules(90, {"frequency": [1.0, 2.0, 3.0, 9.0]}, "weekly", names={"lost": "Resting"})
    assert Rules.from_json(rules.to_json()) == rules
    assert Rules.from_json({}) == Rules()


@pytest.mark.parametrize("preset", presets.PRESETS)
def test_a_preset_weighs_every_part_and_is_suggested_by_answers_for_it(preset):
    weights = presets.WEIGHTS[preset]
    assert (sum(weights.values()), list(weights)) == (100, list(value_volume.PARTS))
    answers = {
        question: next(answer for answer, voted in answers.items() if voted == preset)
        for question, answers in presets.QUESTIONS.items()
    }
    found = presets.suggest(answers)
    assert (found.preset, set(found.because)) == (preset, set(presets.QUESTIONS))


def test_without_an_answer_nothing_is_suggested_and_a_draw_is_a_balance():
    assert presets.suggest({"choose": "nonsense"}) is None
    assert presets.suggest({"choose": "quality", "margin": "thin"}).preset == presets.BALANCED


@pytest.mark.parametrize(
    ("found", "least", "offered"),
    [
        ([1, 1, 2, 3], 1, [1, 2, 3, 4]),
        ([1, 1, 1, 1], 1, [1, 2, 3, 4]),
        ([0.2, 4.5, 4.6, 30], 1, [0, 4, 5, 30]),
        ([500.0, 500.0, 505.0, 900.4], 10, [500, 510, 520, 900]),
        ([-3.0, -3.0, 0.0, 2.0], 1, [-3, -2, 0, 2]),
        ([], 1, []),
    ],
)
def test_numbers_that_a_person_may_choose_lie_apart(found, least, offered):
    assert cutting.apart(found, least) == offered
