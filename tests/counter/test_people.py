import datetime

import pytest
from django.core import signing
from django.http import Http404
from django.utils import timezone

from loyalty.counter import people
from loyalty.counter.models import LookUpCount
from loyalty.shops.scope import scope
from tests.factories import CustomerFactory, make_staff

NOW = datetime.datetime(2026, 11, 23, 12, 30, 20, tzinfo=datetime.UTC)


def found(text: str) -> list[str]:
    return [customer.name for customer in people.find(text)]


@pytest.fixture
def kaveh(shop):
    return CustomerFactory(name="کاوه نمونه", phone="+989990005678", card_number="17")


@pytest.mark.parametrize("text", ["5678", "۵۶۷۸", "٥٦٧٨", "09990005678", "+98 999 000 5678", "9990005678"])
def test_the_last_four_digits_or_the_whole_number_find_a_person(kaveh, text):
    CustomerFactory(phone="+989990005679")
    assert found(text) == ["کاوه نمونه"]


@pytest.mark.parametrize("text", ["05678", "005678", "0005678", "۹۰۰۰۵۶۷۸", "990005678", "989990005678678"])
def test_a_phone_cannot_be_read_out_digit_by_digit(kaveh, text):
    with pytest.raises(people.TooVague):
        people.find(text)


def test_a_card_as_long_as_half_a_phone_is_still_a_card(kaveh):
    CustomerFactory(name="مریم", card_number="0005678")
    assert found("0005678") == ["مریم"]


@pytest.mark.parametrize("text", ["کاوه", "نمونه", "كاوه نمونه", "نمونه کاوه"])
def test_words_of_a_name_find_a_person_in_any_spelling(kaveh, text):
    assert found(text) == ["کاوه نمونه"]


@pytest.mark.parametrize("kept", ["محمد رضا آزمون", "محمدرضا آزمون", "محمد\u200cرضا آزمون"])
@pytest.mark.parametrize("text", ["محمد رضا", "محمدرضا", "محمد\u200cرضا ازمون", "محمدرضا آزمون", "رضا"])
def test_words_may_be_joined_or_parted_otherwise_than_in_the_name(shop, kept, text):
    CustomerFactory(name=kept)
    CustomerFactory(name="محمد آزمون")
    assert found(text) == [kept]


def test_a_card_is_found_by_its_whole_number_however_short(kaveh):
    assert found("17") == ["کاوه نمونه"]
    assert found("۱۷") == ["کاوه نمونه"]


@pytest.mark.parametrize(
    ("text", "digits"), [("5", True), ("567", True), ("کا", False), ("a b", False), ("", False)]
)
def test_too_little_finds_nobody(kaveh, text, digits):
    with pytest.raises(people.TooVague) as refused:
        people.find(text)
    assert refused.value.digits is digits


def test_the_first_digits_of_a_phone_are_no_way_in(kaveh):
    assert found("0999") == []


def test_another_shops_people_are_not_found(kaveh, other_shop):
    with scope(other_shop):
        CustomerFactory(name="Stranger", phone="+989990015678")
    assert found("5678") == ["کاوه نمونه"]


def test_a_hundred_and_twenty_look_ups_in_ten_minutes_are_enough(shop, clerk):
    assert all(people.count_look_up(clerk, NOW + datetime.timedelta(seconds=4 * turn)) for turn in range(120))
    assert not people.count_look_up(clerk, NOW + datetime.timedelta(seconds=481))
    assert people.count_look_up(clerk, NOW + datetime.timedelta(minutes=19))
    # One small row a minute, not one a look-up.
    assert LookUpCount.objects.count() <= 12


def test_counts_are_forgotten_after_a_month(shop, clerk):
    people.count_look_up(clerk, NOW)
    people.count_look_up(clerk, NOW + datetime.timedelta(days=31))
    assert LookUpCount.objects.count() == 1


def test_everybody_has_their_own_count(shop, clerk, owner):
    for _ in range(121):
        people.count_look_up(clerk, NOW)
    assert people.count_look_up(owner, NOW)


def test_a_token_opens_only_for_whom_it_was_made(shop, clerk, kaveh):
    token = people.seal(clerk, kaveh)
    assert people.unseal(clerk, token) == kaveh
    other = make_staff(shop, "counter")
    for staff, bad in ((other, token), (clerk, token[:-1] + "x"), (clerk, ""), (clerk, str(kaveh.pk))):
        with pytest.raises(Http404):
            people.unseal(staff, bad)


def test_a_token_is_for_one_working_day(shop, clerk, kaveh, monkeypatch):
    token = people.seal(clerk, kaveh)
    monkeypatch.setattr(signing.time, "time", lambda: timezone.now().timestamp() + people.TOKEN_SECONDS + 5)
    with pytest.raises(Http404):
        people.unseal(clerk, token)


def test_a_token_for_another_shops_customer_opens_nothing(shop, clerk, other_shop):
    with scope(other_shop):
        stranger = CustomerFactory()
        token = people.seal(clerk, stranger)
    with pytest.raises(Http404):
        people.unseal(clerk, token)
