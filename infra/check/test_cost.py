import re
import unittest
import unittest.mock

from check import cost, rust, stack, translation

DOCUMENTS = [stack.INFRA / "README.md", stack.INFRA / "README.ko.md"]


def table(file):
    """Returns the rows of all tables, by their first cell without what follows a colon."""
    return {row[0].split(":")[0]: row[1:] for row in translation.rows(file.read_text())}


class Costs(unittest.TestCase):
    def test_the_readme_has_the_computed_costs(self):
        for file in DOCUMENTS:
            rows = table(file)
            for app, costs in cost.rows().items():
                with self.subTest(f"{file.name}, {app}"):
                    self.assertEqual([f"{dollars:.2f}" for dollars in costs], rows[f"`{app}`"][:3])
            self.assertIn(f"{cost.endpoints():.2f}", rows["`month`"][3])
            self.assertIn(f"{cost.nat_gateway():.2f}", rows["`month`"][3])

    def test_the_benchmarks_have_the_computed_costs_of_texts(self):
        rows = table(stack.INFRA.parent / "docs/benchmarks.md")
        for column, number in enumerate([10_000, 100_000, 1_000_000]):
            for name, dollars in cost.texts(number).items():
                self.assertEqual(f"{dollars:.4f}", rows[name][column], f"{name}, {number} texts")

    def test_every_application_has_a_row(self):
        self.assertEqual(set(stack.FUNCTIONAL), set(cost.rows()))

    def test_the_readme_has_the_prices(self):
        for file in DOCUMENTS:
            listed = file.read_text().split("0.0000133334")[1].split("\n\n")[0]
            prices = [0.0000133334, *(float(price) for price in re.findall(r"\| ([\d.]+) \|", listed))]
            per_million = [prices[0], prices[1] / 1e6, *prices[2:5], prices[5] / 1e6, prices[6] / 1e6, prices[7], prices[8] / 1e6, *prices[9:]]
            for (name, expected), price in zip(cost.PRICES.items(), per_million, strict=True):
                self.assertAlmostEqual(expected, price, places=12, msg=f"{file.name}, {name}")

    def test_a_cost_is_the_sum_of_its_parts(self):
        # 66,000 events of 1 s with 128 MB, a request, 2 KB of log, a trace and three writes; three alarms, a secret,
        # four metrics: 0.110 + 0.013 + 0.100 + 0.330 + 0.135 + 0.30 + 0.40 + 1.20.
        self.assertAlmostEqual(2.588, cost.rows()["codebuild-slack"][1], places=3)

    def test_a_metric_that_is_not_emitted_is_found(self):
        self.assertNotIn("StagesFund", rust.metrics("apigw-log-retention"))
        with unittest.mock.patch.dict(cost.METRICS, {"apigw-log-retention": ["StagesFund"]}):
            with self.assertRaisesRegex(ValueError, "emits no metric StagesFund"):
                cost.rows()
