"""The e-mails a shop writes to the people who work in it."""

from __future__ import annotations

from smtplib import SMTPException

from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation

from .models import Shop, StaffInvitation


def send_invitation(shop: Shop, invitation: StaffInvitation, link: str) -> bool:
    """Mail the link in the shop's language; return whether the mail server took it."""
    words = {"shop": shop, "invitation": invitation, "link": link}
    with translation.override(shop.language):
        subject = render_to_string("shops/mail/invitation_subject.txt", words).strip()
        body = render_to_string("shops/mail/invitation.txt", words)
    try:
        return bool(send_mail(subject, body, None, [invitation.email]))
    except (SMTPException, OSError):
        return False
