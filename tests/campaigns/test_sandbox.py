"""The sandbox phone: what arrives there, what is answered from it, and how it is made to fail."""

import pytest

from campaigns import dispatch
from campaigns.models import Campaign, GatewayLine, Message, SandboxMessage, SandboxSettings
from loyalty.customers.models import ConsentEvent, Interaction
from loyalty.shops.scope import scope
from tests.campaigns.conftest import HTMX, get, post, running


def opened(club):
    running(club)
    dispatch.drain(club)
    with scope(club):
        return SandboxMessage.objects.first()


def test_the_phone_shows_what_arrived(visitor, club):
    assert get(visitor, "sandbox").status_code == 200
    message = opened(club)
    page = get(visitor, "sandbox_conversation", message.pk).content.decode()
    assert "سلام" in page
    assert get(visitor, "sandbox", query="?q=نمونه").status_code == 200


def test_the_open_conversation_is_only_drawn_again_when_there_is_something_new(visitor, club):
    message = opened(club)
    assert (
        get(visitor, "sandbox_conversation", message.pk, query=f"?last={message.pk}", **HTMX).status_code
        == 204
    )
    post(visitor, "sandbox_reply", message.pk, data={"text": "سلام"})
    response = get(visitor, "sandbox_conversation", message.pk, query=f"?last={message.pk}", **HTMX)
    assert response.status_code == 200


@pytest.mark.parametrize("text", ["لغو۱۱", "لغو 11", "11", "۱۱", "STOP", "stop.", "لغو"])
def test_answering_with_a_stop_word_opts_out(visitor, club, text):
    message = opened(club)
    post(visitor, "sandbox_reply", message.pk, data={"text": text})
    with scope(club):
        event = ConsentEvent.objects.filter(source="keyword").get()
        assert (event.action, event.customer.phone, event.evidence) == ("out", message.phone, text)
        assert not Interaction.objects.exists()


@pytest.mark.parametrize("text", ["12", "۱۲", "START", "start"])
def test_answering_with_a_start_word_opts_in_again(visitor, club, text):
    message = opened(club)
    post(visitor, "sandbox_reply", message.pk, data={"text": "11"})
    post(visitor, "sandbox_reply", message.pk, data={"text": text})
    with scope(club):
        assert ConsentEvent.objects.order_by(*ConsentEvent.LATEST_FIRST).first().action == "in"


def test_any_other_answer_is_written_down_with_its_campaign(visitor, club):
    message = opened(club)
    post(visitor, "sandbox_reply", message.pk, data={"text": "کی باز هستید؟ ساعت 11؟"})
    with scope(club):
        reply = Interaction.objects.get()
        assert reply.details == {"text": "کی باز هستید؟ ساعت 11؟", "campaign": Campaign.objects.get().pk}
        assert ConsentEvent.objects.filter(source="keyword").count() == 0
    response = get(visitor, "campaign_detail", reply.details["campaign"])
    assert response.context["story"].funnel.answered == 1


def test_an_answer_from_a_strangers_number_is_only_kept_on_the_phone(visitor, club):
    with scope(club):
        message = SandboxMessage.objects.create(phone="+989990000001", text="test")
    response = post(visitor, "sandbox_reply", message.pk, data={"text": "11"})
    assert response.status_code == 302
    with scope(club):
        assert not ConsentEvent.objects.exists()
    assert post(visitor, "sandbox_reply", message.pk, data={"text": ""}).status_code == 422


def test_faults_are_switched_on_and_off(visitor, club):
    post(visitor, "sandbox_faults", data={"fails_deliveries": "on"})
    with scope(club):
        assert SandboxSettings.objects.get().fails_deliveries
    opened(club)
    with scope(club):
        assert Message.objects.filter(state="failed").count() == 5
    post(visitor, "sandbox_faults", data={})
    with scope(club):
        assert not SandboxSettings.objects.get().fails_deliveries


def test_the_line_can_be_switched_off_and_on(visitor, club):
    post(visitor, "sandbox_line", data={"open": "0"})
    with scope(club):
        assert not GatewayLine.objects.get().is_open
    post(visitor, "sandbox_line", data={"open": "1"})
    with scope(club):
        assert GatewayLine.objects.get().is_open


def test_the_phone_is_cleared_but_not_while_it_is_still_asked(visitor, club):
    opened(club)
    with scope(club):
        Message.objects.update(state="unknown")
    post(visitor, "sandbox_clear")
    with scope(club):
        assert SandboxMessage.objects.exists()
        Message.objects.update(state="delivered")
    post(visitor, "sandbox_clear")
    with scope(club):
        assert not SandboxMessage.objects.exists()


def test_no_phone_number_stands_in_an_address(visitor, club):
    message = opened(club)
    page = get(visitor, "sandbox").content.decode()
    national = message.phone.removeprefix("+98")
    for attribute in ("href", "action", "hx-get", "hx-post"):
        for part in page.split(f'{attribute}="')[1:]:
            assert national not in part.split('"', 1)[0]
