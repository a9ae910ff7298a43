"""Opens a page of lore report in a headless Chromium and uses it as its readers do.

    click_report.py sweep PAGE        sort, filter, colours, pictures, files; a page of a sweep
    click_report.py plain PAGE ...    only that they open, and that their pictures have ink
    click_report.py no-library PAGE   a page without Chart.js: tables and numbers, and it says why

At desktop and at phone width. Nothing may be loaded but the page, and the console must stay empty.
"""

import csv
import json
import sys
import tempfile
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

DRIVER = "/usr/bin/chromedriver"

INK = """
const ink = [], copy = document.createElement('canvas'), context = copy.getContext('2d', {willReadFrequently: true});
for (const canvas of document.querySelectorAll('figure canvas')) {
  [copy.width, copy.height] = [canvas.width / 2, canvas.height / 2];
  context.drawImage(canvas, 0, 0, copy.width, copy.height);
  const {data} = context.getImageData(0, 0, copy.width, copy.height);
  const colours = new Set();
  let count = 0;
  for (let i = 0; i < data.length; i += 4)
    if (data[i] + data[i + 1] + data[i + 2] < 720) {
      count++;
      if (Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 60)
        colours.add((data[i] >> 4) << 8 | (data[i + 1] >> 4) << 4 | data[i + 2] >> 4);
    }
  ink.push([count, colours.size]);
}
return ink;
"""


def begin(downloads):
    options = Options()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
    return driver


def resize(driver, width):
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                           {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})


class Reader:
    def __init__(self, driver, page, downloads):
        self.driver, self.page, self.downloads = driver, page, downloads

    def open(self):
        self.driver.get(self.page.resolve().as_uri())
        self.wait(lambda: self.js("return document.body.dataset.ready") == "yes")

    def js(self, code, *arguments):
        return self.driver.execute_script(code, *arguments)

    def wait(self, condition):
        WebDriverWait(self.driver, 10, poll_frequency=0.05).until(lambda _: condition())

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def column(self, key):
        return self.js("""
            const index = [...document.querySelectorAll('#table th')].findIndex(cell => cell.dataset.key === arguments[0]);
            return [...document.querySelectorAll('#table tbody tr')].map(row => row.cells[index].innerText.trim())""", key)

    def titles(self):
        return self.js("return [...document.querySelectorAll('#curves canvas')].map(c => Chart.getChart(c).options.plugins.title.text)")

    def labels(self):
        return self.js("""return Chart.getChart(document.querySelector('#curves canvas')).legend.legendItems
            .map(item => item.text)""")

    def downloaded(self, button):
        before = set(self.downloads.iterdir())
        self.js("arguments[0].click()", button)
        new = lambda: [path for path in set(self.downloads.iterdir()) - before if path.suffix != ".crdownload"]
        self.wait(new)
        path = new()[0]
        self.wait(lambda: path.stat().st_size > 0)
        return path


def check_sorting(reader):
    runs = reader.column("run")
    assert runs == sorted(runs) and len(runs) >= 4, runs
    key = reader.js("return document.querySelector('#table th[data-key*=\".\"]').dataset.key")
    heading = reader.find(f"#table th[data-key='{key}'] button")
    heading.send_keys(Keys.ENTER)  # by keyboard
    values = [float(text) for text in reader.column(key)]
    assert values == sorted(values) and values[0] < values[-1], values
    assert reader.find(f"#table th[data-key='{key}']").get_attribute("aria-sort") == "ascending"
    heading.click()
    assert [float(text) for text in reader.column(key)] == values[::-1]


def check_filter(reader):
    every = len(reader.column("run"))
    box = reader.find("#filter")
    box.send_keys("seed1")
    kept = reader.column("run")
    assert 0 < len(kept) < every and all("seed1" in run for run in kept), kept
    reader.wait(lambda: f"Drawn: {len(kept)} run" in reader.find("#drawn").text)
    assert f"{len(kept)} of {every} runs" in reader.find("#count").text
    reader.driver.refresh()  # choices outlast it
    reader.wait(lambda: reader.js("return document.body.dataset.ready") == "yes")
    assert reader.column("run") == kept or set(reader.column("run")) == set(kept)
    reader.find("#filter").clear()
    reader.find("#filter").send_keys("nothing like this")
    assert reader.column("run") == []
    reader.wait(lambda: "No run" in reader.find("#drawn").text)
    reader.find("#filter").send_keys(Keys.CONTROL, "a")
    reader.find("#filter").send_keys(Keys.BACKSPACE)
    chip = reader.find("#states .done")
    chip.click()
    assert chip.get_attribute("aria-pressed") == "true" and len(reader.column("run")) == every
    assert reader.find("#filter").get_attribute("value") == "state=done"
    reader.find("#filter").send_keys(Keys.CONTROL, "a")
    reader.find("#filter").send_keys(Keys.BACKSPACE)
    reader.wait(lambda: f"Drawn: {every} runs" in reader.find("#drawn").text)


