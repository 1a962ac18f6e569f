"""People added and edited by hand, and what they agree to."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from loyalty.customers import services
from loyalty.customers.models import ConsentEvent, Customer, Interaction
from loyalty.shops.models import AuditEntry
from tests.factories import CustomerFactory


def test_a_person_needs_something_to_be_found_by(shop):
    with pytest.raises(ValidationError, match="name or a mobile"):
        services.save_customer(Customer(city="تهران"))


def test_adding_and_editing_are_in_the_audit_list_without_what_was_written(shop):
    customer = services.save_customer(Customer(name="سارا نمونه", phone="+989990000001"))
    customer.note = "secret"
    services.save_customer(customer, changed=["note"])
    added, changed = AuditEntry.objects.order_by("pk")
    assert (added.action, changed.action) == ("customers.added", "customers.changed")
    assert changed.details == {"customer": customer.pk, "fields": ["note"]}


def test_a_phone_belongs_to_one_customer_of_a_shop(shop):
    CustomerFactory(phone="+989990000001")
    with pytest.raises(ValidationError, match="already has this mobile"):
        services.save_customer(Customer(name="x", phone="+989990000001"))


def test_a_phone_taken_between_check_and_save_is_a_sentence_and_not_an_error(shop, monkeypatch):
    CustomerFactory(phone="+989990000001")
    monkeypatch.setattr(Customer, "full_clean", lambda self: None)
    with pytest.raises(ValidationError, match="just recorded"):
        services.save_customer(Customer(name="x", phone="+989990000001"))
    assert Customer.objects.count() == 1


def test_empty_identities_are_unknown_and_not_equal(shop):
    for name in ("a", "b"):
        services.save_customer(Customer(name=name, phone="", card_number="", external_id=""))
    assert Customer.objects.filter(phone=None, card_number=None, external_id=None).count() == 2


def test_words_are_kept_in_one_spelling_and_without_marks_that_turn_the_line(shop):
    customer = services.save_customer(Customer(name="\u202eعلي", city="كرج\u202e  ", job=" باريستا"))
    customer.refresh_from_db()
    assert (customer.name, customer.city, customer.job) == ("علی", "کرج", "باریستا")


def test_the_last_word_on_consent_counts_and_the_log_keeps_them_all(shop):
    customer = CustomerFactory()
    assert services.consent_state(customer) is None
    services.give_consent(customer, evidence="on paper")
    assert services.consent_state(customer).action == "in"
    services.withdraw_consent(customer)
    assert services.consent_state(customer).action == "out"
    assert ConsentEvent.objects.count() == 2


def test_agreement_written_down_by_staff_needs_its_evidence_and_declining_does_not(shop):
    customer = CustomerFactory()
    with pytest.raises(ValidationError, match="how the person agreed"):
        services.give_consent(customer, evidence="  ")
    services.withdraw_consent(customer)


def test_a_double_click_on_consent_leaves_one_row(shop):
    customer = CustomerFactory()
    first = services.give_consent(customer, evidence="on paper")
    assert services.give_consent(customer, evidence="on paper") == first
    assert ConsentEvent.objects.count() == 1


def test_of_two_words_at_the_same_moment_the_no_counts(shop):
    customer = CustomerFactory()
    said = services.withdraw_consent(customer)
    services.give_consent(customer, evidence="on paper", occurred_at=said.occurred_at)
    assert services.consent_state(customer).action == "out"


def test_an_interaction_has_a_known_kind(shop):
    customer = CustomerFactory()
    services.record_interaction(customer, kind="complaint", text="late")
    assert Interaction.objects.get().details == {"text": "late"}
    with pytest.raises(ValidationError):
        services.record_interaction(customer, kind="gossip")


def test_a_tag_is_put_on_those_who_lack_it(shop):
    CustomerFactory(tags=["a"])
    CustomerFactory(tags=["regular"])
    CustomerFactory(tags=[str(n) for n in range(20)])
    assert services.tag_customers(Customer.objects.all(), "  regular ") == 1
    assert Customer.objects.filter(tags__contains=["a", "regular"]).count() == 1


@pytest.mark.parametrize("tag", ["", "x" * 41, "a,b", "a،b"])
def test_a_tag_that_could_not_be_written_again_is_refused(shop, tag):
    with pytest.raises(ValidationError, match="without a comma"):
        services.tag_customers(Customer.objects.all(), tag)
