"""Writes the seeds and the dictionary of each fuzz target to fuzz/corpus and fuzz/dictionaries.

The seeds are the events in events/, the JSON and the URLs of the READMEs, and the data of the crates. Parts of an input are
separated by a byte 0xFF, which UTF-8 never contains.
"""

import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUZZ = ROOT / "fuzz"


def events(function):
    """Returns the events of a function."""
    return [path.read_text() for path in sorted((ROOT / "events" / function).glob("*.json"))]


def quoted(crate, pattern):
    """Returns what the READMEs and the tests of a crate have that matches the pattern."""
    folder = ROOT / "crates" / crate
    files = [folder / "README.md", *sorted(folder.rglob("src/**/*.rs"))]
    return sorted({found for file in files for found in re.findall(pattern, file.read_text())})


def joined(*parts):
    """Returns an input of several parts."""
    return b"\xff".join(part.encode() for part in parts)


def words(texts):
    """Returns the names and short texts in quotation marks."""
    return sorted({word for text in texts for word in re.findall(r'"([ -!#-\[\]-~]{2,60})"', text)})


def seeds():
    """Returns the inputs of each target."""
    slack, uploads = events("codebuild-slack"), events("s3-to-teamcity")
    corpus = ROOT / "crates/codebuild-slack/src/mask/corpus"
    lines = [line for name in ("secrets", "harmless") for line in (corpus / f"{name}.txt").read_text().splitlines()]
    lines = [line.split("\t")[-1] for line in lines]
    terms = (ROOT / "crates/stat-analysis/data/terms.tsv").read_text().splitlines()
    terms = [line for line in terms if line and not line.startswith("#")]
    texts = [line.split("\t")[-1] for line in (ROOT / "crates/demo/data/texts.tsv").read_text().splitlines()]
    user = "주차권,NNG\n냉난방기,NNG,-3000\n출입카드,NNG,,출입/NNG+카드/NNG\n쌩깜,VV+ETN,,쌩까/VV+ㅁ/ETN"
    urls = quoted("postgres-session", r"postgres(?:ql)?://[^\s\"`)]+")
    build_routes, slack_routes = rules("s3-to-teamcity"), rules("codebuild-slack")
    retention_rules = rules("apigw-log-retention")
    bodies = ["No build type nor template is found", *fragments("s3-to-teamcity/src/adapters/teamcity")]
    long = "x" * 490
    return {
        "analyser": [joined(user, text) for text in texts[::40]],
        "configuration": [joined("p%40", "@db:5432/stats?sslmode=require", block) for block in variables()],
        "database_url": [joined(url, "u", "p%40", "x", "db:5432/stats?sslmode=require") for url in urls],
        "image": [bytes(range(start, start + 25)) for start in range(0, 200, 40)],
        "loopback_event": [joined(event, "a=1&token=x") for event in events("api-loopback")],
        "mask": [joined("s3cr3t/+pass word", line, line, "API_TOKEN", "x7Kp2mQ9") for line in lines],
        "month_event": [joined(event) for event in events("stat-prep") + events("stat-analysis")],
        "report_files": [joined("12", "B1", "한빛 1동", term) for term in ("누수", "=1+1", "-2", "'a", "_x0041_", "\"a,b\"")],
        "retention_event": [joined(event) for event in events("apigw-log-retention")],
        "retention_rules": [
            joined(rule, rule, '{"id":"$context.requestId"}', "/api/{api_id}/{stage}", "prod") for rule in retention_rules
        ],
        "s3_event": [joined(event) for event in uploads],
        "s3_routes": [
            joined(rule, "in/{branch}/{name}.zip", "{name}@{branch} %a%", "in/main/a.zip") for rule in build_routes
        ],
        "slack_event": [joined(event, "[Container] FAILED\nerror: boom", "tests::a", "expected 1") for event in slack],
        "slack_routes": [joined(rule, "web-api", "main", mention) for rule in slack_routes for mention in ("@here", "<@U01>")],
        "teamcity_error": [
            joined(body, "/login.html?", before, " is not valid")
            for body in bodies for before in ("Bearer ", long)
        ],
        "word_lists": [
            joined(user, "안녕\n# 감사", "\n".join(terms[at : at + 4]), texts[at % len(texts)]) for at in range(0, len(terms), 9)
        ],
    }


def rules(crate):
    """Returns the JSON arrays of a crate's README and tests."""
    arrays = quoted(crate, r"(?s)\[\s*\{\s*\"\w+\".*?\}\s*\]")
    return [array for array in arrays if len(array) < 1500]


def fragments(folder):
    """Returns the raw texts in the tests of a folder."""
    files = sorted((ROOT / "crates" / folder).rglob("*.rs"))
    return [found for file in files for found in re.findall(r'(?s)r#"(.*?)"#', file.read_text())]


def variables():
    """Returns the variables in the READMEs' tables, each with each of its values in backticks."""
    found = []
    for readme in sorted((ROOT / "crates").glob("*/README.md")):
        rows = re.findall(r"(?m)^\| `([A-Z][A-Z_]+)` \|(.*)$", readme.read_text())
        found.append("\n".join(f"{name}={value}" for name, row in rows for value in re.findall(r"`([^`]+)`", row)[:1]))
    return [block for block in found if block]


def main():
    """Writes all seeds."""
    for target, inputs in seeds().items():
        folder = FUZZ / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(inputs):
            (folder / f"seed-{number:03}").write_bytes(content)
        texts = [content.decode(errors="replace") for content in inputs]
        dictionary = FUZZ / "dictionaries" / target
        dictionary.parent.mkdir(exist_ok=True)
        dictionary.write_text("".join(json.dumps(word) + "\n" for word in [*words(texts)]) + '"\\xff"\n')


main()
