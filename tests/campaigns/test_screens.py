"""Every screen of the room, as its visitors find it. The shop speaks Persian; so does an unset browser."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import dispatch, results
from campaigns.models import AudienceMember, Campaign, Message, SandboxMessage
from loyalty.shops.models import AuditEntry, Shop
from loyalty.shops.scope import scope
from tests.campaigns.conftest import HTMX, get, make_campaign, people, post, running


def draft(**changes):
    return {
        "name": "بازگشت", "kind": "win_back", "text": "{نام} عزیز سلام", "audience": "",
        "key": "7b3c9a52-6d0b-4c2e-9a1c-111111111111", "holdout_percent": "10", "result_window_days": "30",
        "offer_cost_amount": "", "send_on": "", "send_at": "", "respects_quiet_hours": "on", **changes,
    }  # fmt: skip


# the list


def test_an_empty_list_offers_three_campaigns_to_begin_with(visitor, club):
    page = get(visitor, "campaign_list").content.decode()
    assert "ba-empty" in page
    assert "ba-play" not in page
    people(club)
    page = get(visitor, "campaign_list").content.decode()
    assert page.count('class="ba-card ba-play"') == 3
    assert "?play=win_back&amp;segment=at_risk" in page


def test_the_list_shows_how_far_each_is_and_what_came_of_it(visitor, club):
    people(club, 3)
    with scope(club):
        make_campaign(name="Draft one")
        done = make_campaign(
            name="Done one", state="done", launched_at=timezone.now(), verdict="earned", effect_amount=10**8
        )
        assert done
    page = get(visitor, "campaign_list").content.decode()
    assert "Draft one" in page
    assert "ba-pill-good" in page
    for sort in ("name", "-launched_at", "recipients", "effect_amount", "verdict"):
        assert get(visitor, "campaign_list", query=f"?sort={sort}", **HTMX).status_code == 200


# writing


def test_the_composer_begins_with_the_list_it_was_opened_from(visitor, club):
    people(club, 4, city="Tehran")
    people(club, 2, city="Shiraz")
    response = get(visitor, "campaign_create", query="?city=Tehran&page=3&sort=name")
    assert response.context["preview"].waterfall.total == 4
    assert 'name="audience" value="city=Tehran"' in response.content.decode()


@pytest.mark.parametrize("kind", ["win_back", "buy_more", "retention"])
def test_a_play_fills_in_a_text_that_can_be_sent(visitor, club, kind):
    people(club)
    response = get(visitor, "campaign_create", query=f"?play={kind}")
    assert response.context["form"].instance.text
    assert not response.context["preview"].bubble.problem


def test_another_like_it_takes_over_the_text(visitor, club):
    with scope(club):
        old = make_campaign(text="متن پیشین", holdout_share=Decimal("0.2"))
    response = get(visitor, "campaign_create", query=f"?like={old.pk}")
    assert response.context["form"].instance.text == "متن پیشین"
    assert response.context["percent"] == 20


def test_saving_twice_keeps_one_draft_and_its_text_as_typed(visitor, club):
    text = "{نام کوچک} عزیز، می‌خواهیم\r\nببینیمتان"
    for _press in range(2):
        response = post(visitor, "campaign_create", data=draft(text=text, audience="city=Tehran&page=3"))
        assert response.status_code == 302
    with scope(club):
        campaign = Campaign.objects.get()
        assert campaign.text == "{نام کوچک} عزیز، می‌خواهیم\nببینیمتان"
        assert campaign.audience == "city=Tehran"
        assert (campaign.version, campaign.holdout_share) == (2, Decimal("0.1"))


@pytest.mark.parametrize("asked", ["city=Tehran&staeg=lost", "city=Tehran&spent_min=abc"])
def test_a_list_that_cannot_be_read_begins_no_campaign(visitor, club, asked):
    answer = visitor.get(f"{reverse('campaigns:campaign_create')}?{asked}", follow=True)
    assert answer.redirect_chain == [(f"{reverse('customers:customer_list')}?city=Tehran", 302)]
    assert "ba-toast-warn" in answer.content.decode()
    for beside in ("sort=name&page=2", "play=winback", "like=7"):
        assert visitor.get(f"{reverse('campaigns:campaign_create')}?city=Tehran&{beside}").status_code == 200


@pytest.mark.parametrize(
    "slip",
    [
        {"text": "{نام‌خانوادگی} عزیز"},
        {"name": ""},
        {"text": ""},
        {"audience": "spent_min=abc"},
        {"send_at": "18:30"},
        {"send_on": "1390/01/01"},
        {"send_on": "1420/01/01", "send_at": "27:00"},
        {"result_window_days": "0"},
        {"key": "nonsense"},
        {"holdout_percent": "80"},
    ],
)
def test_a_slip_comes_back_beside_its_field(visitor, club, slip):
    people(club)
    response = post(visitor, "campaign_create", data=draft(**slip))
    assert response.status_code == 422
    assert response.context["form"].errors
    with scope(club):
        assert not Campaign.objects.exists()


def test_day_and_time_are_read_in_the_shops_calendar_and_zone(visitor, club):
    people(club)
    post(visitor, "campaign_create", data=draft(send_on="۱۴۲۰/۰۱/۰۲", send_at="۱۸:۳۰"))
    with scope(club):
        moment = Campaign.objects.get().scheduled_at.astimezone(club.zone)
    assert (moment.year, moment.hour, moment.minute) == (2041, 18, 30)


def test_the_preview_changes_nothing_and_shows_what_is_typed(visitor, club):
    (person, *_others) = people(club, 3)
    response = post(visitor, "campaign_preview", data=draft(text="{نام} سلام", holdout_percent="0"), **HTMX)
    page = response.content.decode()
    assert f"{person.name} سلام" in page
    assert "لغو۱۱" in page
    assert page.count("hx-swap-oob") >= 5
    with scope(club):
        assert not Campaign.objects.exists()


def test_leaving_quiet_hours_aside_is_warned_of(visitor, club):
    people(club, 2)
    with scope(club):
        Shop.objects.filter(pk=club.pk).update(quiet_from=datetime.time(22), quiet_until=datetime.time(7))
    warned = []
    for box in ({"respects_quiet_hours": "on"}, {"respects_quiet_hours": ""}):
        page = post(visitor, "campaign_preview", data=draft(**box), **HTMX).content.decode()
        warned.append("بیدار شود" in page)
    assert warned == [False, True]


@pytest.mark.parametrize(
    "text", ["{x}", "{", "{{7*7}}", "", "a" * 950, "<script>alert(1)</script>", "\u200b"]
)
def test_the_preview_survives_whatever_is_typed(visitor, club, text):
    people(club, 2)
    response = post(
        visitor,
        "campaign_preview",
        data=draft(text=text, key="x", holdout_percent="۱۰", audience="%%%"),
        **HTMX,
    )
    assert response.status_code == 200
    assert "<script>alert" not in response.content.decode()


def test_the_names_behind_each_step_are_listed(visitor, club):
    people(club, 3)
    people(club, 2, consent="out")
    for step, count in (("no_consent", 2), ("treatment", 3), ("", 5), ("nonsense", 5)):
        response = get(visitor, "campaign_people", query=f"?step={step}&key=abc&percent=0")
        assert len(response.context["table"].rows) == count


def test_a_test_arrives_on_the_sandbox_phone_and_nowhere_else(visitor, club):
    people(club, 2)
    response = post(visitor, "campaign_create", data=draft(then="test", phone="0912 345 6789"))
    assert response.status_code == 302
    with scope(club):
        assert SandboxMessage.objects.get().phone == "+989123456789"
        assert not Message.objects.exists()
    assert post(visitor, "campaign_create", data=draft(then="test", phone="12")).status_code == 422


def test_a_switched_off_line_lets_no_test_leave_either(visitor, club):
    people(club, 2)
    post(visitor, "sandbox_line", data={"open": "0"})
    data = draft(then="test", phone="0912 345 6789")
    page = visitor.post(reverse("campaigns:campaign_create"), data, follow=True).content.decode()
    assert "خط خاموش است" in page
    with scope(club):
        assert not SandboxMessage.objects.exists()
        assert Campaign.objects.get().text == data["text"]


def test_a_draft_can_be_deleted_and_a_sent_campaign_cannot(visitor, club):
    people(club)
    with scope(club):
        one = make_campaign()
        other = make_campaign()
        dispatch.launch(other, None, other.version)
    post(visitor, "campaign_delete", one.pk)
    post(visitor, "campaign_delete", other.pk)
    with scope(club):
        assert list(Campaign.objects.all()) == [other]


# sending


def ready(club, visitor, count=5, **changes):
    made = people(club, count)
    response = post(visitor, "campaign_create", data=draft(then="confirm", holdout_percent="0", **changes))
    return made, visitor.get(response.url)


def test_sending_is_confirmed_with_the_count_and_the_price(visitor, club):
    _people, response = ready(club, visitor)
    page = response.content.decode()
    assert "data-open-now" in page
    campaign = response.context["campaign"]
    assert f'name="token" value="{campaign.version}"' in page
    assert 'name="expected" value="5"' in page
    said = {"token": campaign.version, "expected": 5}
    response = post(visitor, "campaign_launch", campaign.pk, data=said)
    assert response.url == reverse("campaigns:campaign_detail", args=[campaign.pk])
    with scope(club):
        assert Message.objects.count() == 5
        assert AuditEntry.objects.filter(action="campaigns.launched").count() == 1


@pytest.mark.parametrize("token", ["0", "99", "", "x", "-1"])
def test_a_stale_confirmation_sends_nothing_and_says_so(visitor, club, token):
    _people, response = ready(club, visitor)
    campaign = response.context["campaign"]
    response = post(visitor, "campaign_launch", campaign.pk, data={"token": token, "expected": 5})
    assert response.url == reverse("campaigns:campaign_edit", args=[campaign.pk])
    with scope(club):
        assert not Message.objects.exists()
        assert not AudienceMember.objects.exists()


@pytest.mark.parametrize("expected", ["5", "", "x", "-1"])
def test_a_list_that_grew_since_it_was_confirmed_is_confirmed_again(visitor, club, expected):
    _people, response = ready(club, visitor)
    campaign = response.context["campaign"]
    people(club, 2)
    said = {"token": campaign.version, "expected": expected}
    page = visitor.post(reverse("campaigns:campaign_launch", args=[campaign.pk]), said, follow=True)
    assert "دریافت" in page.content.decode()
    with scope(club):
        assert Campaign.objects.get().state == "draft"
        assert not Message.objects.exists()


def test_progress_is_polled_until_nothing_moves_any_more(visitor, club):
    campaign = running(club)
    response = get(visitor, "campaign_detail", campaign.pk, **HTMX)
    assert response.status_code == 200
    assert 'hx-trigger="every 2s"' in response.content.decode()
    dispatch.drain(club)
    response = get(visitor, "campaign_detail", campaign.pk, **HTMX)
    assert response.status_code == 286
    assert response["HX-Refresh"] == "true"
    assert "every 2s" not in response.content.decode()
    assert get(visitor, "campaign_detail", campaign.pk).status_code == 200


def test_pause_resume_and_stop(visitor, club):
    campaign = running(club)
    for route, state in (
        ("campaign_pause", "paused"),
        ("campaign_resume", "sending"),
        ("campaign_cancel", "cancelled"),
    ):
        post(visitor, route, campaign.pk)
        with scope(club):
            assert Campaign.objects.get().state == state
    with scope(club):
        assert AuditEntry.objects.filter(action__startswith="campaigns.").count() == 4


def test_what_is_uncertain_is_shown_and_decided_by_a_person(visitor, club):
    campaign = running(club)
    with scope(club):
        Message.objects.update(state="unknown", due_at=None)
        Campaign.objects.update(state="done")
    page = get(visitor, "campaign_detail", campaign.pk).content.decode()
    assert 'value="resend"' in page
    post(visitor, "campaign_uncertain", campaign.pk, data={"decision": "nonsense"})
    with scope(club):
        assert Message.objects.filter(state="unknown").count() == 5
    post(visitor, "campaign_uncertain", campaign.pk, data={"decision": "close"})
    with scope(club):
        assert Message.objects.filter(state="failed").count() == 5


def test_what_the_gateway_never_took_is_tried_again_by_a_button(visitor, club):
    campaign = running(club)
    with scope(club):
        Message.objects.update(state="rejected", state_reason="gave_up", due_at=None)
        Campaign.objects.update(state="failed")
    page = get(visitor, "campaign_detail", campaign.pk).content.decode()
    assert 'value="retry"' in page
    assert 'value="resend"' not in page
    post(visitor, "campaign_uncertain", campaign.pk, data={"decision": "retry"})
    with scope(club):
        assert Message.objects.filter(state="queued").count() == 5
        assert Campaign.objects.get().state == "sending"


def test_a_stopped_campaign_offers_to_send_nothing_again(visitor, club):
    campaign = running(club)
    with scope(club):
        first, *_others = Message.objects.all()
        Message.objects.update(state="unknown", due_at=None)
        Message.objects.filter(pk=first.pk).update(state="rejected", state_reason="gave_up")
        Campaign.objects.update(state="cancelled")
    page = get(visitor, "campaign_detail", campaign.pk).content.decode()
    assert 'value="close"' in page
    assert 'value="resend"' not in page
    assert 'value="retry"' not in page


def test_a_scheduled_campaign_says_when_it_begins(visitor, club):
    campaign = running(club, scheduled_at=timezone.now() + datetime.timedelta(days=2))
    response = get(visitor, "campaign_detail", campaign.pk)
    assert response.status_code == 200
    page = response.content.decode()
    assert "ba-verdict" not in page
    assert "ba-fall" in page
    assert "<progress" not in page
    # Nobody is chosen yet: the names are those of the list as it stands.
    response = get(visitor, "campaign_audience", campaign.pk)
    assert response.url.startswith(reverse("campaigns:campaign_people"))
    assert visitor.get(response.url + "&step=treatment").context["waterfall"].receiving == 5
    assert "۵" in get(visitor, "campaign_list").content.decode()


def test_a_moment_beyond_all_plans_in_an_address_breaks_nothing(visitor, club):
    people(club)
    for begins in ("9" * 18, "-5", "x", ""):
        assert get(visitor, "campaign_people", query=f"?begins={begins}").status_code == 200


@pytest.mark.parametrize("reason", ["nobody", "unreadable"])
def test_a_campaign_that_could_not_begin_says_why(visitor, club, reason):
    campaign = running(club, scheduled_at=timezone.now() + datetime.timedelta(days=2))
    with scope(club):
        Campaign.objects.update(state="failed", state_reason=reason)
    assert 'role="alert"' in get(visitor, "campaign_detail", campaign.pk).content.decode()


@pytest.mark.parametrize("days_ago", [0, 10, 40])
def test_the_result_page_tells_the_same_as_the_reckoning(visitor, club, days_ago):
    campaign = running(club, count=80, holdout_share=Decimal("0.3"))
    dispatch.drain(club)
    with scope(club):
        Campaign.objects.update(launched_at=timezone.now() - datetime.timedelta(days=days_ago))
        campaign = Campaign.objects.get()
        result = results.result_of(campaign, club.today())
    response = get(visitor, "campaign_detail", campaign.pk)
    assert response.status_code == 200
    assert response.context["story"].result == result


def test_a_stopped_campaign_says_how_many_of_its_messages_left(visitor, club):
    campaign = running(club, count=120)
    dispatch.dispatch_batch(club)
    with scope(club):
        dispatch.cancel(campaign, None)
    assert "۵۰ از ۱۲۰" in get(visitor, "campaign_list").content.decode()
    page = get(visitor, "campaign_detail", campaign.pk).content.decode()
    assert "۵۰ از ۱۲۰ پیامک فرستاده شد" in page


def test_a_campaign_of_which_nothing_left_shows_no_verdict(visitor, club):
    campaign = running(club)
    with scope(club):
        dispatch.cancel(campaign, None)
    assert "هنوز معلوم نیست" not in get(visitor, "campaign_list").content.decode()
    page = get(visitor, "campaign_detail", campaign.pk).content.decode()
    assert "هیچ پیامکی فرستاده نشده است" in page


def test_everybody_is_listed_with_what_happened_to_them(visitor, club):
    gone = people(club, 1, consent="out")
    campaign = running(club)
    dispatch.drain(club)
    english = {"Accept-Language": "en"}
    response = get(visitor, "campaign_audience", campaign.pk, query=f"?q={gone[0].name}", **english)
    assert "Has not agreed" in response.content.decode()
    response = get(visitor, "campaign_audience", campaign.pk, query="?step=treatment&sort=-last", **english)
    assert len(response.context["table"].rows) == 5
    assert "Delivered" in response.content.decode()


@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_screen_is_drawn_in_both_languages(visitor, club, language):
    campaign = running(club, count=30, holdout_share=Decimal("0.3"))
    dispatch.drain(club)
    with scope(club):
        saved = make_campaign(text="{نام} سلام")
        message = SandboxMessage.objects.first()
        shop = Shop.objects.get(pk=club.pk)
    assert shop.language == "fa"
    for route, args in (
        ("campaign_list", ()), ("campaign_create", ()), ("campaign_edit", (saved.pk,)), ("campaign_people", ()),
        ("campaign_detail", (campaign.pk,)), ("campaign_audience", (campaign.pk,)), ("sandbox", ()),
        ("sandbox_conversation", (message.pk,)),
    ):  # fmt: skip
        response = get(visitor, route, *args, **{"Accept-Language": language})
        assert response.status_code == 200
        assert f'lang="{language}"' in response.content.decode()
