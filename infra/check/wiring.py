"""Whether triggers, queues and alarms are wired so that nothing is lost and nobody is surprised."""

from . import rust
from .stack import functions, of_type, text

ALIAS = "AWS::Lambda::Alias"


def aliases(made):
    """Triggers that go past the alias, and so past the gradual deployment and its way back."""
    found = []

    def see(name, reference):
        target = made["Resources"].get(reference.get("Ref") if isinstance(reference, dict) else None, {})
        if target.get("Type") != ALIAS:
            found.append(f"{name} does not go to the alias live")

    for name, permission in of_type(made, "AWS::Lambda::Permission").items():
        see(name, permission["FunctionName"])
    for name, mapping in of_type(made, "AWS::Lambda::EventSourceMapping").items():
        see(name, mapping["FunctionName"])
    for name, schedule in of_type(made, "AWS::Scheduler::Schedule").items():
        see(name, schedule["Target"]["Arn"])
    for name, rule in of_type(made, "AWS::Events::Rule").items():
        for target in rule["Targets"]:
            if "Fn::GetAtt" not in target["Arn"]:
                see(name, target["Arn"])
    for name, config in of_type(made, "AWS::Lambda::EventInvokeConfig").items():
        if config["Qualifier"] != "live":
            found.append(f"{name} is not the alias live's")
    for name, properties in of_type(made, "AWS::Lambda::Function").items():
        handed_to = properties.get("Environment", {}).get("Variables", {}).get("STAT_ANALYSIS_FUNCTIONS")
        if handed_to and not text(handed_to).endswith(":live"):
            found.append(f"{name} hands tasks to something else than the alias live")
    return found


def losses(made):
    """Ways on which an event could get lost without a trace, or stay unencrypted."""
    found = []
    asynchronous = set()
    for name, schedule in of_type(made, "AWS::Scheduler::Schedule").items():
        asynchronous.add(schedule["Target"]["Arn"]["Ref"])
        if "DeadLetterConfig" not in schedule["Target"] or "RetryPolicy" not in schedule["Target"]:
            found.append(f"{name} has no dead letters or no retries")
    for name, rule in of_type(made, "AWS::Events::Rule").items():
        for target in rule["Targets"]:
            asynchronous |= {target["Arn"]["Ref"]} if "Ref" in target["Arn"] else set()
            if "DeadLetterConfig" not in target:
                found.append(f"{name} has no dead letters")
    kept = {
        config["FunctionName"]["Ref"]: config["DestinationConfig"]["OnFailure"]
        for config in of_type(made, "AWS::Lambda::EventInvokeConfig").values()
    }
    for alias in sorted(asynchronous):
        function = made["Resources"][alias]["Properties"]["FunctionName"]["Ref"]
        if function not in kept:
            found.append(f"{function} is invoked asynchronously and keeps no failures")
    properties_of = of_type(made, "AWS::Lambda::Function")
    queues = of_type(made, "AWS::SQS::Queue")
    for name, mapping in of_type(made, "AWS::Lambda::EventSourceMapping").items():
        queue = queues[mapping["EventSourceArn"]["Fn::GetAtt"][0]]
        alias = made["Resources"][mapping["FunctionName"]["Ref"]]["Properties"]
        timeout = properties_of[alias["FunctionName"]["Ref"]]["Timeout"]
        if int(queue.get("VisibilityTimeout", 30)) < 6 * int(timeout):
            found.append(f"{name}: the queue shows messages again before six timeouts of {timeout} s")
        if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            found.append(f"{name}: one bad message fails its whole batch")
        if "RedrivePolicy" not in queue:
            found.append(f"{name}: the queue has no dead letters")
    secured = _secured(made)
    for name, queue in queues.items():
        if queue.get("SqsManagedSseEnabled") is not True:
            found.append(f"{name} is not encrypted")
        if name not in secured:
            found.append(f"{name} takes unencrypted connections")
    return found


