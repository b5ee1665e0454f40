import unittest

from check import command, link


class Commands(unittest.TestCase):
    def test_every_command_in_a_document_exists(self):
        count = 0
        for document in link.documents():
            with self.subTest(document.relative_to(link.ROOT)):
                text = document.read_text()
                count += len(command.commands(text))
                self.assertEqual([], command.faults(text))
        self.assertGreater(count, 100)

    def test_finds_what_does_not_exist(self):
        for line, fault in [
            ("make demonstration", "make demonstration: no such target"),
            ("make demo TEXT=a.tsv", "TEXT=: no such variable of make"),
            ("make check APP=codebuild STAGE=dev   # offline", "APP=codebuild: no such application"),
            ("make deploy APP=month STAGE=qa", "STAGE=qa: infra/month/samconfig.toml has no such stage"),
            ("make build FN=stat", "FN=stat: no such function"),
            ("make invoke FN=stat-prep EVENT=perod", "EVENT=perod: no such case in events/stat-prep"),
            ("cargo test -p stat-pre", "cargo -p stat-pre: no such crate"),
            ("cargo test -p stat-prep --test unit", "cargo --test unit: stat-prep has none"),
            ("cargo run -p local-stack --example shots -- a", "cargo --example shots: local-stack has none"),
            ("sh infra/roll-back.sh note a", "infra/roll-back.sh: no such file"),
            ("LOG=1 make \\\n  demonstration", "make demonstration: no such target"),
        ]:
            with self.subTest(line):
                self.assertEqual([fault], command.faults(f"Text.\n\n```sh\n{line}\n```\n"))
        self.assertEqual(["make demonstration: no such target"], command.faults("Run `make demonstration` first."))

    def test_finds_a_file_in_the_text(self):
        self.assertEqual(["infra/opnapi.yaml: no such file"], command.faults("See `infra/opnapi.yaml` and `infra/<name>/a`."))

    def test_the_code_map_names_existing_files(self):
        for name in ("ARCHITECTURE.md", "ARCHITECTURE.ko.md"):
            text = (link.ROOT / name).read_text()
            self.assertEqual([], command.map_faults(text))
            self.assertEqual(
                ["stat-prep has no run_descision.rs"], command.map_faults(text.replace("run_decision.rs", "run_descision.rs"))
            )

    def test_placeholders_and_comments_are_free(self):
        for line in (
            "make invoke FN=<function> EVENT=<case>",
            "make smoke APP=… STAGE=…",
            "make test    # make nothing",
            "aws lambda invoke --payload '{\"a\":1}' /dev/stdout",
            "curl 'https://example.com/…",
        ):
            with self.subTest(line):
                self.assertEqual([], command.faults(f"```sh\n{line}\n```\n"))
