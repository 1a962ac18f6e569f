"""The screens of the shop itself: its settings, its staff, what they did, and the way in for the invited."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.messages import ERROR
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from loyalty.customers.models import Order
from loyalty.ui.pages import UNPROCESSABLE, notice, page_or_fragment

from . import audit, letters, staff
from .forms import InvitationForm, JoinForm, ProfileForm, RoleForm, SettingsForm
from .middleware import SESSION_KEY
from .models import AuditEntry, Shop, StaffInvitation, StaffMember, User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
ENTRIES_PER_PAGE = 50


def _typed(request: HttpRequest) -> QueryDict | None:
    """Return what was typed. A form sent empty is still to be looked at, and an empty QueryDict is falsy."""
    return request.POST if request.method == "POST" else None


def settings(request: HttpRequest) -> HttpResponse:
    # Not request.shop itself: a form writes into its instance, and the page around it shows the shop.
    shop = Shop.objects.get(pk=request.shop.pk)
    form = SettingsForm(_typed(request), instance=shop, is_currency_fixed=Order.objects.exists())
    if request.method == "POST" and form.is_valid():
        form.save()
        audit.record("shops.settings_changed", shop.name, fields=form.changed_fields())
        notice(request, _("The settings are saved."))
        return redirect("shops:settings")
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "shops/settings.html", {"form": form}, status=status)


def staff_list(request: HttpRequest) -> HttpResponse:
    form = InvitationForm(_typed(request))
    if request.method == "POST" and form.is_valid():
        try:
            return _show_link(request, *staff.invite(**form.cleaned_data, by=request.user))
        except ValidationError as error:
            form.add_error(None, error)
    return _staff_page(request, status=UNPROCESSABLE if form.errors else 200, form=form)


def invitation_renew(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(staff.invitations(), pk=pk)
    if request.method != "POST":
        # Its answer is a page, and whoever changes the language there comes back by GET.
        return redirect("shops:staff_list")
    return _show_link(request, invitation, staff.renew(invitation))


def invitation_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(staff.invitations(), pk=pk)
    staff.withdraw(invitation)
    notice(request, _("The link for %(name)s no longer works.") % {"name": invitation.name})
    return redirect("shops:staff_list")


def _show_link(request: HttpRequest, invitation: StaffInvitation, token: str) -> HttpResponse:
    """Answer with the link at once instead of a redirect: so it is kept in no session and shown just once."""
    path = reverse("shops:invitation_accept", args=[request.shop.slug, token])
    link = request.build_absolute_uri(path)
    is_mailed = letters.send_invitation(request.shop, invitation, link)
    return _staff_page(request, invitation=invitation, link=link, is_mailed=is_mailed)


def _staff_page(request: HttpRequest, status: int = 200, **context) -> HttpResponse:
    members = StaffMember.objects.select_related("user")
    context.setdefault("form", InvitationForm())
    context |= {
        "members": members.filter(is_active=True),
        "removed": members.filter(is_active=False),
        "invitations": staff.invitations(),
        "roles": RoleForm().fields["role"].choices,
    }
    return render(request, "shops/staff_list.html", context, status=status)


def staff_role(request: HttpRequest, pk: int) -> HttpResponse:
    member = get_object_or_404(StaffMember, pk=pk, is_active=True)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _staff_page(request, status=UNPROCESSABLE)
    return _change(request, staff.change_role, member, form.cleaned_data["role"])


def staff_remove(request: HttpRequest, pk: int) -> HttpResponse:
    member = get_object_or_404(StaffMember, pk=pk, is_active=True)
    return _change(request, staff.remove, member)


def staff_restore(request: HttpRequest, pk: int) -> HttpResponse:
    member = get_object_or_404(StaffMember, pk=pk, is_active=False)
    return _change(request, staff.restore, member)


def _change(request: HttpRequest, change, member: StaffMember, *values) -> HttpResponse:
    """Change a member, or say on the list why that cannot be; a removal can be taken back at once."""
    try:
        change(member, *values)
    except ValidationError as error:
        notice(request, " ".join(error.messages), level=ERROR)
        return redirect("shops:staff_list")
    words = {"name": member.user, "role": member.get_role_display()}
    if member.is_active:
        notice(request, _("%(name)s works here as: %(role)s.") % words)
    else:
        back = reverse("shops:staff_restore", args=[member.pk])
        notice(request, _("%(name)s can no longer come in.") % words, undo=back)
    # Whoever takes away their own ownership may not see this list any more.
    return redirect("shops:staff_list" if member.user != request.user else "overview")


def audit_list(request: HttpRequest) -> HttpResponse:
    entries = AuditEntry.objects.select_related("actor")
    people = StaffMember.objects.select_related("user").order_by("user__name", "pk")
    person = next((member for member in people if str(member.pk) == request.GET.get("person")), None)
    if person:
        entries = entries.filter(actor=person.user)
    page = Paginator(entries, ENTRIES_PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "people": people, "person": person}
    return page_or_fragment(request, "shops/audit_list.html", "shops/_audit_list.html", context)


def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(_typed(request), instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        form.save()
        notice(request, _("Your name is saved."))
        return redirect("shops:profile")
    return render(request, "shops/profile.html", {"form": form}, status=UNPROCESSABLE if form.errors else 200)


def shop_switch(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("shop", "")
    member = next((member for member in request.memberships if str(member.shop_id) == wanted), None)
    if member is None:
        raise Http404
    request.session[SESSION_KEY] = member.shop_id
    return redirect("overview")


def no_shop(request: HttpRequest) -> HttpResponse:
    return redirect("overview") if request.staff else render(request, "shops/no_shop.html")


@login_not_required
@never_cache
def invitation_accept(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    try:
        with staff.opened_by(slug, token) as (shop, invitation):
            return _welcome(request, shop, invitation)
    except staff.LinkGone:
        return render(request, "shops/invitation_gone.html", status=404)


def _welcome(request: HttpRequest, shop: Shop, invitation: StaffInvitation) -> HttpResponse:
    """Let the invited in: with a new account, or after they have signed in to the one they have."""
    account = User.objects.filter(email=invitation.email).first()
    form = JoinForm(_typed(request), initial={"name": invitation.name}, email=invitation.email)
    is_somebody_else = request.user.is_authenticated and request.user != account
    must_sign_in = account is not None and not request.user.is_authenticated
    if request.method == "POST" and not is_somebody_else and not must_sign_in:
        if account is not None:
            return _enter(request, invitation, account)
        if form.is_valid():
            account = form.save()
            login(request, account, backend=BACKEND)
            return _enter(request, invitation, account)
    context = {"shop": shop, "invitation": invitation, "account": account, "form": form}
    context |= {"is_somebody_else": is_somebody_else, "must_sign_in": must_sign_in}
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "shops/invitation_accept.html", context, status=status)


def _enter(request: HttpRequest, invitation: StaffInvitation, account: User) -> HttpResponse:
    member = staff.accept(invitation, account)
    request.session[SESSION_KEY] = member.shop_id
    notice(request, _("Welcome. This is what you can do here."))
    return redirect("overview")
