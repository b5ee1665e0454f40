import unittest

from check import link


class Links(unittest.TestCase):
    def test_every_link_leads_to_a_file_and_a_heading(self):
        documents = link.documents()
        self.assertIn(link.ROOT / "README.md", documents)
        for document in documents:
            with self.subTest(document.relative_to(link.ROOT)):
                self.assertEqual([], link.faults(document, document.read_text()))

    def test_finds_a_missing_file_and_a_missing_heading(self):
        text = "# Here\n\n[a](missing.md) [`b`](LICENSE) [c](#here) [d](#there) [e](infra/README.md#runbooks)\n"
        self.assertEqual(
            ["missing.md: no such file", "#there: no such heading", "infra/README.md#runbooks: no such heading"],
            link.faults(link.ROOT / "README.md", text),
        )
