"""BG/NBD and Gamma-Gamma: the published parameters of CDNOW, every customer's prediction, and the edges."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from segmentation import churn
from tests.shared_data import shared

MODEL = churn.BuyTillYouDie(0.243, 4.414, 0.793, 2.426)


@pytest.fixture(scope="module")
def cdnow() -> dict[str, np.ndarray]:
    """The 2,357 customers of the published sample by their reference predictions; time in weeks."""
    with shared("cdnow/cdnow_customers_ref.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name != "cust"}


@pytest.fixture(scope="module")
def reference() -> dict:
    return json.loads(shared("cdnow/reference_answers.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def answers(reference) -> dict:
    return reference["lifetimes"]["cdnow_sample_39_39_weeks"]


@pytest.fixture(scope="module")
def published() -> dict:
    return json.loads(shared("published/fader_hardie_cdnow.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def fitted(cdnow) -> churn.BuyTillYouDie:
    return churn.fit_buy_till_you_die(churn.histories(cdnow["x"], cdnow["t_x"], cdnow["T"]))


def test_cdnow_gives_the_published_parameters(fitted, reference, answers):
    assert np.allclose((fitted.r, fitted.alpha, fitted.a, fitted.b), (0.243, 4.414, 0.793, 2.426), atol=5e-4)
    assert fitted.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert fitted.log_likelihood == pytest.approx(answers["bg"]["log_likelihood"], abs=1e-4)
    assert fitted.log_likelihood == pytest.approx(reference["independent_scipy"]["bgnbd_LL"], abs=1e-4)
    for name, value in answers["bg"]["params"].items():
        assert getattr(fitted, name) == pytest.approx(value, rel=1e-5)


def test_the_parameters_are_as_uncertain_as_published(fitted, answers):
    values = np.array([fitted.r, fitted.alpha, fitted.a, fitted.b])
    errors = np.sqrt(np.diag(fitted.covariance)) * values
    assert np.allclose(errors, list(answers["bg"]["se"].values()), rtol=1e-3)


def test_every_customer_is_predicted_as_in_the_reference(fitted, cdnow):
    history = cdnow["x"], cdnow["t_x"], cdnow["T"]
    assert np.allclose(fitted.p_alive(*history), cdnow["palive_bg"], atol=2e-6)
    assert np.allclose(fitted.expected_orders(39, *history), cdnow["pred_bg"], atol=5e-6)


def test_the_hold_out_is_foretold_as_in_the_reference(fitted, cdnow, answers):
    """39 weeks of 2,357 customers: the total, each frequency, and how far single people are off."""
    expected, came = fitted.expected_orders(39, cdnow["x"], cdnow["t_x"], cdnow["T"]), cdnow["x_star"]
    assert expected.sum() == pytest.approx(answers["bg"]["holdout_predicted_total"], abs=0.01)
    assert expected.sum() == pytest.approx(1653.4, abs=0.05)
    assert came.sum() == answers["bg"]["holdout_actual_total"] == 1882
    for times, said in answers["bg"]["by_frequency"].items():
        some = cdnow["x"] >= 7 if times == "7+" else cdnow["x"] == int(times)
        assert some.sum() == said["n"]
        assert expected[some].mean() == pytest.approx(said["expected"], abs=1e-5)
        assert came[some].mean() == pytest.approx(said["actual"])
    assert np.abs(expected - came).mean() == pytest.approx(answers["bg"]["MAE"], abs=1e-5)
    assert np.sqrt(((expected - came) ** 2).mean()) == pytest.approx(answers["bg"]["RMSE"], abs=1e-5)
    assert np.corrcoef(expected, came)[0, 1] == pytest.approx(answers["bg"]["corr"], abs=1e-5)
    p_alive = fitted.p_alive(cdnow["x"], cdnow["t_x"], cdnow["T"])
    assert p_alive.mean() == pytest.approx(answers["bg"]["mean_p_alive"], abs=1e-5)


def test_the_sheet_of_the_authors_gives_the_same(fitted, published):
    """Fader and Hardie's Excel sheet: one customer, and what is expected of a new one from a day to 78 weeks."""
    single, new = published["bgnbd_excel_individual"], published["bgnbd_excel_expectation_new_customer"]
    who = single["customer"]
    found = fitted.expected_orders(single["horizon_weeks"], [who["x"]], [who["t_x"]], [who["T"]])[0]
    assert found == pytest.approx(single["expected_purchases"], abs=single["tolerance"])
    assert np.allclose(fitted.expected_orders_of_new(new["weeks"]), new["expected"], rtol=3e-4, atol=5e-5)


