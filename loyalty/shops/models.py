"""Whose data it is: shops, the people who sign in, their roles, and what they did."""

from __future__ import annotations

import datetime
import hashlib
import secrets
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from phonenumbers import SUPPORTED_REGIONS

from loyalty.ui.money import CURRENCIES
from loyalty.ui.presentation import Presentation

from .fields import ShopModel

__all__ = [
    "AuditEntry",
    "NightRun",
    "Role",
    "Shop",
    "ShopModel",
    "StaffInvitation",
    "StaffMember",
    "User",
    "WeekRun",
]


class UserManager(BaseUserManager):
    def create_user(self, email: str, password: str | None = None, **fields) -> User:
        """Create a person who signs in with `email` (made lower case); no password means none works."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, email: str) -> User:
        return self.get(email=email.lower())


class User(AbstractBaseUser):
    """A person who signs in. What they may do is said by their membership in a shop, never here."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    # allauth asks these of any user; no one here has powers beyond their shops.
    is_staff = is_superuser = False

    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name


def known_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone; write one such as Asia/Tehran."), params={"name": name}
        )


class Shop(models.Model):
    """One business: its language, calendar, money and clock, and the numbers its owner may change."""

    class Language(models.TextChoices):
        PERSIAN = "fa", _("Persian")
        ENGLISH = "en", _("English")

    class Calendar(models.TextChoices):
        JALALI = "jalali", _("Jalali")
        GREGORIAN = "gregorian", _("Gregorian")

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(_("language"), max_length=2, choices=Language, default=Language.PERSIAN)
    time_zone = models.CharField(
        _("time zone"), max_length=60, default="Asia/Tehran", validators=[known_time_zone]
    )
    calendar = models.CharField(_("calendar"), max_length=10, choices=Calendar, default=Calendar.JALALI)
    currency = models.CharField(_("currency"), max_length=3, default="IRR")
    display_unit = models.CharField(_("shown in"), max_length=10, default="toman")
    phone_region = models.CharField(_("phone region"), max_length=2, default="IR")
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    # Sending: money in minor units; the clock is the shop's own.
    sms_page_price_amount = models.BigIntegerField(_("price of one SMS page"), default=2_400)
    quiet_from = models.TimeField(_("quiet from"), default=datetime.time(21, 0))
    quiet_until = models.TimeField(_("quiet until"), default=datetime.time(8, 0))
    max_messages_per_30_days = models.PositiveSmallIntegerField(
        _("messages per person in 30 days"), default=4
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(sms_page_price_amount__gte=0), name="sms_price_is_not_negative"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a currency, unit or region that the house does not know; raise ValidationError."""
        said = {"currency": self.currency, "unit": self.display_unit, "region": self.phone_region}
        if self.currency not in CURRENCIES:
            text = _("“%(currency)s” is not a currency we know; write one of %(choices)s.")
            raise ValidationError(
                {"currency": ValidationError(text, params=said | {"choices": ", ".join(CURRENCIES)})}
            )
        units = ", ".join(unit.name for unit in CURRENCIES[self.currency].units)
        if self.display_unit not in units.split(", "):
            text = _("“%(unit)s” is not a unit of %(currency)s; write %(choices)s.")
            raise ValidationError({"display_unit": ValidationError(text, params=said | {"choices": units})})
        if self.phone_region not in SUPPORTED_REGIONS:
            text = _("“%(region)s” is not a phone region; write one such as IR or GB.")
            raise ValidationError({"phone_region": ValidationError(text, params=said)})

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def today(self) -> datetime.date:
        """Return the shop's day right now. Only doors ask; everything below takes the day as an argument."""
        return timezone.now().astimezone(self.zone).date()

    def day_of(self, moment: datetime.datetime) -> datetime.date:
        """Return the shop's day of an aware `moment`."""
        return moment.astimezone(self.zone).date()

    def presentation(self, language: str | None = None) -> Presentation:
        """Return how this shop shows numbers, money and days in `language` (its own where None)."""
        language = (language or self.language).split("-")[0]
        return Presentation(
            language=language,
            calendar=self.calendar if language == "fa" else "gregorian",
            currency=self.currency,
            display_unit=self.display_unit,
            time_zone=self.time_zone,
        )


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    MARKETER = "marketer", _("Marketer")
    COUNTER = "counter", _("Counter clerk")


class StaffMember(ShopModel):
    """A person's place in a shop; nobody is deleted, so that what they did keeps its name."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["joined_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "user"], name="one_membership_per_person_and_shop")
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class StaffInvitation(ShopModel):
    """A link that works once; only its hash is kept."""

    VALID_FOR = datetime.timedelta(days=7)

    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"))
    role = models.CharField(_("role"), max_length=10, choices=Role)
    token_hash = models.CharField(max_length=64, editable=False)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "token_hash"], name="an_invitation_token_is_unique")
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"

    def renew_token(self) -> str:
        """Give the invitation a fresh secret and term, and return the secret; it is not kept anywhere."""
        token = secrets.token_urlsafe(24)
        self.token_hash, self.expires_at = hash_token(token), timezone.now() + self.VALID_FOR
        return token

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.withdrawn_at is None and self.expires_at > timezone.now()


class AuditEntry(ShopModel):
    """Who did what that matters, when. Rows are only ever added."""

    append_only = True

    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["shop", "-at"], name="audit_newest_first")]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"


class NightRun(ShopModel):
    """The shop's night of one day: done at most once, and seen to be given up where it never ended."""

    day = models.DateField()
    attempts = models.PositiveSmallIntegerField(default=0)
    # When whoever is at it began or ended a step; None where nobody is.
    seen_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    result = models.JSONField(default=dict)

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["shop", "day"], name="one_night_per_day")]

    def __str__(self) -> str:
        return f"{self.day}"


class WeekRun(ShopModel):
    """The weekly work of a shop as of one day, done with that day's night."""

    day = models.DateField()
    finished_at = models.DateTimeField(auto_now=True)
    result = models.JSONField(default=dict)

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["shop", "day"], name="one_week_per_day")]

    def __str__(self) -> str:
        return f"{self.day}"