def _secured(made):
    """The queues with a policy that refuses unencrypted connections."""
    return {
        queue["Ref"]
        for policy in of_type(made, "AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for queue in policy["Queues"]
    }


def unlogged(made):
    """Functions whose log never ends, or could not be searched."""
    found = []
    groups = of_type(made, "AWS::Logs::LogGroup")
    for function, properties in functions(made).items():
        logging = properties.get("LoggingConfig", {})
        group = groups.get(logging.get("LogGroup", {}).get("Ref"), {})
        if text(group.get("LogGroupName", "")) != f"/aws/lambda/{text(properties['FunctionName'])}":
            found.append(f"{function} has no log group of its own")
        if "RetentionInDays" not in group:
            found.append(f"{function}'s log never ends")
        if logging.get("LogFormat") != "JSON" or properties.get("TracingConfig") != {"Mode": "Active"}:
            found.append(f"{function} logs no JSON, or is not traced")
    return found


def unwatched(made):
    """Queues that fill up without an alarm, functions without alarms, metrics that nobody emits."""
    found = rollbacks(made)
    alarms = of_type(made, "AWS::CloudWatch::Alarm")
    watched = {
        (alarm["MetricName"], text(d["Value"])) for alarm in alarms.values() for d in alarm.get("Dimensions", [])
    }
    queues = of_type(made, "AWS::SQS::Queue")
    worked_on = {
        m["EventSourceArn"]["Fn::GetAtt"][0] for m in of_type(made, "AWS::Lambda::EventSourceMapping").values()
    }
    for name in sorted(set(queues) - worked_on):
        if ("ApproximateNumberOfMessagesVisible", f"${{{name}.QueueName}}") not in watched:
            found.append(f"nobody hears of messages in {name}")
    groups = of_type(made, "AWS::CodeDeploy::DeploymentGroup")
    for function, properties in functions(made).items():
        for metric in ("Errors", "Throttles"):
            if (metric, text(properties["FunctionName"])) not in watched:
                found.append(f"nobody hears of {function}'s {metric}")
    if len(groups) != len(functions(made)):
        found.append("not every function is deployed gradually")
    for name, alarm in alarms.items():
        found += [f"{name}: {fault}" for fault in _unknown_metric(alarm)]
        if "TreatMissingData" not in alarm or "AlarmActions" not in alarm:
            found.append(f"{name} does not say whom it tells, or what no data means")
    return found


def rollbacks(made):
    """Deployments that no alarm, that the old version's alarm, or that anybody from outside would take back."""
    found = []
    alarms = of_type(made, "AWS::CloudWatch::Alarm")
    mappings = of_type(made, "AWS::Lambda::EventSourceMapping").values()
    from_a_queue = {mapping["FunctionName"]["Ref"] for mapping in mappings}
    from_outside = {
        permission["FunctionName"]["Ref"]
        for permission in of_type(made, "AWS::Lambda::Permission").values()
        if permission["Principal"] == "apigateway.amazonaws.com"
    }
    for alias, resource in made["Resources"].items():
        if resource["Type"] != ALIAS:
            continue
        name = resource["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]["Ref"]
        group = made["Resources"][name]["Properties"]
        names = [alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"].get("Alarms", [])]
        asked = {alarm: alarms[alarm] for alarm in names}
        by_version = {
            alarm
            for alarm, properties in asked.items()
            if resource["Properties"]["FunctionVersion"] in [d["Value"] for d in properties.get("Dimensions", [])]
        }
        if group["DeploymentConfigName"].endswith("AllAtOnce"):
            found += [f"{name}: {alarm} stops even AllAtOnce" for alarm in sorted(set(asked) - by_version)]
            continue
        if not asked:
            found.append(f"{name} has no alarm that rolls a deployment back")
        for alarm, properties in asked.items():
            if properties["Namespace"] == "AWS/Lambda" and alarm not in by_version:
                found.append(f"{name}: {alarm} counts the old version, whose fix could not be deployed")
            if properties["Namespace"] == "AWS/Lambda" and alias in from_outside:
                found.append(f"{name}: whoever calls the API can ring {alarm}")
        if alias in from_a_queue and not any(a["Namespace"] == "Nightshift" for a in asked.values()):
            found.append(f"{name}: a message that fails is no error of Lambda, and rolls nothing back")
    return found


def _unknown_metric(alarm):
    if alarm["Namespace"] != "Nightshift":
        return
    [dimension] = alarm["Dimensions"]
    function = text(dimension["Value"]).removeprefix("${AWS::StackName}-")
    if dimension["Name"] != "Function" or function not in rust.functions():
        yield f"{dimension} is nobody's dimension"
    elif alarm["MetricName"] not in rust.metrics(function):
        yield f"{function} has no metric {alarm['MetricName']}"
