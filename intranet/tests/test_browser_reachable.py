"""Every page of the site by axe-core and by the Tab key: wide and narrow, light and dark.

The pages are those of the live URL configuration, and the question of each bulk action.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib import admin
from django.db import connections

from intranet.tests.test_access import pages, site  # noqa: F401
from intranet.tests.test_browser import CHROMIUM, of_looks, playwright

pytestmark = of_looks

PARTS = 4  # that run beside each other
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TYPES = ["violations", "incomplete"]
ALL = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": TYPES}
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": TYPES}
# Text in the colour of what it stands on is no violation to axe, which takes it for hidden.
VIOLATIONS = """async options => {
    const { violations, incomplete } = await axe.run(options);
    const told = rule => rule.nodes.map(
        node => `${rule.id}: ${node.html.slice(0, 160)} ${node.failureSummary.split("\\n")[1]}`);
    const isUnseen = node => node.any.some(it => it.data?.messageKey === "equalRatio");
    const unseen = incomplete.map(rule => ({ ...rule, nodes: rule.nodes.filter(isUnseen) }));
    return [...violations, ...unseen].flatMap(told);
}"""
# Colours fade over. What lies below a bar that stays at hand can be scrolled out; axe does not.
STILL = """* { transition: none !important }
    .measured :is(div.submit-row, .submit-first) { position: static !important }"""
DARK = "dark => document.documentElement.classList.toggle('dark', dark)"
MEASURED = "on => document.documentElement.classList.toggle('measured', on)"
# Note where each press of Tab leads, and what is wrong with how that shows: once the key is up, the
# page has scrolled there. It is seen when it is on top in one of three places.
WATCH = """() => {
    const visited = new Set();
    window.walked = [];
    document.activeElement.blur();
    window.onkeyup = () => {
        const it = document.activeElement;
        if (!it || it === document.body || visited.has(it)) return window.walked.push("end");
        visited.add(it);
        const name = it.outerHTML.slice(0, 160).replaceAll(/\\s+/g, " ");
        const isSeen = ({left, width, top, height}) => [0.5, 0.1, 0.9].some(part => {
            const hit = document.elementFromPoint(left + width * part, top + height / 2);
            return hit && (it.contains(hit) || hit.closest("label")?.contains(it));
        });
        const isMarked = [it, it.parentElement, it.closest("label"), it.closest("form > div")]
            .filter(Boolean).map(mark => getComputedStyle(mark))
            .some(style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1);
        if (![...it.getClientRects()].some(isSeen)) window.walked.push(`not seen: ${name}`);
        if (!isMarked) window.walked.push(`no sign of the focus: ${name}`);
    };
}"""


@pytest.fixture
def page(live_server, monkeypatch, site):  # noqa: F811
    """A page of a superuser; half of the pages are opened by nobody else."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(base_url=live_server.url, viewport=WIDE, reduced_motion="reduce")
        yield page
        browser.close()
        connections.close_all()


def sign_in(page):
    page.goto("/admin/login/")
    page.locator("[name=username]").fill("root")
    page.locator("[name=password]").fill("secret")
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/admin/")


def walk(page) -> list[str]:
    """Press Tab until the end of the page; return where the focus could not be seen."""
    page.evaluate(WATCH)
    for _ in range(20):
        for _ in range(10):
            page.keyboard.press("Tab")
        walked = page.evaluate("window.walked")
        if "end" in walked:
            return walked[: walked.index("end")]
    return [*walked, "the Tab key does not get to the end of the page"]


def faults(page) -> list[str]:
    """Return all that is wrong with a page."""
    page.wait_for_load_state("load")
    page.add_style_tag(content=STILL)
    page.evaluate(Axe().axe_script)
    found = []
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        page.wait_for_timeout(100)
        page.evaluate(MEASURED, True)
        found += page.evaluate(VIOLATIONS, ALL)
        page.evaluate(DARK, True)
        found += [f"dark {it}" for it in page.evaluate(VIOLATIONS, CONTRAST)]
        page.evaluate(DARK, False)
        page.evaluate(MEASURED, False)
        found += walk(page)
        if (width := page.evaluate("document.documentElement.scrollWidth")) > size["width"]:
            found.append(f"{width} pixels wide")
    page.set_viewport_size(WIDE)
    return [f"{page.url} {it}" for it in found]


def questions(site) -> list[tuple[str, str]]:  # noqa: F811
    """Return (address of the list, name) of each bulk action."""
    found = []
    for model, model_admin in admin.site._registry.items():
        if model in site.rows:
            address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
            found += [(address, name) for name in (*model_admin.actions, "delete_selected")]
    return found


def is_page(page, address) -> bool:
    answer = page.request.get(address)
    is_html = answer.ok and "text/html" in answer.headers.get("content-type", "")
    return is_html and "<html" in answer.text()  # else it is a part of a page


@pytest.mark.parametrize("part", range(PARTS))
class TestEveryPage:
    def test_is_for_everybody(self, page, site, part):  # noqa: F811
        sign_in(page)
        found = []
        for address in sorted(set(pages(site).values()))[part::PARTS]:
            if "logout" in address or not is_page(page, address):
                continue
            page.goto(address)
            found += faults(page)
            for tab in page.locator("#tabs-items > a").all()[1:]:
                tab.click()
                found += faults(page)
        assert found == []

    def test_so_is_what_a_bulk_action_asks(self, page, site, part):  # noqa: F811
        sign_in(page)
        found = []
        for address, action in questions(site)[part::PARTS]:
            page.goto(address)
            box = page.locator(".action-select").first
            choice = page.locator("select[name=action]")
            if not box.count() or not choice.locator(f"option[value={action}]").count():
                continue
            box.check()
            choice.select_option(action)
            page.get_by_role("button", name="Run").click()
            found += faults(page)
        assert found == []


class TestOutside:
    @pytest.mark.parametrize("address", ["/admin/login/", "/admin/password_reset/", "/nowhere/"])
    def test_is_for_everybody(self, page, address):
        page.goto(address)

        assert faults(page) == []
