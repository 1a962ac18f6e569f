"""Who a row is about: known by phone, else by customer number, else by card, else by e-mail; or a guest.

A guest's row names nobody and is counted without inventing a customer. A row that names a person but gives
no way to know them again is refused, unless the mapping says to take such rows as guests'.
"""

from __future__ import annotations

import json
import re
from collections import Counter

from .cells import Cells
from .statuses import consent_of, gender_of, is_nobody, marital_of
from .words import BLANKS

EMAIL = re.compile(r"[^@\s\"<>(),;:\\]{1,64}@[^@\s\"<>(),;:\\]{1,180}\.[^@\s.\d]{2,}")

NUMBER_LENGTH = 100
TEXTS = ("city", "province", "neighbourhood", "job", "education", "income_band", "acquired_by")
DAYS = ("birth_on", "wedding_on", "joined_on")
WORDS = {"gender": gender_of, "marital_status": marital_of, "consent": consent_of}
TAG, ATTRIBUTE = "tag:", "attribute:"


class People:
    """Reads the people of one file and remembers what each row adds to what is known of them."""

    def __init__(self, cells: Cells, *, takes_guests: bool, has_phone: bool) -> None:
        self.cells = cells
        self.takes_guests = takes_guests
        self.has_phone = has_phone
        self.met: dict[str, dict] = {}
        self.unreadable: Counter[str] = Counter()

    def of(self, given: dict[str, list[str]]) -> tuple[str | None, dict, str | None]:
        """Return (person key or None for a guest, what is known, None), or (None, {}, reason).

        `given` is {field: filled cells}.
        """
        given = {
            field: [text for text in texts if text.lower() not in BLANKS] for field, texts in given.items()
        }
        phone, reason = self._phone(given.get("phone", []))
        details = self._details(given)
        number = self._number(given, "external_id", NUMBER_LENGTH) or (
            self._email(details) if not phone else ""
        )
        card = self._number(given, "card_number", 40)
        if phone or number or card:
            key = f"p{phone}" if phone else f"e{number}" if number else f"c{card}"
            details |= {"phone": phone} if phone else {}
            details |= {"external_id": number} if number else {}
            details |= {"card_number": card} if card else {}
            return key, details, None
        if self.takes_guests or (reason is None and "name" not in details):
            return None, {}, None
        return None, {}, reason or ("phone_empty" if self.has_phone else "person_unknown")

    def meet(self, key: str, details: dict) -> None:
        """Add what a row told of a person to what is known of them; a later row overwrites an earlier one."""
        self.met.setdefault(key, {}).update(details)

    def take(self) -> dict[str, dict]:
        """Return {key: details} of the people met since the last call."""
        taken, self.met = self.met, {}
        return taken

    def _phone(self, texts: list[str]) -> tuple[str | None, str | None]:
        """Return the first usable phone; else why the first is not; (None, None) where there is none."""
        first_reason = None
        for text in texts:
            phone, reason = self.cells.phone(text)
            if phone:
                return phone, None
            if reason != "phone_empty":
                first_reason = first_reason or reason
        return None, first_reason

    def _email(self, details: dict) -> str:
        """Return the e-mail where it can serve as a number; a longer one would not be the same when cut."""
        email = details.get("email", "")
        return email if len(email) <= NUMBER_LENGTH else ""

    def _number(self, given: dict[str, list[str]], field: str, limit: int) -> str:
        texts = given.get(field)
        return self.cells.identifier(texts[0])[:limit].strip() if texts else ""

    def _details(self, given: dict[str, list[str]]) -> dict:
        """Return what the row tells of the person, only what is filled and makes sense."""
        details: dict = {}
        names = given.get("name") or [
            " ".join(given.get("first_name", [])[:1] + given.get("last_name", [])[:1])
        ]
        if not is_nobody(names[0]):
            name, search, sort = self.cells.name(names[0])
            if name:
                details |= {"name": name, "name_search": search, "name_sort": sort}
        emails = [
            text.lower() for text in given.get("email", []) if len(text) <= 254 and EMAIL.fullmatch(text)
        ]
        if emails:
            details["email"] = emails[0]
        elif given.get("email"):
            self.unreadable["email"] += 1
        for field in TEXTS:
            if texts := given.get(field):
                details[field] = self.cells.text(texts[0])[:80]
        for field in DAYS:
            if texts := given.get(field):
                if day := self.cells.day(texts[0]):
                    details[field] = day.isoformat()
                else:
                    self.unreadable[field] += 1
        for field, meaning in WORDS.items():
            if (texts := given.get(field)) and (word := meaning(texts[0])):
                details[field] = word
        # Each tag and attribute is a key of its own: whatever several rows tell then simply adds up.
        if texts := given.get("tags"):
            tags = [self.cells.text(tag)[:40] for tag in re.split(r"[,،;؛|]", texts[0])]
            details |= {f"{TAG}{tag}": True for tag in tags[:20] if tag}
        for field, texts in given.items():
            if field.startswith(ATTRIBUTE):
                details[field] = self.cells.text(texts[0])[:200]
        return details


def as_json(details: dict) -> str:
    """Return the details as text for a jsonb column (which takes no NUL and no half of a surrogate pair)."""
    return json.dumps(details, ensure_ascii=False).encode("utf-8", "replace").decode().replace("\\u0000", "")
