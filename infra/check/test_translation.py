import unittest

from check import link, translation

ENGLISH = """# a

Set `STAGE`, and `LEVEL` to `INFO`; `DAYS` is optional.

| variable | default | meaning |
|---|---|---|
| `STAGE` | **required** | name |
| `DAYS` | 30 | days |
| `LEVEL` | `INFO` | level |

```sh
make demo
```
"""
KOREAN = """# a

`STAGE`를 설정하고 `LEVEL`을 `INFO`로 설정합니다. `DAYS`는 선택입니다.

| 변수 | 기본값 | 의미 |
|---|---|---|
| `STAGE` | **필수** | 이름 |
| `DAYS` | 30 | 일수 |
| `LEVEL` | `INFO` | 수준 |

```sh
make demo
```
"""


class Translations(unittest.TestCase):
    def test_every_korean_document_has_the_code_names_and_defaults_of_the_english_one(self):
        documents = translation.translations()
        for name in ("README.ko.md", "ARCHITECTURE.ko.md", "CONTRIBUTING.ko.md"):
            self.assertIn(link.ROOT / name, documents)
        for document in documents:
            with self.subTest(document.relative_to(link.ROOT)):
                original = translation.original(document)
                english = original.read_text()
                self.assertEqual([], translation.faults(english, document.read_text()))
                self.assertIn(f"]({document.name})", english)
                self.assertIn(f"]({original.name})", document.read_text())

    def test_words_are_free(self):
        self.assertEqual([], translation.faults(ENGLISH, KOREAN))

    def test_finds_what_differs(self):
        row = "the tables have other numbers of rows or columns"
        for old, new, fault in [
            ("| `DAYS`", "| `LEVEL`", "`LEVEL`: expected the names and values of `DAYS`"),
            ("| 30 |", "| 60 |", "60: expected the names and values of 30"),
            ("| `INFO`", "| `STAGE`", "`STAGE`: expected the names and values of `INFO`"),
            ("`DAYS`는", "일수는 `DAYS`, `HOURS`는", "only one of the two mentions `HOURS`"),
            ("**필수**", "–", "–: expected the names and values of **required**"),
            ("| `DAYS` | 30 | 일수 |\n", "", row),
            ("make demo", "make test", "the code blocks differ"),
            ("선택입니다.", "선택입니다.\n\n새 문단입니다.", "2 paragraphs and list items, expected 1 in the same order"),
            ("# a", "## a", "the levels of the headings differ"),
        ]:
            with self.subTest(fault):
                self.assertEqual([fault], translation.faults(ENGLISH, KOREAN.replace(old, new)))

    def test_finds_rows_in_another_order(self):
        days, level = "| `DAYS` | 30 | 일수 |\n", "| `LEVEL` | `INFO` | 수준 |\n"
        self.assertEqual(4, len(translation.faults(ENGLISH, KOREAN.replace(days + level, level + days))))