def test_the_walkthrough_of_btyd_gives_the_same(fitted, published):
    said = published["bgnbd_btyd_walkthrough"]
    who = said["customer_1516"]
    history = [who["x"]], [who["t_x"]], [who["T"]]
    assert fitted.expected_orders(52, *history)[0] == pytest.approx(who["expected_52w"], rel=1e-4)
    assert fitted.p_alive(*history)[0] == pytest.approx(who["p_alive"], rel=1e-4)
    assert fitted.expected_orders_of_new(52) == pytest.approx(said["expectation_52w_new"], rel=1e-4)
    # The more somebody bought by the twentieth week, the surer a silence since says that they have left.
    for times, expected in said["increasing_frequency_paradox(t_x=20,T=39,52w)"].items():
        assert fitted.expected_orders(52, [float(times)], [20], [39])[0] == pytest.approx(expected, rel=2e-3)


def test_the_named_customers_of_the_reference(fitted, answers):
    for customer in answers["bg"]["reference_customers"]:
        history = [customer["x"]], [customer["t_x"]], [customer["T"]]
        assert fitted.p_alive(*history)[0] == pytest.approx(customer["p_alive"], rel=1e-4)
        assert fitted.expected_orders(52, *history)[0] == pytest.approx(customer["expected_52w"], rel=1e-4)


def test_a_new_customer_is_expected_as_in_the_reference(fitted, answers):
    expected = answers["bg"]["expected_repeat_transactions_new_customer"]
    found = fitted.expected_orders_of_new([float(weeks) for weeks in expected])
    assert np.allclose(found, list(expected.values()), rtol=1e-5)


def test_gamma_gamma_gives_the_published_parameters(cdnow, reference, answers, published):
    spend = churn.fit_spend_per_order(cdnow["x"], cdnow["m"])
    assert np.allclose((spend.p, spend.q, spend.v), (6.25, 3.74, 15.44), atol=0.005)
    assert spend.log_likelihood == pytest.approx(reference["independent_scipy"]["gamma_gamma_LL"], abs=1e-3)
    assert spend.log_likelihood == pytest.approx(-4055.918, abs=1e-3)
    assert spend.expected_mean(cdnow["x"], cdnow["m"]).mean() == pytest.approx(
        answers["gamma_gamma"]["mean_expected_average"], rel=1e-4
    )
    first = spend.expected_mean(cdnow["x"][:10], cdnow["m"][:10])
    assert np.allclose(first, published["gamma_gamma_excel_first10_expected_average_value"], atol=0.02)
    assert spend.population_mean == pytest.approx(answers["gamma_gamma"]["population_mean"], rel=1e-5)
    repeat = cdnow["x"] > 0
    found = spend.expected_mean(cdnow["x"], cdnow["m"])
    assert np.allclose(found[repeat], cdnow["exp_avg"][repeat], atol=1e-5)


def test_money_in_rials_fits_as_well_as_in_dollars(cdnow):
    dollars = churn.fit_spend_per_order(cdnow["x"], cdnow["m"])
    rials = churn.fit_spend_per_order(cdnow["x"], cdnow["m"] * 1e7)
    assert rials.p == pytest.approx(dollars.p, rel=1e-5)
    assert rials.v == pytest.approx(dollars.v * 1e7, rel=1e-5)


def test_grouping_finds_the_same_model_from_fewer_rows(fitted, cdnow):
    daily = churn.group(cdnow["x"], cdnow["t_x"], cdnow["T"], 1 / 7)
    weekly = churn.group(cdnow["x"], cdnow["t_x"], cdnow["T"], 1)
    assert daily.count.sum() == weekly.count.sum() == 2357
    assert len(weekly.x) < len(daily.x) < 2357
    assert churn.fit_buy_till_you_die(daily).alpha == pytest.approx(fitted.alpha, rel=1e-4)
    assert churn.fit_buy_till_you_die(weekly).alpha == pytest.approx(fitted.alpha, rel=0.02)


def test_grouping_counts_equal_histories_once():
    found = churn.group([0, 2, 0, 2], [0, 10, 0, 11], [20, 30, 20, 30], 7)
    assert list(zip(found.x, found.t_x, found.T, found.count, strict=True)) == [
        (0, 0, 21, 2),
        (2, 7, 28, 1),
        (2, 14, 28, 1),
    ]


