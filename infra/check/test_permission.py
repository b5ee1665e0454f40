import unittest

from check import permission, rust, stack
from check.scenario import FULL, LEAST, SCENARIOS


def made(app):
    return stack.made(stack.template(app), FULL[app])


def statement(made_template, function, sid):
    role = made_template["Resources"][f"{function}Role"]["Properties"]
    return next(s for p in role["Policies"] for s in p["PolicyDocument"]["Statement"] if s.get("Sid") == sid)


class Permission(unittest.TestCase):
    def check_finds(self, made_template, *sentences):
        self.assertEqual(list(sentences), permission.faults(made_template, with_every_option=True))

    def test_every_role_allows_exactly_the_calls_of_its_function(self):
        for app in stack.FUNCTIONAL:
            with self.subTest(app):
                # Each option is in use in one of the two: some exclude each other.
                faults = [set(permission.faults(stack.made(stack.template(app), p), True)) for p in (FULL[app], LEAST[app])]
                self.assertEqual(set(), set.intersection(*faults))

    def test_no_role_allows_more_while_options_are_not_in_use(self):
        for app, name, parameters in SCENARIOS:
            with self.subTest(f"{app}, {name}"):
                self.assertEqual([], permission.faults(stack.made(stack.template(app), parameters)))

    def test_finds_a_call_that_is_not_allowed(self):
        month = made("month")
        statement(month, "StatAnalysis", "WriteReports")["Action"] = []
        self.check_finds(month, "stat-analysis is not allowed s3:PutObject, which it calls")

    def test_finds_a_permission_that_is_never_used(self):
        month = made("month")
        statement(month, "StatPrep", "PublishWarnings")["Action"] = ["sns:Publish", "sns:Subscribe"]
        self.check_finds(month, "stat-prep is allowed sns:Subscribe, which it never calls")

    def test_finds_a_resource_that_is_too_wide(self):
        month = made("month")
        statement(month, "StatPrep", "InvokeTasks")["Resource"] = "*"
        self.check_finds(month, "stat-prep: lambda:InvokeFunction on every resource")
        every = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:*"
        statement(month, "StatPrep", "InvokeTasks")["Resource"] = {"Fn::Sub": every}
        self.check_finds(
            month, f"stat-prep: lambda:InvokeFunction on {every}, which matches every resource of its kind"
        )

    def test_finds_a_managed_policy_that_sam_does_not_attach(self):
        slack = made("codebuild-slack")
        slack["Resources"]["FunctionRole"]["Properties"]["ManagedPolicyArns"].append("arn:aws:iam::aws:policy/PowerUserAccess")
        self.assertIn("codebuild-slack has the managed policy PowerUserAccess", permission.faults(slack))

    def test_the_role_allows_exactly_the_paths_of_api_gateway_that_are_called(self):
        self.assertEqual([], permission.paths(made("apigw-log-retention")))

    def test_finds_a_path_that_is_not_allowed_and_one_that_is_never_called(self):
        retention = made("apigw-log-retention")
        resources = statement(retention, "Function", "SetUpLogging")["Resource"]
        resources[1] = "arn:aws:apigateway:ap-northeast-2::/apis/*/routes/*"
        self.assertEqual(
            ["PATCH /apis/x/stages/x is not allowed", "PATCH /apis/*/routes/* is allowed and never called"],
            permission.paths(retention),
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

    def test_reads_calls_over_lines_and_not_from_literals(self):
        file = self.FILE.replace("// self.client.delete_queue() is in a comment.", "")
        self.assertEqual({("sqs", "send_message")}, rust.calls(file))
        self.assertEqual("sqs:SendMessage", rust.action("sqs", "send_message"))

    def check_refuses(self, words, old, new):
        with self.assertRaisesRegex(rust.UnknownUse, words):
            rust.calls(
                self.FILE.replace("// self.client.delete_queue() is in a comment.", "").replace(old, new)
            )

    def test_refuses_to_guess_if_a_client_is_passed_on(self):
        self.check_refuses("unknown way", ".send().await;", ".send().await; other(&self.client);")

    def test_refuses_to_guess_if_something_else_is_sent(self):
        self.check_refuses("names 1 calls", ".send().await;", ".send().await; request.send().await;")

    def test_refuses_two_systems_in_one_file(self):
        self.check_refuses(
            "one file for one system", "use aws_sdk_sqs", "use aws_sdk_sns::Client;\nuse aws_sdk_sqs"
        )
