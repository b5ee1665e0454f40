import unittest

from check import dependency

RULES = dependency.rules()
REGISTRY = f"registry+{RULES['sources']['allow-registry'][0]}"


def package(**changed):
    """Returns a package as `cargo metadata` describes it."""
    return {
        "name": "serde",
        "version": "1.0.0",
        "license": "MIT OR Apache-2.0",
        "source": REGISTRY,
        "dependencies": [],
        **changed,
    }


class Dependencies(unittest.TestCase):
    def test_every_crate_has_an_allowed_licence_and_source_and_is_not_banned(self):
        packages = dependency.packages(RULES)
        names = {package["name"] for package in packages}
        self.assertLessEqual({"serde", "aws-lc-sys", "proptest", "maud_macros"}, names)
        self.assertEqual([], dependency.faults(RULES, packages))

    def test_finds_what_is_not_allowed(self):
        dependencies = [
            {"name": "anyhow", "req": "*"},
            {"name": "lambda-core", "req": "*", "path": "crates/lambda-core"},
            {"name": "serde", "req": "^1"},
        ]
        for changed, fault in [
            ({"license": "GPL-3.0-only"}, "serde 1.0.0: the licence GPL-3.0-only is not allowed by deny.toml"),
            ({"license": None}, "serde 1.0.0: the licence None is not allowed by deny.toml"),
            ({"source": "git+https://example.com/a"}, "serde 1.0.0 comes from git+https://example.com/a, which deny.toml does not allow"),
            ({"source": None, "dependencies": dependencies}, "serde 1.0.0 accepts any version of anyhow"),
        ]:
            with self.subTest(fault):
                self.assertEqual([fault], dependency.faults(RULES, [package(**changed)]))
        [fault] = dependency.faults(RULES, [package(name="openssl-sys")])
        self.assertRegex(fault, "^openssl-sys 1.0.0 is banned by deny.toml: TLS is rustls")

    def test_finds_a_key_that_only_cargo_deny_would_apply(self):
        changed = {**RULES, "bans": {**RULES["bans"], "skip": []}}
        self.assertEqual(
            ["deny.toml: bans.skip is not known to infra/check/dependency.py"], dependency.faults(changed, [package()])
        )

    def test_licence_expressions(self):
        allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]
        for expression, expected in [
            ("MIT", True),
            ("GPL-2.0-only OR MIT", True),
            ("GPL-2.0-only/MIT", True),
            ("GPL-2.0-only / MIT", True),
            ("MIT AND ISC", True),
            ("MIT AND GPL-2.0-only", False),
            ("MIT AND GPL-2.0-only OR ISC", True),
            ("MIT AND (GPL-2.0-only OR ISC)", True),
            ("(MIT OR ISC) AND GPL-2.0-only", False),
            ("Apache-2.0 WITH LLVM-exception", True),
            ("Apache-2.0", False),
            ("MIT WITH LLVM-exception", False),
            ("", False),
            ("MIT OR", True),
            ("MIT ISC", False),
            ("(MIT", False),
        ]:
            with self.subTest(expression):
                self.assertEqual(expected, dependency.is_allowed(expression, allowed))
