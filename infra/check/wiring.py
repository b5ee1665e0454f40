"""Checks that triggers, queues and alarms lose no event and report every failure."""

from . import rust
from .stack import functions, of_type, text

ALIAS = "AWS::Lambda::Alias"


def aliases(made):
    """Returns triggers that bypass the alias, and so the deployment and its rollback."""
    found = []

    def check(name, reference):
        target = made["Resources"].get(reference.get("Ref") if isinstance(reference, dict) else None, {})
        if target.get("Type") != ALIAS:
            found.append(f"{name} does not invoke the alias live")

    for name, permission in of_type(made, "AWS::Lambda::Permission").items():
        check(name, permission["FunctionName"])
    for name, mapping in of_type(made, "AWS::Lambda::EventSourceMapping").items():
        check(name, mapping["FunctionName"])
    for name, schedule in of_type(made, "AWS::Scheduler::Schedule").items():
        check(name, schedule["Target"]["Arn"])
    for name, rule in of_type(made, "AWS::Events::Rule").items():
        for target in rule["Targets"]:
            if "Fn::GetAtt" not in target["Arn"]:
                check(name, target["Arn"])
    for name, config in of_type(made, "AWS::Lambda::EventInvokeConfig").items():
        if config["Qualifier"] != "live":
            found.append(f"{name} does not belong to the alias live")
    for name, properties in of_type(made, "AWS::Lambda::Function").items():
        target = properties.get("Environment", {}).get("Variables", {}).get("STAT_ANALYSIS_FUNCTIONS")
        if target and not text(target).endswith(":live"):
            found.append(f"{name} invokes tasks without the alias live")
    return found


def losses(made):
    """Returns ways in which an event could get lost without a trace, or stay unencrypted."""
    found = []
    asynchronous = set()
    for name, schedule in of_type(made, "AWS::Scheduler::Schedule").items():
        asynchronous.add(schedule["Target"]["Arn"]["Ref"])
        if "DeadLetterConfig" not in schedule["Target"] or "RetryPolicy" not in schedule["Target"]:
            found.append(f"{name} has no dead-letter queue or no retries")
    for name, rule in of_type(made, "AWS::Events::Rule").items():
        for target in rule["Targets"]:
            asynchronous |= {target["Arn"]["Ref"]} if "Ref" in target["Arn"] else set()
            if "DeadLetterConfig" not in target:
                found.append(f"{name} has no dead-letter queue")
    kept = {
        config["FunctionName"]["Ref"]: config["DestinationConfig"]["OnFailure"]
        for config in of_type(made, "AWS::Lambda::EventInvokeConfig").values()
    }
    for alias in sorted(asynchronous):
        function = made["Resources"][alias]["Properties"]["FunctionName"]["Ref"]
        if function not in kept:
            found.append(f"{function} is invoked asynchronously and has no failure destination")
    properties_of = of_type(made, "AWS::Lambda::Function")
    queues = of_type(made, "AWS::SQS::Queue")
    for name, mapping in of_type(made, "AWS::Lambda::EventSourceMapping").items():
        queue = queues[mapping["EventSourceArn"]["Fn::GetAtt"][0]]
        alias = made["Resources"][mapping["FunctionName"]["Ref"]]["Properties"]
        timeout = properties_of[alias["FunctionName"]["Ref"]]["Timeout"]
        if int(queue.get("VisibilityTimeout", 30)) < 6 * int(timeout):
            found.append(f"{name}: the visibility timeout is shorter than six function timeouts of {timeout} s")
        if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            found.append(f"{name}: one failed message fails its whole batch")
        if "RedrivePolicy" not in queue:
            found.append(f"{name}: the queue has no dead-letter queue")
    secured = _secured(made)
    for name, queue in queues.items():
        if queue.get("SqsManagedSseEnabled") is not True:
            found.append(f"{name} is not encrypted")
        if name not in secured:
            found.append(f"{name} accepts unencrypted connections")
    return found


