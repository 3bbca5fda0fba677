# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML page in a real browser. GATE_SCREENSHOTS=DIRECTORY keeps the pictures for a person's eye."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
import report_samples as samples
from report_browser import Browser

RUNS = list(samples.RUNS)
SCREENS = {"wide": (1280, "light"), "dark": (1280, "dark"), "narrow": (375, "light")}

#: The lowest contrast of text against what is behind it, by WCAG 2.1: [ratio, text].
CONTRAST = """
(() => {
  const parse = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (let each = node; each; each = each.parentElement) {
      const back = parse(getComputedStyle(each).backgroundColor);
      if (back[3] === 1) return back;
    }
    return [255, 255, 255, 1];
  };
  let worst = [99, ""];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !node.checkVisibility()) continue;
    const svg = node.closest("svg");
    const style = getComputedStyle(node);
    const front = light(parse(svg ? style.fill : style.color)), back = light(behind(svg || node));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < worst[0]) worst = [ratio, walk.currentNode.data.trim()];
  }
  return worst;
})()
"""


@pytest.fixture(autouse=True)
def _ordinary(browser: Browser) -> None:
    browser.look_like(1280)


def keep(browser: Browser, name: str) -> None:
    directory = os.environ.get("GATE_SCREENSHOTS")
    if directory:
        Path(directory).mkdir(parents=True, exist_ok=True)
        browser.screenshot(Path(directory) / f"{name}.png")


@pytest.mark.parametrize("screen", list(SCREENS))
@pytest.mark.parametrize("run", RUNS)
def test_the_page_stays_within_its_width_and_can_be_read(
    run: str, screen: str, browser: Browser, pages: dict[str, Path]
) -> None:
    width, scheme = SCREENS[screen]
    browser.look_like(width, scheme=scheme)
    browser.open(pages[run])
    keep(browser, f"{run}-{screen}")
    assert browser.value("document.documentElement.scrollWidth") <= width
    ratio, text = browser.value(CONTRAST)
    assert ratio >= 4.5, text


@pytest.mark.parametrize("run", RUNS)
def test_nothing_is_requested_and_nothing_complained_about(run: str, browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages[run])
    assert browser.requests() == []
    assert browser.complaints() == []
    assert browser.value("document.scripts.length") == 0
    assert browser.value("[...document.querySelectorAll('[src], link, object, embed, iframe')].length") == 0
    assert browser.value("[...document.querySelectorAll('a')].every(a => a.getAttribute('href').startsWith('#'))")


def test_a_request_would_be_seen(browser: Browser, tmp_path: Path) -> None:
    """The test above can fail."""
    page = tmp_path / "bad.html"
    page.write_text("<title>x</title><img src='http://example.invalid/x.png'><script>throw 1</script>")
    browser.open(page)
    assert browser.requests() == ["http://example.invalid/x.png"]
    assert browser.complaints()


def test_hostile_texts_are_texts(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["hostile"])
    assert browser.value("document.title") == "FAIL: Mail ports and firewall"
    assert browser.value("document.body.textContent.includes('<script>document.title')")
    assert browser.value("document.querySelectorAll('[onmouseover], script').length") == 0
    assert not browser.value("/[\\x00-\\x08\\x1b\\u202e]/.test(document.body.textContent)")


