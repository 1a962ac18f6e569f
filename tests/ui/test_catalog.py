"""Translations: rooms are merged, disagreements are named, and nothing in the project is left in English."""

import gettext
from pathlib import Path

import pytest
from django.conf import settings

from loyalty.ui import catalog
from loyalty.ui.messages import find_messages, python_messages, template_messages

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


@pytest.fixture
def project(tmp_path):
    (tmp_path / "locale" / "fa").mkdir(parents=True)
    (tmp_path / "templates").mkdir()

    def write(**files):
        for name, text in files.items():
            folder, _, rest = name.partition("__")
            path = (
                tmp_path
                / ("templates" if folder == "templates" else "locale/fa")
                / rest.replace("_DOT_", ".")
            )
            path.write_text(HEAD + text if folder == "po" else text, encoding="utf-8")
        return tmp_path

    return write


def entry(msgid, msgstr, plural=None):
    if plural:
        return f'msgid "{msgid}"\nmsgid_plural "{plural}"\nmsgstr[0] "{msgstr}"\n\n'
    return f'msgid "{msgid}"\nmsgstr "{msgstr}"\n\n'


def test_the_whole_project_is_translated():
    for language in ("fa",):
        report = catalog.check(Path(settings.BASE_DIR), language)
        listing = "\n".join(
            [f"{message.place}: {message.text}" for message in report.missing] + report.problems
        )
        assert report.ok, f"not translated:\n{listing}"


def test_the_check_reads_the_project_at_all():
    messages, problems = find_messages(Path(settings.BASE_DIR))
    assert len({message.key for message in messages}) > 50
    assert problems == []


def test_rooms_are_merged_into_one_catalogue_that_gettext_reads(project):
    root = project(
        po__a_DOT_po=entry("Save", "ذخیره"), po__b_DOT_po=entry("One", "%(n)s نفر", plural="%(n)s people")
    )
    path, entries = catalog.compile_language(root / "locale", "fa")
    with path.open("rb") as stream:
        translations = gettext.GNUTranslations(stream)
    assert entries == 2
    assert translations.gettext("Save") == "ذخیره"
    assert translations.ngettext("One", "%(n)s people", 1) == translations.ngettext("One", "%(n)s people", 7)


def test_compiling_twice_leaves_the_file_alone(project):
    root = project(po__a_DOT_po=entry("Save", "ذخیره"))
    path, _ = catalog.compile_language(root / "locale", "fa")
    before = path.stat().st_mtime_ns
    catalog.compile_language(root / "locale", "fa")
    assert path.stat().st_mtime_ns == before


def test_two_rooms_that_disagree_are_both_named(project):
    root = project(po__a_DOT_po=entry("Tier", "سطح"), po__b_DOT_po=entry("Tier", "رده"))
    with pytest.raises(catalog.CatalogError, match=r"«سطح» in a\.po and «رده» in b\.po"):
        catalog.compile_language(root / "locale", "fa")


def test_two_rooms_that_agree_may_both_hold_a_wording(project):
    root = project(po__a_DOT_po=entry("Tier", "سطح"), po__b_DOT_po=entry("Tier", "سطح"))
    assert catalog.compile_language(root / "locale", "fa")[1] == 1


@pytest.mark.parametrize(
    ("template", "key", "plural"),
    [
        ('{% translate "Save" %}', (None, "Save"), None),
        ("{% trans 'Save' as word %}", (None, "Save"), None),
        ('{% translate "May" context "month" %}', ("month", "May"), None),
        ('{% translate "50% off" %}', (None, "50%% off"), None),
        ("{% blocktranslate %}Hello {{ name }}.{% endblocktranslate %}", (None, "Hello %(name)s."), None),
        (
            "{% blocktranslate trimmed count n=x %}\n One.{% plural %}\n{{ n }} left.{% endblocktranslate %}",
            (None, "One."),
            "%(n)s left.",
        ),
        ('{% include "a.html" with title=_("Nobody yet") %}', (None, "Nobody yet"), None),
        ('{{ value|default:_("unknown") }}', (None, "unknown"), None),
        ('{% if a == _("It\'s") %}x{% endif %}', (None, "It's"), None),
    ],
)
def test_every_way_of_saying_something_in_a_template_is_read(template, key, plural):
    (message,) = template_messages(template, "t.html")
    assert (message.key, message.plural) == (key, plural)