def _secured(made):
    """Returns the queues with a policy that denies unencrypted connections."""
    return {
        queue["Ref"]
        for policy in of_type(made, "AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for queue in policy["Queues"]
    }


def unlogged(made):
    """Returns functions whose log has no retention, is not JSON, or that are not traced."""
    found = []
    groups = of_type(made, "AWS::Logs::LogGroup")
    for function, properties in functions(made).items():
        logging = properties.get("LoggingConfig", {})
        group = groups.get(logging.get("LogGroup", {}).get("Ref"), {})
        if text(group.get("LogGroupName", "")) != f"/aws/lambda/{text(properties['FunctionName'])}":
            found.append(f"{function} has no log group of its own")
        if "RetentionInDays" not in group:
            found.append(f"{function}'s log group has no retention")
        if logging.get("LogFormat") != "JSON" or properties.get("TracingConfig") != {"Mode": "Active"}:
            found.append(f"{function} does not log JSON, or is not traced")
    return found


def unwatched(made):
    """Returns queues and functions without alarms, and alarms on metrics that do not exist."""
    found = rollbacks(made)
    alarms = of_type(made, "AWS::CloudWatch::Alarm")
    watched = {(a["MetricName"], text(d["Value"])) for a in alarms.values() for d in a.get("Dimensions", [])}
    queues = of_type(made, "AWS::SQS::Queue")
    mappings = of_type(made, "AWS::Lambda::EventSourceMapping").values()
    sources = {mapping["EventSourceArn"]["Fn::GetAtt"][0] for mapping in mappings}
    for name in sorted(set(queues) - sources):
        if ("ApproximateNumberOfMessagesVisible", f"${{{name}.QueueName}}") not in watched:
            found.append(f"no alarm reports messages in {name}")
    names = {name: crate for crate, one in functions(made).items() for name, other in
             of_type(made, "AWS::Lambda::Function").items() if other == one}
    # A function that others only invoke asynchronously has its failures in a queue; its throttles retry by themselves.
    for name, crate in names.items():
        if crate != "stat-prep" and ("Throttles", f"${{{name}}}") not in watched:
            found.append(f"no alarm reports throttles of {crate}")
    for name, alarm in alarms.items():
        found += [f"{name}: {fault}" for fault in _unknown_metric(made, alarm)]
        if "TreatMissingData" not in alarm:
            found.append(f"{name} does not define the meaning of missing data")
        if "Runbook: " not in alarm["AlarmDescription"] or "First action: " not in alarm["AlarmDescription"]:
            found.append(f"{name} names no first action or no page of the runbook")
    return found


def rollbacks(made):
    """Returns gradual deployments without an alarm on the new version, or with an alarm that others can trigger."""
    found = []
    alarms = of_type(made, "AWS::CloudWatch::Alarm")
    outside = {
        permission["FunctionName"]["Ref"]
        for permission in of_type(made, "AWS::Lambda::Permission").values()
        if permission["Principal"] == "apigateway.amazonaws.com"
    }
    for alias, resource in made["Resources"].items():
        if resource["Type"] != ALIAS or "UpdatePolicy" not in resource:
            continue
        name = resource["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]["Ref"]
        group = made["Resources"][name]["Properties"]
        used = {a["Name"]["Ref"]: alarms[a["Name"]["Ref"]] for a in group["AlarmConfiguration"].get("Alarms", [])}
        version = resource["Properties"]["FunctionVersion"]
        by_version = {a for a, one in used.items() if version in [d["Value"] for d in one.get("Dimensions", [])]}
        if not used:
            found.append(f"{name} has no alarm that rolls back a deployment")
        for alarm, properties in used.items():
            if properties["Namespace"] == "AWS/Lambda" and alarm not in by_version:
                found.append(f"{name}: {alarm} also counts the old version, and would block the deployment of its fix")
            if alias in outside:
                found.append(f"{name}: any caller of the API can trigger {alarm}")
    return found


def _unknown_metric(made, alarm):
    if alarm["Namespace"] != "Nightshift":
        return
    [dimension] = alarm["Dimensions"]
    target = made["Resources"].get(dimension["Value"].get("Ref"), {})
    if dimension["Name"] != "Function" or target.get("Type") != "AWS::Lambda::Function":
        yield f"{dimension} is not the dimension of a function"
        return
    [function] = [crate for crate, one in functions(made).items() if one == target["Properties"]]
    if alarm["MetricName"] not in rust.metrics(function):
        yield f"{function} emits no metric {alarm['MetricName']}"