def check_colours(reader):
    before = reader.labels()
    assert before[-1] == "no-knowledge baseline" and len(before) >= 3, before
    Select(reader.find("#colour")).select_by_value("seed")
    assert reader.labels()[0] == "1" and reader.labels() != before, reader.labels()
    Select(reader.find("#draw")).select_by_value("runs")
    lines = reader.js("return Chart.getChart(document.querySelector('#curves canvas')).data.datasets.length")
    assert lines == len(reader.column("run")) + 1, lines
    box = reader.find("#table tbody input")
    box.click()
    assert reader.js("return Chart.getChart(document.querySelector('#curves canvas')).data.datasets.length") == lines + 1
    box.click()
    Select(reader.find("#draw")).select_by_value("mean")
    for name in ("log-steps", "log-loss"):
        reader.find(f"#{name}").click()
    assert reader.js("return Chart.getChart(document.querySelector('#curves canvas')).scales.x.type") == "logarithmic"
    for name in ("log-steps", "log-loss"):
        reader.find(f"#{name}").click()
    Select(reader.find("#group")).select_by_value("held_out")
    assert reader.titles()[0] == "Loss of held-out individuals", reader.titles()
    Select(reader.find("#group")).select_by_value("known")
    Select(reader.find("#colour")).select_by_value("")
    assert reader.labels() == ["all runs", "no-knowledge baseline"], reader.labels()


def check_files(reader):
    data = json.loads(reader.js("return document.getElementById('report-data').textContent"))
    figure = reader.find("#curves figure")
    rows = list(csv.reader(reader.downloaded(figure.find_element(By.XPATH, ".//button[text()='CSV']")).open(newline="")))
    assert rows[0] == ["nothing", "curve", "step", "mean", "lowest", "highest", "runs"], rows[0]
    curves = [run["curves"]["attribute_loss known"] for run in data["runs"]]
    for i, row in enumerate(rows[1:]):
        mean = sum(curve[i] for curve in curves) / len(curves)
        assert abs(float(row[3]) - mean) < 1e-9 * mean and int(row[6]) == len(curves), row
    table = list(csv.reader(reader.downloaded(reader.find("#table-csv")).open(newline="")))
    assert len(table) == len(data["runs"]) + 1
    picture = reader.downloaded(figure.find_element(By.XPATH, ".//button[text()='PNG']"))
    assert picture.suffix == ".png" and picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and picture.stat().st_size > 5000


def check_ink(reader):
    ink = reader.js(INK)
    assert len(ink) >= 2, "hardly a picture"
    assert all(count > 800 and colours > 0 for count, colours in ink), ink


def check_width(reader):
    for width in (1280, 390):
        resize(reader.driver, width)
        reader.wait(lambda: reader.js("return document.documentElement.scrollWidth") <= width)
        time.sleep(0.2)
        wide = reader.js("""return [...document.querySelectorAll('figure, h1, h2, p, select, button')]
            .filter(one => one.offsetParent && !one.closest('.scroll') && one.getBoundingClientRect().right > innerWidth + 1)
            .map(one => one.outerHTML.slice(0, 80))""")
        assert wide == [], wide
        check_ink(reader)


def check_without_library(reader):
    for section in ("curves", "effects"):
        assert "built without Chart.js" in reader.find(f"#{section} .warning").text
    assert reader.driver.find_elements(By.TAG_NAME, "canvas") == []
    check_sorting(reader)
    rows = reader.downloaded(reader.find("#curves figure button")).read_text().splitlines()
    assert len(rows) > 5, rows


def check_silence(reader):
    """Nothing in the console, and nothing loaded but the page itself."""
    console = reader.driver.get_log("browser")
    assert console == [], console
    for entry in reader.driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            assert url.split("#")[0] == reader.page.resolve().as_uri() or url.startswith(("blob:", "data:")), url


def check_page(reader, kind):
    resize(reader.driver, 1280)
    reader.open()
    if kind == "no-library":
        check_without_library(reader)
    else:
        check_ink(reader)
    if kind == "sweep":
        for check in (check_sorting, check_filter, check_colours, check_files):
            check(reader)
    if kind != "no-library":
        check_width(reader)
    check_silence(reader)


def main(kind, *pages):
    with tempfile.TemporaryDirectory() as folder:
        driver = begin(folder)
        try:
            for page in pages:
                check_page(Reader(driver, Path(page), Path(folder)), kind)
        finally:
            driver.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