def test_a_template_names_its_file_and_line():
    (message,) = template_messages('<p>\n</p>\n{% translate "Save" %}', "a/b.html")
    assert message.place == "a/b.html:3"


def test_every_way_of_saying_something_in_python_is_read():
    source = (
        "from django.utils.translation import gettext_lazy as _, ngettext, pgettext\n"
        "import django.utils.translation as t\n"
        "a = _('One')\nb = ngettext('Two', 'Twos', n)\nc = pgettext('month', 'May')\n"
        "d = t.gettext('Three ' 'four')\ne = _(variable)\n"
    )
    keys = {(message.context, message.text, message.plural) for message in python_messages(source, "a.py")}
    assert keys == {
        (None, "One", None),
        (None, "Two", "Twos"),
        ("month", "May", None),
        (None, "Three four", None),
    }


@pytest.mark.parametrize("call", ['_(f"{n} people")', '_("a" + b)', '_("%s" % name)'])
def test_a_wording_built_at_run_time_is_refused(call):
    with pytest.raises(ValueError, match="line 1: _"):
        python_messages(call, "a.py")


def test_a_message_without_translation_is_missing_with_its_place(project):
    root = project(po__a_DOT_po=entry("Save", "ذخیره"), templates__a_DOT_html='\n{% translate "Cancel" %}')
    report = catalog.check(root, "fa", [root / "templates"])
    assert not report.ok
    assert [message.place for message in report.missing] == ["templates/a.html:2"]
    assert report.unused == ["a.po: “Save”"]
    assert report.missing[0].as_po() == '#: templates/a.html:2\nmsgid "Cancel"\nmsgstr ""'


@pytest.mark.parametrize("wrong", [entry("Save", ""), "#, fuzzy\n" + entry("Save", "ذخیره")])
def test_an_empty_or_doubtful_translation_does_not_count(project, wrong):
    root = project(po__a_DOT_po=wrong, templates__a_DOT_html='{% translate "Save" %}')
    report = catalog.check(root, "fa", [root / "templates"])
    assert len(report.missing) == 1
    assert len(report.problems) == 1


@pytest.mark.parametrize(
    ("msgid", "msgstr"),
    [
        ("Hello %(name)s", "سلام"),
        ("Hello %(name)s", "سلام %(nam)s"),
        ("Hello {name}", "سلام {نام}"),
        ("%(n)s people", "%(n)s% نفر"),
        ("Half", "۵۰% تخفیف"),
    ],
)
def test_a_translation_that_would_break_when_filled_in_is_found(project, msgid, msgstr):
    root = project(po__a_DOT_po=entry(msgid, msgstr), templates__a_DOT_html="")
    assert catalog.check(root, "fa", [root / "templates"]).problems


def test_the_one_persian_form_must_hold_the_count(project):
    root = project(po__a_DOT_po=entry("One person", "یک نفر", plural="%(n)s people"))
    assert catalog.check(root, "fa", [root / "templates"]).problems == [
        "a.po: “One person” is translated without n."
    ]


def test_a_message_used_with_a_plural_needs_a_plural_translation(project):
    template = "{% blocktranslate count n=x %}One{% plural %}Many{% endblocktranslate %}"
    root = project(po__a_DOT_po=entry("One", "یک"), templates__a_DOT_html=template)
    assert len(catalog.check(root, "fa", [root / "templates"]).problems) == 1


def test_rewording_a_package_is_not_unused(project):
    root = project(po__packages_DOT_po=entry("Sign In", "ورود"))
    assert catalog.check(root, "fa", [root / "templates"]).unused == []
