"""One address, two answers; lists that page every row once; refusals that say why."""

import re
from pathlib import Path

import django_tables2
import pytest
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from loyalty.ui import pages
from loyalty.ui.tables import BaseTable

TEMPLATES = Path(settings.BASE_DIR) / "templates"


class People(BaseTable):
    name = django_tables2.Column()
    spent = django_tables2.Column()
    caption = "People"
    foot_note = "amounts in toman"


def asked(path="/", method="get", **headers):
    request = getattr(RequestFactory(), method)(path, headers=headers)
    request.htmx = HtmxDetails(request)
    request._messages = CookieStorage(request)
    return request


@pytest.fixture
def pair(tmp_path, settings):
    (tmp_path / "page.html").write_text("<html>{{ word }}</html>")
    (tmp_path / "_part.html").write_text("<p>{{ word }}</p>")
    engine = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path, *engine["DIRS"]]}]

    def answer(request, **options):
        return pages.page_or_fragment(request, "page.html", "_part.html", {"word": "x"}, **options)

    return answer


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, "<html>x</html>"),
        ({"HX-Request": "true"}, "<p>x</p>"),
        ({"HX-Request": "true", "HX-Boosted": "true"}, "<html>x</html>"),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, "<html>x</html>"),
    ],
)
def test_htmx_gets_the_fragment_and_everybody_else_the_page(pair, headers, body):
    response = pair(asked(**headers))
    assert response.content.decode() == body
    assert "HX-Request" in response["Vary"]


def test_a_slip_answers_422_with_the_form_in_it(pair):
    assert pair(asked(**{"HX-Request": "true"}), status=422).status_code == 422


def test_only_a_polling_element_is_told_to_stop(pair):
    assert pair(asked(**{"HX-Request": "true"}), status=pages.STOP_POLLING).status_code == 286
    assert pair(asked(), status=pages.STOP_POLLING).status_code == 200


def test_a_notice_comes_along_out_of_band_with_its_undo(pair):
    request = asked(**{"HX-Request": "true"})
    pages.notice(request, "Saved <b>", undo="/undo/7/")
    body = pair(request).content.decode()
    assert '<div hx-swap-oob="beforeend:#toasts">' in body
    assert "Saved &lt;b&gt;" in body
    assert 'action="/undo/7/"' in body


def test_a_notice_without_undo_has_no_button(pair):
    request = asked(**{"HX-Request": "true"})
    pages.notice(request, "Saved", level=messages.INFO)
    assert "<form" not in pair(request).content.decode()


def test_after_a_change_htmx_is_sent_on_without_swapping_a_page_into_a_fragment():
    assert pages.go(asked(), "/there/")["Location"] == "/there/"
    sent = pages.go(asked(**{"HX-Request": "true"}), "/there/")
    assert sent["HX-Redirect"] == "/there/"
    assert "Location" not in sent


# ---------- Tables ----------


def table_of(rows, path="/people/"):
    request = asked(path)
    table = People(rows)
    django_tables2.RequestConfig(request, paginate={"per_page": 2}).configure(table)
    return render_to_string("ui/_table.html", {"table": table}, request)


ROWS = [{"name": "<Ali>", "spent": 3}, {"name": "Bita", "spent": 1}, {"name": "Cyrus", "spent": 2}]


def test_column_heads_are_links_for_browsers_and_for_htmx():
    html = table_of(ROWS, "/people/?q=x&page=2")
    assert 'href="?q=x&amp;sort=spent"' in html
    assert 'hx-get="?q=x&amp;sort=spent" hx-target="closest [data-fragment]"' in html


def test_the_sorted_column_says_so_and_offers_the_other_way():
    assert 'aria-sort="ascending"' in table_of(ROWS, "/people/?sort=spent")
    html = table_of(ROWS, "/people/?sort=-spent")
    assert 'aria-sort="descending"' in html
    assert 'href="?sort=spent"' in html


def test_a_phone_shows_each_cell_with_its_column():
    html = table_of(ROWS)
    assert 'data-label="Spent"' in html
    assert "&lt;Ali&gt;" in html
    assert 'role="table"' in html


def test_the_foot_counts_and_pages():
    html = table_of(ROWS)
    assert "1–2 of 3 · amounts in toman" in html
    assert 'rel="next" href="?page=2"' in html
    assert 'rel="prev"' not in html


def test_an_empty_list_says_what_to_do_first():
    class Empty(People):
        empty_title = "Nobody is in the club yet"
        empty_action = ("Import a list", "/imports/")

    request = asked("/people/")
    table = Empty([])
    django_tables2.RequestConfig(request).configure(table)
    html = render_to_string("ui/_table.html", {"table": table}, request)
    assert "Nobody is in the club yet" in html
    assert 'href="/imports/"' in html
    assert "<table" not in html


# ---------- Templates ----------


def sources():
    return sorted(TEMPLATES.rglob("*.html"))


def test_an_underscore_means_fragment():
    for path in sources():
        extends = "{% extends" in path.read_text(encoding="utf-8")
        if path.name.startswith("_"):
            assert not extends, f"{path.name} is a fragment and extends a page"
        elif not path.name.startswith(("base", "500")):
            assert extends, f"{path.name} is a page and extends nothing"


def test_nothing_is_inline_and_nothing_is_called_safe():
    forbidden = re.compile(
        r"\sstyle=|<style|\son[a-z]+=|javascript:|\|safe\b|autoescape off"
        r"|<script(?![^>]*(src=|type=\"application/json\"))"
    )
    for path in sources():
        found = forbidden.search(path.read_text(encoding="utf-8"))
        assert not found, f"{path.relative_to(TEMPLATES)}: {found[0]!r}"


@pytest.mark.parametrize("name", ["404.html", "403.html", "403_csrf.html"])
def test_a_refusal_says_why_in_a_sentence(name, settings):
    request = asked()
    request.user = request.staff = request.shop = None
    html = get_template(name).render({}, request)
    assert re.search(r"<h1[^>]*>[^<]+</h1>\s*<p>[^<]+\.</p>", html)
    assert 'href="/"' in html


def test_the_page_of_our_own_mistakes_needs_no_request_and_speaks_both_languages():
    html = get_template("500.html").render({})
    assert "Nothing was saved." in html
    assert "چیزی ذخیره نشد." in html
