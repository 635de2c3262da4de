#!/usr/bin/env python3
"""The report of `interswarm compare` in headless Chromium: at desktop and phone widths, light, dark and on paper.

    browser_test.py PATH_TO_compare_report_samples [--keep FOLDER]      --keep: leave pages and screenshots there
"""
import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

WIDTHS = [1280, 768, 375, 320]
HOSTILE_WORDS = "<script>alert(1)</script>\"'&amp;]]>??"

checks = 0


def check(holds, what):
    global checks
    checks += 1
    if not holds:
        sys.exit(f"not so: {what}")


def browser(folder):
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", f"--user-data-dir={folder}"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


def show(driver, page, width, scheme, media=""):
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]})
    driver.get(page.as_uri())


def screenshot(driver, path):
    size = driver.execute_script("return [document.documentElement.clientWidth, document.documentElement.scrollHeight]")
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": {
        "x": 0, "y": 0, "width": size[0], "height": min(size[1], 16000), "scale": 1}})
    path.write_bytes(base64.b64decode(shot["data"]))


# What is wrong with the page as it is shown now, one line each.
AUDIT = r"""
const wrong = [];
const root = document.documentElement;
if (root.scrollWidth > root.clientWidth) {
  const wide = [...document.querySelectorAll('body *')].filter(
    e => e.getBoundingClientRect().right > root.clientWidth + 1 && !e.closest('.scroll, pre'));
  wrong.push(`the page is ${root.scrollWidth} wide, the window ${root.clientWidth}: ` +
             wide.slice(0, 3).map(e => e.outerHTML.slice(0, 90)).join(' | '));
}
// Luminance and contrast by WCAG 2.1.
const channels = colour => (colour.match(/[\d.]+/g) || []).map(Number);
const luminance = colour => {
  const [r, g, b] = channels(colour).map(c => c / 255)
      .map(c => c <= 0.03928 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
};
const ground = e => {
  for (; e; e = e.parentElement) {
    const colour = getComputedStyle(e).backgroundColor;
    const parts = channels(colour);
    if (parts.length === 3 || parts[3] === 1) return colour;
  }
  return 'rgb(255, 255, 255)';
};
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  if (!own || e.closest('title, desc') || !e.getClientRects().length) continue;
  const style = getComputedStyle(e);
  const colour = e instanceof SVGElement ? style.fill : style.color;
  const ratio = contrast(colour, ground(e));
  if (ratio < 4.5) wrong.push(`contrast ${ratio.toFixed(2)} of ${e.outerHTML.slice(0, 90)}`);
}
for (const e of document.querySelectorAll('svg .line, svg .mark, svg .fill, svg .bar')) {
  if (!e.getClientRects().length) continue;
  const style = getComputedStyle(e);
  const colour = e.matches('.line, .bar') ? style.stroke : style.fill;
  if (contrast(colour, ground(e)) < 3) wrong.push(`contrast of ${e.outerHTML.slice(0, 60)}`);
}
const charts = [...document.querySelectorAll('svg.chart')];
if (!charts.length) wrong.push('there is no chart');
for (const svg of charts) {
  const title = svg.querySelector('title'), text = svg.querySelector('desc');
  const name = title ? title.textContent.slice(0, 40) : '?';
  if (!title || !title.textContent || !text || !text.textContent) wrong.push(`chart ${name} is not described`);
  for (const id of svg.getAttribute('aria-labelledby').split(' '))
    if (document.querySelectorAll('#' + id).length !== 1) wrong.push(`id ${id} is there not once`);
  const box = svg.getBoundingClientRect();
  if (box.width < 200 || box.height < 30) wrong.push(`chart ${name} is ${box.width} x ${box.height}`);
  const view = svg.viewBox.baseVal;
  const texts = [...svg.querySelectorAll('text')].map(e => [e, e.getBBox()]);
  if (!texts.length) wrong.push(`chart ${name} has no texts`);
  for (const [e, b] of texts)
    if (b.x < -0.5 || b.y < -0.5 || b.x + b.width > view.width + 0.5 || b.y + b.height > view.height + 0.5)
      wrong.push(`chart ${name}: "${e.textContent}" leaves the drawing`);
  for (let i = 0; i < texts.length; ++i)
    for (let j = i + 1; j < texts.length; ++j) {
      const [a, b] = [texts[i][1], texts[j][1]];
      const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
      // Boxes have room above and below their letters.
      const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
      if (across > 0.5 && down > 3)
        wrong.push(`chart ${name}: "${texts[i][0].textContent}" overlaps "${texts[j][0].textContent}"`);
    }
  const size = parseFloat(getComputedStyle(svg.querySelector('text')).fontSize) * box.width / view.width;
  if (size < 8.5) wrong.push(`chart ${name}: letters of ${size.toFixed(1)} pixels`);
  if (!svg.closest('figure').querySelector('table')) wrong.push(`chart ${name} has no table`);
}
// Cells that do not scroll show their whole text.
for (const e of document.querySelectorAll('.verdict tbody td, .verdict tbody th, figcaption, summary, dd'))
  if (e.scrollWidth > e.clientWidth + 1 && e.getClientRects().length && getComputedStyle(e).display !== 'inline')
    wrong.push(`cut off: ${e.outerHTML.slice(0, 90)}`);
if (performance.getEntriesByType('resource').length) wrong.push('the page loads something');
if (document.scripts.length) wrong.push('the page has a script');
return wrong.slice(0, 12);
"""

