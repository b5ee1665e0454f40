import unittest

from check import link, translation

ENGLISH = """# a

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
    def test_every_korean_readme_has_the_code_names_and_defaults_of_the_english_one(self):
        documents = translation.translations()
        self.assertIn(link.ROOT / "README.ko.md", documents)
        for document in documents:
            with self.subTest(document.relative_to(link.ROOT)):
                english = document.with_name("README.md").read_text()
                self.assertEqual([], translation.faults(english, document.read_text()))
                self.assertIn("](README.ko.md)", english)
                self.assertIn("](README.md)", document.read_text())

    def test_words_are_free(self):
        self.assertEqual([], translation.faults(ENGLISH, KOREAN))

    def test_finds_what_differs(self):
        row = "the tables have other numbers of rows or columns"
        for old, new, fault in [
            ("`DAYS`", "`DAY`", "`DAY`: expected the names and values of `DAYS`"),
            ("| 30 |", "| 60 |", "60: expected the names and values of 30"),
            ("`INFO`", "`ERROR`", "`ERROR`: expected the names and values of `INFO`"),
            ("**필수**", "–", "–: expected the names and values of **required**"),
            ("| `DAYS` | 30 | 일수 |\n", "", row),
            ("make demo", "make test", "the code blocks differ"),
            ("# a", "## a", "the levels of the headings differ"),
        ]:
            with self.subTest(fault):
                self.assertEqual([fault], translation.faults(ENGLISH, KOREAN.replace(old, new)))

    def test_finds_rows_in_another_order(self):
        days, level = "| `DAYS` | 30 | 일수 |\n", "| `LEVEL` | `INFO` | 수준 |\n"
        self.assertEqual(4, len(translation.faults(ENGLISH, KOREAN.replace(days + level, level + days))))