@pytest.mark.parametrize("logs", [(-1.4, 1.5, -0.2, 0.9), (0.5, 3.0, 1.0, -0.5), (-3.0, 0.1, 0.3, 2.0)])
def test_the_gradient_is_that_of_the_likelihood(logs):
    chance = np.random.default_rng(7)
    x = chance.poisson(1.5, 200)
    age = chance.uniform(5, 100, 200)
    h = churn.histories(x, np.where(x > 0, age * chance.random(200), 0), age)
    logs = np.array(logs)
    _value, gradient = churn.negative_log_likelihood(logs, h)
    for index, one in enumerate(1e-6 * np.eye(4)):
        above = churn.negative_log_likelihood(logs + one, h)[0]
        below = churn.negative_log_likelihood(logs - one, h)[0]
        assert gradient[index] == pytest.approx((above - below) / 2e-6, rel=1e-5, abs=1e-8)


def test_a_single_visit_is_never_taken_for_having_left_but_may_not_come_back():
    p_alive = MODEL.p_alive([0, 0], [0, 0], [4, 400])
    p_back = MODEL.p_back(52, [0, 0], [0, 0], [4, 400])
    assert list(p_alive) == [1, 1]
    assert p_back[1] < 0.05 < p_back[0] < 1


def test_the_longer_the_silence_the_smaller_the_chance():
    chances = MODEL.p_back(52, [5] * 4, [20] * 4, [20, 30, 40, 80])
    assert all(np.diff(chances) < 0)
    assert np.all(chances <= MODEL.p_alive([5] * 4, [20] * 4, [20, 30, 40, 80]))


def test_hundreds_of_purchases_do_not_overflow():
    with np.errstate(all="raise", under="ignore"):
        found = MODEL.expected_orders(52, [300, 1000], [38.9, 38.9], [39, 39])
    assert np.all(np.isfinite(found))
    assert np.all(found > [200, 500])


def test_the_formula_has_no_hole_where_a_is_one():
    near = [
        churn.BuyTillYouDie(0.3, 4, a, 2.4).expected_orders(52, [5], [30], [39])[0] for a in (0.999, 1, 1.001)
    ]
    assert near[0] > near[1] > near[2]
    assert near[1] == pytest.approx((near[0] + near[2]) / 2, rel=1e-4)


def test_simulated_futures_have_the_expected_mean(cdnow, fitted):
    chance = np.random.default_rng(11)
    history = cdnow["x"], cdnow["t_x"], cdnow["T"]
    runs = [fitted.simulate((13, 39), *history, chance) for _ in range(60)]
    for index, weeks in enumerate((13, 39)):
        mean = np.mean([run[index].sum() for run in runs])
        assert mean == pytest.approx(fitted.expected_orders(weeks, *history).sum(), rel=0.015)
    seen = np.mean([run[1] > 0 for run in runs])
    assert seen == pytest.approx(fitted.p_back(39, *history).mean(), rel=0.015)


def test_simulated_spend_has_the_expected_mean(cdnow):
    spend, chance = churn.fit_spend_per_order(cdnow["x"], cdnow["m"]), np.random.default_rng(5)
    orders = np.full(len(cdnow["x"]), 3.0)
    found = np.mean([spend.simulate(orders, cdnow["x"], cdnow["m"], chance).sum() for _ in range(30)])
    assert found == pytest.approx((3 * spend.expected_mean(cdnow["x"], cdnow["m"])).sum(), rel=0.01)


def test_too_few_repeat_buyers_are_said_and_not_fitted():
    x = np.array([1] * 49 + [0] * 500)
    with pytest.raises(churn.NotEnoughHistory, match="49"):
        churn.fit_buy_till_you_die(churn.histories(x, x * 10, np.full(549, 50)))
    with pytest.raises(churn.NotEnoughHistory):
        churn.fit_spend_per_order(x, x * 12)


def test_where_nobody_differs_there_is_no_maximum():
    # Everybody came back every week and nobody ever left: the rates do not vary, and neither does leaving.
    with pytest.raises(churn.DidNotConverge):
        churn.fit_buy_till_you_die(churn.histories([50] * 100, [50] * 100, [50] * 100))


def test_equal_spend_everywhere_has_no_maximum():
    with pytest.raises(churn.DidNotConverge):
        churn.fit_spend_per_order([3] * 100, [500] * 100)