OPEN_ALL = "for (const e of document.querySelectorAll('details')) e.open = true;"


def audit(driver, what):
    wrong = driver.execute_script(AUDIT)
    check(wrong == [], f"{what}:\n  " + "\n  ".join(wrong))
    messages = [m["message"] for m in driver.get_log("browser")]
    check(messages == [], f"{what}: the console says {messages}")


def check_pages(driver, folder, shots):
    for name in ["single", "sweep", "once", "hostile"]:
        page = folder / name / "report.html"
        for width in WIDTHS:
            for scheme in ["light", "dark"]:
                what = f"{name}, {width} pixels, {scheme}"
                show(driver, page, width, scheme)
                if shots and width in (1280, 375):
                    screenshot(driver, folder / f"{name}-{width}-{scheme}.png")
                audit_closed = driver.execute_script(
                    "return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
                check(audit_closed, f"{what}: overflows before anything is opened")
                driver.execute_script(OPEN_ALL)
                audit(driver, what)
                if shots and width in (1280, 375) and name in ("sweep", "hostile"):
                    screenshot(driver, folder / f"{name}-{width}-{scheme}-open.png")


def check_schemes(driver, folder):
    """Dark is dark, light is light, and paper is white whatever the screen is."""
    colour = "return getComputedStyle(document.body).backgroundColor"
    page = folder / "single" / "report.html"
    show(driver, page, 1280, "light")
    check(driver.execute_script(colour) == "rgb(255, 255, 255)", "light is white")
    show(driver, page, 1280, "dark")
    dark = driver.execute_script(colour)
    check(max(json.loads(dark.replace("rgb(", "[").replace(")", "]"))) < 40, f"dark is dark, not {dark}")
    show(driver, page, 800, "dark", media="print")
    check(driver.execute_script(colour) == "rgb(255, 255, 255)", "paper is white")
    hidden = driver.execute_script("return [...document.querySelectorAll('details table')]"
                                   ".filter(e => !e.checkVisibility({contentVisibilityAuto: true})).length")
    check(hidden == 0, f"{hidden} tables are closed on paper")
    pdf = driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    check(base64.b64decode(pdf["data"]).startswith(b"%PDF"), "it is printed")


def check_without_colour(driver, folder):
    """Each solution's line has its own dashes and its own mark, and its name beside it."""
    show(driver, folder / "single" / "report.html", 1280, "light")
    dashes = driver.execute_script("return ['isolated', 'bridge', 'soa'].map(s => "
                                   "getComputedStyle(document.querySelector('svg.chart .line.' + s)).strokeDasharray)")
    check(len(set(dashes)) == 3, f"three kinds of line, not {dashes}")
    marks = driver.execute_script("return ['isolated', 'bridge', 'soa'].map(s => "
                                  "document.querySelector('svg.chart .mark.' + s).tagName)")
    check(len(set(marks)) == 3, f"three kinds of mark, not {marks}")
    unnamed = driver.execute_script(
        "return [...document.querySelectorAll('svg.chart')].filter(c => [...c.querySelectorAll('.line')].some(l => "
        "![...c.querySelectorAll('text.name')].some(t => l.classList.contains(t.textContent)))).length")
    check(unnamed == 0, f"{unnamed} charts have a line without its name")


def check_words(driver, folder):
    show(driver, folder / "single" / "report.html", 1280, "light")
    text = driver.execute_script("return document.body.innerText")
    headings = driver.execute_script("return [...document.querySelectorAll('h1, h2')].map(e => e.textContent)")
    check(headings == ["An hour of films and music", "Verdict", "Over time", "Times", "Bytes, prices and faults",
                       "All figures", "Deployment", "Calibration", "Configuration", "How to read this"],
          f"the verdict comes first, then charts, then how it was made: {headings}")
    for words in ["Not run: how far the simulator is from real nodes", "interswarm\n", "duration = \"1h\"",
                  "2 x Example CPU", "1, 2, 3, 4, 5"]:
        check(words in text, f"the page says {words!r}")
    show(driver, folder / "sweep" / "report.html", 1280, "light")
    text = driver.execute_script("return document.body.innerText")
    check("medians are within 15" in text, "the calibration is told")
    show(driver, folder / "hostile" / "report.html", 1280, "light")
    title = driver.execute_script("return document.title")
    check(title.startswith(HOSTILE_WORDS), f"the title is the text itself, not {title!r}")
    check(driver.execute_script("return document.querySelector('pre').textContent") == title, "so is the experiment")


def check_that_audit_sees(driver, folder):
    """Each thing that the audit looks for is found once it is there."""
    spoil = {
        "overlaps": "const t = document.querySelector('svg.chart text'); t.parentNode.append(t.cloneNode(true));",
        "leaves the drawing": "document.querySelector('svg.chart text').setAttribute('x', 900);",
        "wide, the window": "document.querySelector('h1').style.width = '3000px';",
        "contrast": "document.querySelector('h1').style.color = 'rgb(200, 200, 200)';",
        "is not described": "document.querySelector('svg.chart desc').textContent = '';",
        "x 0": "document.querySelector('svg.chart').style.height = 0;",
        "has no table": "document.querySelector('figure table').remove();",
        "has a script": "document.body.append(document.createElement('script'));",
        "letters of": "document.querySelector('svg.chart text').style.fontSize = '3px';",
    }
    for words, script in spoil.items():
        show(driver, folder / "single" / "report.html", 1280, "light")
        driver.execute_script(script)
        wrong = driver.execute_script(AUDIT)
        check(any(words in line for line in wrong), f"the audit finds '{words}' after {script}: {wrong}")


def main():
    program = os.path.abspath(sys.argv[1])
    keep = sys.argv[sys.argv.index("--keep") + 1] if "--keep" in sys.argv else None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    folder = pathlib.Path(keep or tempfile.mkdtemp(prefix="interswarm-report-", dir="/var/tmp")).resolve()
    profile = tempfile.mkdtemp(prefix="interswarm-browser-", dir="/var/tmp")
    driver = None
    try:
        subprocess.run([program, str(folder)], check=True)
        for page in folder.glob("*/report.html"):
            xml.etree.ElementTree.parse(page)  # well-formed, or it throws
        driver = browser(profile)
        check_that_audit_sees(driver, folder)
        driver.get_log("browser")
        check_pages(driver, folder, keep is not None)
        check_schemes(driver, folder)
        check_without_colour(driver, folder)
        check_words(driver, folder)
    finally:
        if driver:
            driver.quit()
        shutil.rmtree(profile, ignore_errors=True)
        if not keep:
            shutil.rmtree(folder)
    print(f"{checks} checks")


main()