@pytest.mark.parametrize("run", RUNS)
def test_structure_for_those_who_do_not_see_it(run: str, browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages[run])
    assert browser.value("document.documentElement.lang") == "en"
    for landmark in ("header", "main", "nav", "footer", "h1"):
        assert browser.value(f"document.querySelectorAll('{landmark}').length") == 1, landmark
    everywhere = {
        "headings go down one level at a time": "[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])"
        ".every((level, i, all) => i === 0 || level <= all[i - 1] + 1)",
        "header cells say what they head": "[...document.querySelectorAll('th')].every(th => ['row', 'col'].includes(th.scope))",
        "tables have a caption": "[...document.querySelectorAll('table')].every(t => t.caption && t.caption.textContent)",
        "rows have a header": "[...document.querySelectorAll('tbody tr')].every(tr => tr.querySelector('th[scope=row]'))",
        "what scrolls can be reached and has a name": "[...document.querySelectorAll('.scroll')].every("
        "s => s.tabIndex === 0 && s.role === 'region' && (s.ariaLabel || s.getAttribute('aria-labelledby')))",
        "pictures have a name": "[...document.querySelectorAll('svg')].every(s => s.getAttribute('role') === 'img' &&"
        " s.getAttribute('aria-labelledby').split(' ').every(id => document.getElementById(id).textContent))",
        "ids are unique": "new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size ==="
        " document.querySelectorAll('[id]').length",
        "links lead somewhere": "[...document.querySelectorAll('a')].every(a => document.querySelector(a.getAttribute('href')))",
        "no cell speaks by colour alone": "[...document.querySelectorAll('td')].every("
        "td => !td.className || /pass|fail|unknown|warn|optional|not looked at/.test(td.textContent))",
    }
    for what, holds in everywhere.items():
        assert browser.value(holds), what


def test_focus_can_be_seen_and_the_first_stop_skips_to_the_report(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["one-host"])
    for kind in ("rawKeyDown", "keyUp"):
        browser.page("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert browser.value("document.activeElement.getAttribute('href')") == "#main"
    assert browser.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert browser.value("document.activeElement.getBoundingClientRect().left") >= 0


def test_a_link_into_folded_evidence_opens_it_without_javascript(browser: Browser, pages: dict[str, Path]) -> None:
    browser.without_javascript(True)
    try:
        browser.open(pages["fifty-hosts"])
        target = browser.value("document.querySelector('.matrix td a').getAttribute('href')")
        assert not browser.value(f"document.querySelector('{target}').checkVisibility()")
        spot = browser.value(
            "(r => [r.x + 5, r.y + 5])(document.querySelector('.matrix td a').getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            where = {"x": spot[0], "y": spot[1], "button": "left", "clickCount": 1}
            browser.page("Input.dispatchMouseEvent", type=kind, **where)
        time.sleep(0.3)  # without JavaScript nothing in the page can wait for it
        assert browser.value(f"document.querySelector('{target}').checkVisibility()")
    finally:
        browser.without_javascript(False)


def test_the_picture_has_a_lane_for_each_way_and_says_it_in_words_too(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["one-host"])
    drawn = browser.value("[...document.querySelectorAll('svg .lane')].map(g => g.classList[1])")
    assert sorted(drawn) == sorted(["open", "surplus", "open", "open", "closed", "open", "open", "surplus", "unsure"])
    words = browser.value("[...document.querySelectorAll('.words tbody tr')].map(tr => tr.textContent.trim())")
    assert len(words) == len(drawn)
    ends = "[...document.querySelectorAll('svg text')].map(t => t.getBBox()).map(b => b.x + b.width)"
    assert max(browser.value(ends)) <= 900


@pytest.mark.parametrize("run", ["one-host", "fifty-hosts", "long-names"])
def test_print(run: str, browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    """On paper what is folded up on the screen stands open, where there is a fault."""
    browser.open(pages[run])
    browser.look_like(720, media="print", scheme="dark")
    assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.value("document.documentElement.scrollWidth") <= 720
    assert browser.value(
        "[...document.querySelectorAll('details.told > .host')].every(h => h.getBoundingClientRect().height > 100)"
    )
    browser.look_like(1280, media="")  # the browser's own choice, which is print
    paper = Path(os.environ.get("GATE_SCREENSHOTS") or tmp_path) / f"{run}.pdf"
    browser.print_to(paper)
    assert paper.read_bytes().startswith(b"%PDF-")
    if os.environ.get("GATE_SCREENSHOTS"):
        subprocess.run(["pdftoppm", "-r", "60", "-l", "3", "-png", str(paper), str(paper.with_suffix(""))], check=True)
