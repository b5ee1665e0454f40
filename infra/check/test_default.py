import unittest

from check import default, rust


class Defaults(unittest.TestCase):
    def test_the_readmes_have_the_defaults_of_the_code(self):
        count = 0
        for function in rust.functions():
            with self.subTest(function):
                readme, source = default.read(function)
                count += len(default.defaults(source))
                self.assertEqual([], default.faults(function, readme, source))
        self.assertGreaterEqual(count, 20)

    def test_finds_another_default_and_a_missing_row(self):
        source = (
            'variables.number("A_MS", 10_000, 1);\nvariables\n    .boolean("DRY_RUN", false);\n'
            'variables.text("TAG").unwrap_or("a:b").to_owned();\nvariables.parsed("LEVEL", Level::Info, Level::parse);'
        )
        self.assertEqual({"A_MS": "10000", "DRY_RUN": "false", "TAG": "a:b"}, default.defaults(source))
        readme = "| variable | default | meaning |\n|---|---|---|\n| `A_MS` | 1000 | a |\n| `DRY_RUN` | `false` | b |\n"
        self.assertEqual(
            ["f: the README has 1000 for A_MS, the code 10000", "f: the README has no row for TAG"],
            default.faults("f", readme, source),
        )
