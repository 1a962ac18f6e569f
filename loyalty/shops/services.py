"""Opens shops and makes the accounts of the people who work in them."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from phonenumbers import SUPPORTED_REGIONS

from loyalty.ui.money import CURRENCIES, currency

from . import audit
from .models import Role, Shop, StaffMember, User
from .scope import scope, setting

# What a page costs where the owner has not said, in minor units: near the usual price of a bulk message.
SMS_PAGE_PRICES = {"IRR": 2_400}
# The country of a currency is in its first two letters; the euro has many, and any of them is a start.
REGION_OF_EURO = "DE"


def default_page_price(code: str) -> int:
    """Return a first price of an SMS page in minor units: 4 hundredths, or 10 where there are none."""
    return SMS_PAGE_PRICES.get(code, 4 if currency(code).units[0].decimals else 10)


def create_shop(slug: str, **fields) -> Shop:
    """Create a shop from `fields` of Shop and return it; raise ValidationError for what is unknown or taken.

    Left out: the unit is the currency's largest, the phone region its country, the page price a usual one.
    """
    code = fields.setdefault("currency", "IRR")
    if code in CURRENCIES:
        fields.setdefault("display_unit", CURRENCIES[code].units[-1].name)
    fields.setdefault("phone_region", code[:2] if code[:2] in SUPPORTED_REGIONS else REGION_OF_EURO)
    fields.setdefault("sms_page_price_amount", default_page_price(code))
    shop = Shop(slug=slug, **fields)
    with setting("app.every_shop", "on"):
        shop.full_clean()
        shop.save()
    with scope(shop):
        audit.record("shops.shop_created", shop.name)
    return shop


def create_account(email: str, name: str, password: str) -> User:
    """Create a person who signs in with `email`; raise ValidationError for a bad address or password."""
    validate_email(email)
    check_password(password, email, name)
    if User.objects.filter(email=email.lower()).exists():
        raise ValidationError(_("There is already an account with this e-mail address."))
    return User.objects.create_user(email, password, name=name.strip())


def check_password(password: str, email: str, name: str) -> None:
    """Raise ValidationError for a password that is short, common or too much like its owner."""
    validate_password(password, User(email=email.lower(), name=name.strip()))


def add_owner(shop: Shop, email: str, name: str = "", password: str = "") -> StaffMember:
    """Make a person an owner of `shop`; the account is made where there is none. Raise ValidationError."""
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        user = create_account(email, name or email.split("@")[0], password)
    with scope(shop):
        member, _made = StaffMember.objects.update_or_create(
            user=user, defaults={"role": Role.OWNER, "is_active": True}
        )
        audit.record("shops.owner_added", user.name)
    return member
