"""The composer: what stands beside a text follows what is typed, from the first letter on."""

from tests.browser.conftest import DESKTOP


def test_the_text_is_counted_before_the_campaign_has_a_name(open_page, busy_shop):
    busy_shop()
    page = open_page("en", DESKTOP)
    page.goto(f"{page.base}/campaigns/new/?r=1&f=4")
    assert page.input_value("#id_name") == ""
    empty = page.inner_text("#text-length")
    page.locator("#id_text").press_sequentially("سلام، دلمان برایتان تنگ شده")
    page.wait_for_function("before => document.querySelector('#text-length').innerText !== before", arg=empty)
    assert "سلام، دلمان برایتان تنگ شده" in page.inner_text("[data-preview]")
    assert page.problems == []
    # What is missing is still said, by the server and beside its field.
    page.click("button[form=compose]:has-text('Save draft')")
    page.wait_for_selector("#id_name[aria-invalid=true]")
