"""Deploys a stage of infra/samconfig.toml: looks at its parameters, puts the zips in place, and calls sam deploy.

    deploy.py STAGE [argument of sam deploy …]

SAM alone would overlook a misspelt parameter, keep the old value of one that was taken out, take a zip of another
architecture, and leave the alias on the old version where only a parameter has changed.
"""

import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

from check import revision, settings, stack

ZIPS = Path(os.environ.get("CARGO_TARGET_DIR") or stack.ROOT / "target") / "deploy"
#: Where the template looks for them.
PLACE = stack.ROOT / "target/deploy"
#: Of an ELF header, by Lambda's name.
MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}


def main(stage, arguments):
    try:
        given, options = settings.parameters(stage), settings.options(stage)
    except KeyError as error:
        sys.exit(f"deploy: {error.args[0]}")
    region = options["region"]
    if os.environ.get("AWS_REGION", region) != region:
        sys.exit(
            f"deploy: AWS_REGION is {os.environ['AWS_REGION']}, but infra/samconfig.toml deploys {stage} to {region}"
        )
    written = stack.template()
    faults = settings.faults(written, given)
    if faults:
        sys.exit("\n".join([f"deploy: the parameters of {stage} in infra/samconfig.toml are wrong:", *faults]))
    architecture = given.get("Architecture", written["Parameters"]["Architecture"]["Default"])
    whole = stack.made(written, given)
    if fault := settings.name_fault(options["stack_name"], whole):
        sys.exit(f"deploy: {fault}")
    made = set(stack.of_type(whole, "AWS::Lambda::Function"))
    for name, resource in written["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            function = Path(resource["Properties"]["CodeUri"]).stem
            put_in_place(function, architecture, is_needed=name in made)
    revisions = revision.parameters(written, given, lambda function: (PLACE / f"{function}.zip").read_bytes())
    # A file (JSON is YAML), because SAM reads the command line by patterns that JSON in a value does not survive.
    overrides = PLACE / f"parameters-{stage}.yaml"
    overrides.write_text(json.dumps(every(written, given | revisions), indent=2))
    command = [
        "deploy",
        "--template",
        "infra/template.yaml",
        "--config-file",
        "samconfig.toml",
        "--config-env",
        stage,
    ]
    command += ["--parameter-overrides", f"file://{overrides}", *arguments]
    os.chdir(stack.ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "samcli", *command])


def every(written, given):
    """All of the template's parameters, those that are not given with their defaults.

    SAM lets a stack keep the old value of a parameter that it is not told: a line that was taken out of the settings
    would stay in effect.
    """
    defaults = {name: str(parameter.get("Default", "")) for name, parameter in written["Parameters"].items()}
    return defaults | given


def put_in_place(function, architecture, is_needed):
    """The function's zip for this architecture, as the template wants it."""
    built, place = ZIPS / architecture / f"{function}.zip", PLACE / f"{function}.zip"
    place.parent.mkdir(parents=True, exist_ok=True)
    if is_needed:
        if not built.exists():
            sys.exit(f"deploy: {built} is missing. Run: make build FN={function} ARCH={architecture}")
        with zipfile.ZipFile(built) as archive:
            machine = int.from_bytes(archive.read("bootstrap")[18:20], "little")
        if machine != MACHINES[architecture]:
            sys.exit(f"deploy: {built} holds a program for another architecture")
        shutil.copyfile(built, place)
    elif not place.exists():
        # SAM uploads what a condition leaves out as well. Nothing runs this.
        with zipfile.ZipFile(place, "w") as archive:
            archive.writestr(
                zipfile.ZipInfo("bootstrap"), "#!/bin/sh\necho this function was not enabled >&2\nexit 1\n"
            )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
