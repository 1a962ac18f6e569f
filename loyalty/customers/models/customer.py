"""A person, as the shop knows them; their consent as a log, and their dealings outside of orders."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loyalty.shops.fields import ShopForeignKey, ShopModel
from loyalty.ui.text import clean_name, search_key, sort_key


class CustomerQuerySet(models.QuerySet):
    def in_sql(self, *columns: str) -> tuple[str, tuple]:
        """Return the SELECT of the keys (or of `columns`) of these people, in no order, with its parameters.

        For a statement of ours to hold. `sql_with_params` will not do: where Django can tell that a list means
        nobody it raises EmptyResultSet, and a list of a deleted segment is such a list.
        """
        query = self.order_by().values_list(*(columns or ("pk",))).query
        return query.get_compiler(self.db, elide_empty=False).as_sql()

    def with_consent(self) -> CustomerQuerySet:
        """Annotate `consent` with the last word on marketing SMS: "in", "out" or None where none was said."""
        last = ConsentEvent.objects.filter(customer=OuterRef("pk"), channel="sms", purpose="marketing")
        return self.annotate(consent=Subquery(last.order_by(*ConsentEvent.LATEST_FIRST).values("action")[:1]))

    def reachable_by_sms(self) -> CustomerQuerySet:
        """Those with a phone whose last word on marketing SMS is yes."""
        return self.with_consent().filter(phone__isnull=False, consent=ConsentEvent.Action.IN)

    def phone_ends_with(self, digits: str) -> CustomerQuerySet:
        """Those whose phone ends with the ASCII `digits`, by index.

        A range on the reversed phone and not LIKE: LIKE is not leakproof, so under row-level security the planner
        would first read every row of the shop.
        """
        start = digits[::-1]
        return self.filter(phone_reversed__gte=start, phone_reversed__lt=start[:-1] + chr(ord(start[-1]) + 1))


class Customer(ShopModel):
    """One person is one customer; whatever is not known is empty, never guessed."""

    class Gender(models.TextChoices):
        FEMALE = "female", _("Woman")
        MALE = "male", _("Man")
        OTHER = "other", _("Other")

    class MaritalStatus(models.TextChoices):
        SINGLE = "single", _("Single")
        MARRIED = "married", _("Married")
        OTHER = "other", _("Other")

    # An identity nobody gave is NULL, because two empty strings would not be unique.
    external_id = models.CharField(_("customer number"), max_length=100, null=True, blank=True)  # noqa: DJ001
    phone = models.CharField(_("mobile"), max_length=16, null=True, blank=True)  # noqa: DJ001
    phone_reversed = models.GeneratedField(
        expression=Reverse("phone"), output_field=models.CharField(max_length=16, null=True), db_persist=True
    )
    card_number = models.CharField(_("card number"), max_length=40, null=True, blank=True)  # noqa: DJ001
    name = models.CharField(_("name"), max_length=200, blank=True)
    # The embedded PostgreSQL has no ICU: its order puts پ چ ژ ک گ ی last, so the keys are made in Python.
    name_search = models.CharField(max_length=200, blank=True, editable=False)
    name_sort = models.CharField(max_length=400, blank=True, editable=False)
    email = models.EmailField(_("e-mail"), blank=True)
    birth_on = models.DateField(_("birth date"), null=True, blank=True)
    gender = models.CharField(_("gender"), max_length=10, choices=Gender, blank=True)
    province = models.CharField(_("province"), max_length=80, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    neighbourhood = models.CharField(_("neighbourhood"), max_length=80, blank=True)
    job = models.CharField(_("job"), max_length=80, blank=True)
    marital_status = models.CharField(_("marital status"), max_length=10, choices=MaritalStatus, blank=True)
    wedding_on = models.DateField(_("wedding date"), null=True, blank=True)
    education = models.CharField(_("education"), max_length=80, blank=True)
    income_band = models.CharField(_("income band"), max_length=80, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("tags"))
    attributes = models.JSONField(_("custom attributes"), default=dict, blank=True)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    joined_on = models.DateField(_("joined on"), null=True, blank=True)
    acquired_by = models.CharField(_("how they found us"), max_length=80, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        ordering = ["name_sort", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "phone"],
                name="one_customer_per_phone",
                violation_error_message=_("Another customer already has this mobile number."),
            ),
            models.UniqueConstraint(
                fields=["shop", "external_id"],
                name="one_customer_per_external_id",
                violation_error_message=_("Another customer already has this customer number."),
            ),
            models.UniqueConstraint(
                fields=["shop", "card_number"],
                name="one_customer_per_card",
                violation_error_message=_("Another customer already has this card number."),
            ),
            models.CheckConstraint(
                condition=Q(phone__isnull=True) | Q(phone__regex=r"^\+[1-9][0-9]{6,14}$"),
                name="a_phone_is_e164",
            ),
        ]
        indexes = [
            models.Index(F("shop"), F("phone_reversed"), name="customer_last_digits"),
            models.Index(fields=["shop", "name_sort", "id"], name="customer_by_name"),
            models.Index(fields=["shop", "name_search"], name="customer_name_prefix"),
            models.Index(fields=["shop", "city"], name="customer_by_city"),
            models.Index(
                fields=["shop", "birth_on"], condition=Q(birth_on__isnull=False), name="customer_by_birth"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id or str(self.pk)

    def save(self, **kwargs) -> None:
        """Save with the name cleaned and its search and sort keys made; empty identities become NULL."""
        self.name = clean_name(self.name)
        self.name_search, self.name_sort = search_key(self.name)[:200], sort_key(self.name)[:400]
        for field in ("external_id", "phone", "card_number"):
            setattr(self, field, getattr(self, field) or None)
        super().save(**kwargs)


class ConsentEvent(ShopModel):
    """One word said about being written to. The current state is the last word; of two at once, "out" counts."""

    append_only = True
    # "out" sorts after "in", so descending it comes first among equals.
    LATEST_FIRST = ("-occurred_at", "-action", "-pk")

    class Action(models.TextChoices):
        IN = "in", _("Agreed")
        OUT = "out", _("Declined")

    class Source(models.TextChoices):
        IMPORT = "import", _("Imported file")
        COUNTER = "counter", _("At the counter")
        STAFF = "staff", _("Entered by staff")
        KEYWORD = "keyword", _("Reply by SMS")
        WEB = "web", _("Web shop")

    customer = ShopForeignKey(Customer, on_delete=models.CASCADE, related_name="consent_events")
    channel = models.CharField(max_length=10, default="sms")
    purpose = models.CharField(max_length=10, default="marketing")
    action = models.CharField(max_length=3, choices=Action)
    source = models.CharField(max_length=10, choices=Source)
    evidence = models.CharField(max_length=200, blank=True)
    actor = models.ForeignKey("shops.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    occurred_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-occurred_at", "-action", "-pk"]
        indexes = [
            models.Index(
                fields=["shop", "customer", "-occurred_at", "-action", "-id"], name="consent_latest_first"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.action}"


class Interaction(ShopModel):
    """A dealing that is no order: a visit, a reply, an answer, a redeemed benefit, a complaint."""

    class Kind(models.TextChoices):
        VISIT = "visit", _("Visit")
        REPLY = "reply", _("Reply to a message")
        REDEMPTION = "redemption", _("Benefit used")
        SURVEY = "survey", _("Survey answer")
        REVIEW = "review", _("Review")
        REFERRAL = "referral", _("Brought a friend")
        COMPLAINT = "complaint", _("Complaint")
        NOTE = "note", _("Note")

    customer = ShopForeignKey(Customer, on_delete=models.CASCADE, related_name="interactions")
    kind = models.CharField(max_length=12, choices=Kind)
    occurred_at = models.DateTimeField(default=timezone.now)
    source = models.CharField(max_length=40, blank=True)
    # What there is to say: `text`, and of a review `rating`, one to five stars.
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-occurred_at", "-pk"]
        indexes = [
            models.Index(fields=["shop", "customer", "-occurred_at"], name="interaction_latest_first"),
            models.Index(fields=["shop", "occurred_at"], name="interaction_by_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.occurred_at:%Y-%m-%d}"
