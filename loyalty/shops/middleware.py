"""Opens the visitor's shop around the whole request, and lets nobody through a door that is not theirs."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import Error, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.utils.translation.trans_real import parse_accept_lang_header
from django_htmx.http import HttpResponseClientRedirect

from loyalty.access import CLOSED, PUBLIC, REGISTRY, SIGNED_IN

from . import audit, replica
from .models import StaffMember
from .scope import scope, signed_in

SESSION_KEY = "shop_id"
# No visitor waits longer, and a statement nobody waits for must not go on for hours. Workers and commands have
# no such end.
MOST_SECONDS = 60


class SignInMiddleware(LoginRequiredMiddleware):
    """Sends the signed-out to the sign-in page; where htmx wanted a fragment, the whole page goes there."""

    def handle_no_permission(self, request: HttpRequest, view_func) -> HttpResponse:
        if not request.htmx:
            return super().handle_no_permission(request, view_func)
        back = request.htmx.current_url_abs_path or "/"
        return HttpResponseClientRedirect(redirect_to_login(back, self.get_login_url(view_func)).url)


class ShopMiddleware:
    """Sets `request.shop` and `request.staff` and runs the view inside that shop's scope.

    The scope is opened here and not by ATOMIC_REQUESTS, which starts after every middleware: a setting made
    before it would be forgotten. A request is one transaction; an error rolls all of it back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.shop = request.staff = None
        request.memberships = []
        request.has_failed = request.is_on_replica = False
        request.replica_error = None
        if not request.user.is_authenticated:
            return self.get_response(request)
        response = self.inside(request)
        replica.remember_writing(request)
        # Nothing of a shop stays in the browser of a shared till after its clerk has signed out.
        add_never_cache_headers(response)
        return response

    def inside(self, request: HttpRequest) -> HttpResponse:
        """Answer somebody who is signed in, in the scope of the shop they work in, if they work in any."""
        with signed_in(request.user.pk):
            request.memberships = list(
                StaffMember.objects.filter(user=request.user, is_active=True).select_related("shop")
            )
        request.staff = self.choose(request)
        if request.staff is None:
            return self.get_response(request)
        request.shop = request.staff.shop
        self.speak_the_shops_language(request)
        token = audit.actor.set(request.user)
        try:
            return (replica.may_serve(request) and self.from_replica(request)) or self.in_scope(request)
        finally:
            audit.actor.reset(token)

    def in_scope(self, request: HttpRequest) -> HttpResponse:
        with scope(request.shop):
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{MOST_SECONDS}s"])
            response = self.get_response(request)
            if request.has_failed or response.status_code >= 500:
                transaction.set_rollback(True)
            return response

    def from_replica(self, request: HttpRequest) -> HttpResponse | None:
        """Answer from the replica; None where it could not, so that the primary is asked instead."""
        request.is_on_replica = True
        try:
            with replica.reading():
                response = self.in_scope(request)
        except Error as error:
            # Nothing was written, so asking again does no harm.
            request.replica_error = error
        request.is_on_replica = request.has_failed = False
        if request.replica_error:
            replica.explain(request.replica_error, request.path)
            return None
        response["X-Data-From"] = "replica"
        return response

    def choose(self, request: HttpRequest) -> StaffMember | None:
        """Return the membership the visitor works in: the one they switched to, otherwise their first."""
        wanted = request.session.get(SESSION_KEY)
        chosen = [member for member in request.memberships if member.shop_id == wanted]
        return next(iter(chosen or request.memberships), None)

    def process_view(self, request: HttpRequest, view, args, kwargs) -> HttpResponse | None:
        """Refuse whatever the registry does not allow: 404 unlisted, 403 wrong role, 405 wrong method."""
        access = REGISTRY.get(request.resolver_match.view_name)
        if access is None or access.roles == CLOSED:
            raise Http404("This route is not in the registry.")
        if request.method not in {*access.methods, *(("HEAD", "OPTIONS") if "GET" in access.methods else ())}:
            return HttpResponseNotAllowed(sorted(access.methods))
        if access.roles == PUBLIC:
            return None
        # SignInMiddleware has been here before, but a view may be marked login_not_required by mistake.
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if access.roles == SIGNED_IN:
            return None
        if request.staff is None:
            return redirect("shops:no_shop")
        if request.staff.role not in access.roles:
            if access.elsewhere:
                return redirect(access.elsewhere)
            raise PermissionDenied
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Let nothing stay of a request that ended in an error, a refusal half-way included.

        The rollback waits for the response: the page that says so may still want to ask the database. Where
        the replica failed, nobody sees that response, because the primary is asked again.
        """
        request.has_failed = True
        if request.is_on_replica and isinstance(exception, Error):
            request.replica_error = exception
            return HttpResponse(status=503)
        return None

    @staticmethod
    def speak_the_shops_language(request: HttpRequest) -> None:
        """Fall back to the shop's own language where neither a cookie nor the browser names one of ours."""
        named = [request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")]
        named += [code for code, _ in parse_accept_lang_header(request.headers.get("Accept-Language", ""))]
        if not any(is_ours(code) for code in named if code):
            translation.activate(request.shop.language)
            request.LANGUAGE_CODE = request.shop.language


def is_ours(code: str) -> bool:
    try:
        translation.get_supported_language_variant(code)
    except LookupError:
        return False
    return True
