import unittest

from check import permission, rust, stack
from check.scenario import EVERY_OPTION, SCENARIOS


class Permission(unittest.TestCase):
    def setUp(self):
        self.made = stack.made(stack.template(), EVERY_OPTION)

    def statements(self, role):
        policy = self.made["Resources"][role]["Properties"]["Policies"][0]
        return policy["PolicyDocument"]["Statement"]

    def statement(self, role, sid):
        return next(statement for statement in self.statements(role) if statement["Sid"] == sid)

    def check_finds(self, *sentences):
        self.assertEqual(list(sentences), permission.faults(self.made, with_every_option=True))

    def test_every_role_allows_exactly_what_its_function_does(self):
        self.check_finds()

    def test_no_role_allows_more_where_options_are_not_in_use(self):
        for name, parameters in SCENARIOS.items():
            with self.subTest(name):
                self.assertEqual([], permission.faults(stack.made(stack.template(), parameters)))

    def test_finds_a_call_that_is_not_allowed(self):
        self.statements("StatAnalysisRole").remove(self.statement("StatAnalysisRole", "WriteReports"))
        self.check_finds("stat-analysis may not s3:PutObject, which it does")

    def test_finds_what_is_allowed_and_never_done(self):
        self.statement("StatPrepRole", "Warn")["Action"] = ["sns:Publish", "sns:Subscribe"]
        self.check_finds("stat-prep may sns:Subscribe, which it never does")

    def test_finds_a_misspelt_action(self):
        self.statement("S3ToTeamcityRole", "ReadSecrets")["Action"] = "secretsmanager:GetSecretsValue"
        self.check_finds(
            "s3-to-teamcity may secretsmanager:GetSecretsValue, which it never does",
            "s3-to-teamcity may not secretsmanager:GetSecretValue, which it does",
        )

    def test_finds_a_resource_that_is_too_wide(self):
        self.statement("StatPrepRole", "HandOutTasks")["Resource"] = "*"
        self.check_finds("stat-prep: lambda:InvokeFunction on every resource")
        every = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:*"
        self.statement("StatPrepRole", "HandOutTasks")["Resource"] = {"Fn::Sub": every}
        self.check_finds(f"stat-prep: lambda:InvokeFunction on {every}, which is everything of a kind")

    def test_the_role_allows_the_paths_of_api_gateway_that_are_called_and_no_others(self):
        self.assertEqual([], permission.paths(self.made))

    def test_finds_a_path_that_is_not_allowed_and_one_that_nobody_calls(self):
        statement = self.statement("ApigwLogRetentionRole", "SetUpLogging")
        statement["Resource"][1] = "arn:aws:apigateway:ap-northeast-2::/apis/*/routes/*"
        self.assertEqual(
            ["PATCH /apis/x/stages/x is not allowed", "nobody calls PATCH /apis/*/routes/*"],
            permission.paths(self.made),
        )


class Calls(unittest.TestCase):
    FILE = """
        use aws_sdk_sqs::Client;
        impl Queue {
            fn new(config: &SdkConfig) -> Self { Self { client: Client::new(config) } }
            async fn put(&self) {
                // self.client.delete_queue() is in a comment.
                self.client
                    .send_message().queue_url("client.purge_queue() \\
                        over two lines").message_body(r#"client.list_queues()"#).split('"')
                    .send().await;
            }
        }
    """

    def test_reads_calls_over_lines_and_not_from_texts(self):
        file = self.FILE.replace("// self.client.delete_queue() is in a comment.", "")
        self.assertEqual({("sqs", "send_message")}, rust.calls(file))
        self.assertEqual("sqs:SendMessage", rust.action("sqs", "send_message"))

    def check_refuses(self, words, old, new):
        with self.assertRaisesRegex(rust.UnknownUse, words):
            rust.calls(
                self.FILE.replace("// self.client.delete_queue() is in a comment.", "").replace(old, new)
            )

    def test_refuses_to_guess_where_a_client_is_handed_on(self):
        self.check_refuses("unknown way", ".send().await;", ".send().await; other(&self.client);")

    def test_refuses_to_guess_where_something_else_is_sent(self):
        self.check_refuses("names 1 calls", ".send().await;", ".send().await; request.send().await;")

    def test_refuses_two_systems_in_one_file(self):
        self.check_refuses(
            "one file for one system", "use aws_sdk_sqs", "use aws_sdk_sns::Client;\nuse aws_sdk_sqs"
        )
