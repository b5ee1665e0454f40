import unittest

from check import link


class Links(unittest.TestCase):
    def test_every_link_leads_to_a_file_and_a_heading(self):
        documents = link.documents()
        self.assertIn(link.ROOT / "README.md", documents)
        for document in documents:
            with self.subTest(document.relative_to(link.ROOT)):
                self.assertEqual([], link.faults(document, document.read_text()))

    def test_finds_a_missing_picture(self):
        text = '<img width="200" src="docs/pictures/none.png" alt="nothing">'
        self.assertEqual(["docs/pictures/none.png: no such file"], link.faults(link.ROOT / "README.md", text))

    def test_every_picture_is_small_and_shown(self):
        shown = "".join(document.read_text() for document in link.documents())
        pictures = sorted((link.ROOT / "docs/pictures").iterdir())
        self.assertGreaterEqual(len(pictures), 4)
        for picture in pictures:
            with self.subTest(picture.name):
                self.assertEqual(b"\x89PNG", picture.read_bytes()[:4])
                self.assertLess(picture.stat().st_size, 150_000)
                self.assertIn(f"docs/pictures/{picture.name}", shown)

    def test_finds_a_missing_file_and_a_missing_heading(self):
        text = "# Here\n\n[a](missing.md) [`b`](LICENSE) [c](#here) [d](#there) [e](infra/README.md#runbooks)\n"
        self.assertEqual(
            ["missing.md: no such file", "#there: no such heading", "infra/README.md#runbooks: no such heading"],
            link.faults(link.ROOT / "README.md", text),
        )
