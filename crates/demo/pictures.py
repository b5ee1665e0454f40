"""Makes the pictures in docs/pictures/ from what `make demo` left: its report, its Slack messages, its output.

    make demo | tee target/demo.txt && python3 crates/demo/pictures.py target/demo target/demo.txt

Needs ChromeDriver and Chromium, as the tests of the report do, and fonts with Korean letters and emoji (Debian:
fonts-nanum, fonts-noto-color-emoji). The Slack message is Block Kit rendered here, not a screenshot of Slack.
"""

import base64
import contextlib
import csv
import html
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

PICTURES = Path(__file__).resolve().parents[2] / "docs/pictures"
#: Largest size of a picture, in bytes.
LIMIT = 150_000
STYLE = """
body { margin: 0; padding: 20px; width: max-content; font: 15px/1.5 "Nanum Gothic", "Apple SD Gothic Neo", sans-serif; }
.slack { width: 640px; background: #fff; color: #1d1c1d; }
.slack h1 { font-size: 18px; margin: 0 0 8px; }
.slack .fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; margin: 8px 0; }
.slack .context { color: #616061; font-size: 13px; margin-top: 8px; }
.slack a { color: #1264a3; text-decoration: none; }
.slack pre, .slack code { font: 12px/1.5 "Nanum Gothic Coding", monospace; background: #f8f8f8; border: 1px solid #ddd; }
.slack pre { padding: 8px; border-radius: 4px; white-space: pre-wrap; }
.slack code { padding: 1px 3px; color: #c01343; border-radius: 3px; }
.terminal { background: #14171c; color: #d8dee4; }
.terminal pre { margin: 0; font: 13px/1.4 "Nanum Gothic Coding", "D2Coding", monospace; }
"""


def main(folder, output):
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    lines = output.read_text("utf-8").splitlines()
    lines = lines[lines.index("Checks") :]
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as pages:
        pages = Path(pages)
        (pages / "slack.html").write_text(page("slack", blocks(failed_message(summary))), "utf-8")
        (pages / "demo.html").write_text(page("terminal", f"<pre>{html.escape(chr(10).join(lines))}</pre>"), "utf-8")
        report = folder.resolve() / "report.html"
        with driver() as address:
            picture(address, report, "report-desktop", width=1280, height=1000)
            picture(address, report, "report-building", fragment=f"#b={first_building(folder)}", width=1280, height=1000)
            picture(address, report, "report-phone", width=360, height=740, is_phone=True)
            picture(address, pages / "slack.html", "slack")
            picture(address, pages / "demo.html", "demo")


def first_building(folder):
    """Returns the id of the first building in the report's CSV."""
    with (folder / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        return next(csv.DictReader(file))["building_id"]


def failed_message(summary):
    """Returns the longest message about a failed build that the demo's Slack received."""
    found = []

    def search(value):
        if isinstance(value, dict):
            if "blocks" in value and value.get("text", "").startswith("❌"):
                found.append(value["blocks"])
            value = list(value.values())
        if isinstance(value, list):
            for one in value:
                search(one)

    search(summary)
    if not found:
        sys.exit("pictures: summary.json has no message about a failed build")
    return max(found, key=lambda one: len(json.dumps(one)))


def blocks(message):
    """Returns the HTML of Block Kit, as far as codebuild-slack uses it."""
    parts = []
    for block in message:
        match block["type"]:
            case "header":
                parts.append(f"<h1>{html.escape(block['text']['text'])}</h1>")
            case "section":
                fields = "".join(f"<div>{mrkdwn(field['text'])}</div>" for field in block.get("fields", []))
                parts.append(f'<div class="fields">{fields}</div>' if fields else f"<div>{mrkdwn(block['text']['text'])}</div>")
            case "context":
                parts += [f'<div class="context">{mrkdwn(one["text"])}</div>' for one in block["elements"]]
            case other:
                sys.exit(f"pictures: unknown block {other}")
    return "".join(parts)


def mrkdwn(text):
    """Returns the HTML of Slack's markup, whose own & < > are entities already."""
    text = re.sub(r"<([^|>]+)\|([^>]+)>", r'<a href="#">\2</a>', text)
    parts = re.split(r"(```.*?```|`[^`]+`)", text, flags=re.DOTALL)
    for i, part in enumerate(parts):
        if part.startswith("```"):
            parts[i] = "<pre>" + part.strip("`").strip("\n") + "</pre>"
        elif part.startswith("`"):
            parts[i] = f"<code>{part.strip('`')}</code>"
        else:
            parts[i] = re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", part).replace("\n", "<br>")
    return "".join(parts)


def page(name, body):
    """Returns an HTML page of one picture."""
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><body class="{name}">{body}'


@contextlib.contextmanager
def driver():
    """Runs ChromeDriver; yields its address."""
    process = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        for line in process.stdout:
            if port := re.search(r"started successfully on port (\d+)", line):
                yield f"http://127.0.0.1:{port[1]}"
                return
        sys.exit("pictures: chromedriver ended")
    finally:
        process.terminate()
        process.wait()


def picture(address, file, name, fragment="", width=1280, height=900, is_phone=False):
    """Writes the PNG of a page: of a phone's or a desktop's window, or of the whole body if that is narrower."""
    arguments = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={width},{height}"]
    options = {"args": arguments}
    if is_phone:
        metrics = {"width": width, "height": height, "pixelRatio": 2, "touch": True, "mobile": True}
        options["mobileEmulation"] = {"deviceMetrics": metrics}
    session = f"/session/{post(address, '/session', capabilities={'alwaysMatch': {'goog:chromeOptions': options}})['sessionId']}"
    try:
        post(address, f"{session}/url", url=f"file://{file}{fragment}")
        time.sleep(2)
        if file.name != "report.html":
            size = "return [document.body.offsetWidth, document.body.offsetHeight]"
            width, height = post(address, f"{session}/execute/sync", script=size, args=[])
            post(address, f"{session}/goog/cdp/execute", cmd="Emulation.setDeviceMetricsOverride", params={
                "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False,
            })
        png = base64.b64decode(get(address, f"{session}/screenshot"))
    finally:
        urllib.request.urlopen(urllib.request.Request(address + session, method="DELETE")).close()
    if len(png) > LIMIT:
        sys.exit(f"pictures: {name}.png has {len(png)} bytes, expected at most {LIMIT}")
    (PICTURES / f"{name}.png").write_bytes(png)
    print(f"{name}.png: {len(png)} bytes")


def post(address, path, **body):
    """Returns the value of a WebDriver command."""
    request = urllib.request.Request(address + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return json.load(response)["value"]


def get(address, path):
    """Returns the value of a WebDriver query."""
    with urllib.request.urlopen(address + path) as response:
        return json.load(response)["value"]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
