"""Deploys a stage of an application: checks its parameters, prepares the zips, and calls sam deploy.

    deploy.py APP STAGE [argument of sam deploy …]
    deploy.py --check APP STAGE

With RELEASE=<version> in the environment the zips are those of a downloaded release, in RELEASES or releases/<version>.

`sam deploy` alone ignores a misspelt parameter, keeps the old value of a removed one, accepts a zip of another
architecture, and leaves the alias on the old version if only a parameter changed.
"""

import json
import os
import platform
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import boto3
import botocore.exceptions
import release
from check import revision, settings, stack

ZIPS = Path(os.environ.get("CARGO_TARGET_DIR") or stack.ROOT / "target") / "deploy"
#: The folder of the templates' CodeUri.
PLACE = stack.ROOT / "target/deploy"
#: Machine in an ELF header, by Lambda's name of the architecture.
MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}
#: Version of the release to deploy; empty for the zips of make build.
RELEASE = os.environ.get("RELEASE", "")
RELEASES = Path(os.environ.get("RELEASES") or stack.ROOT / "releases" / RELEASE)
SIGN_IN = "sign in with `aws sso login` or `aws configure`, name the profile in AWS_PROFILE, and try `aws sts get-caller-identity`"


def checked(command, app, stage):
    """Returns template, parameters and options of a stage; ends with all faults if there are any."""
    try:
        given, options = settings.parameters(app, stage), settings.options(app, stage)
    except KeyError as error:
        sys.exit(f"{command}: {error.args[0]}")
    written = stack.template(app)
    faults = settings.faults(written, given)
    if not faults:
        made = stack.made(written, given)
        faults = [fault for fault in [settings.name_fault(options["stack_name"], made)] if fault]
        faults += configuration_faults(made)
    faults += settings.example_faults(given)
    if faults:
        sys.exit("\n".join([f"{command}: infra/{app}/samconfig.toml, stage {stage}:", *(f"  {fault}" for fault in faults)]))
    return written, given, options


def configuration_faults(made):
    """Returns what the functions' own programs reject, and prints what could not be started here."""
    if not RELEASE:
        found, skipped = settings.configuration_faults(made)
        reason = "has not been built: its variables are NOT checked. Run: cargo build -p"
        notes = [f"{crate} {reason} {crate}" for crate in skipped]
    else:
        with tempfile.TemporaryDirectory() as folder:
            found, skipped = settings.configuration_faults(made, lambda crate: released_program(crate, Path(folder)))
        notes = [
            f"{crate}: its variables are NOT checked. That needs Linux, with the zip for {platform.machine()} in {RELEASES}"
            for crate in skipped
        ]
    for note in notes:
        print(note, file=sys.stderr)
    return found


def released_program(crate, folder):
    """Returns the program of a released zip for this machine, or None if there is none."""
    machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    if platform.system() != "Linux" or not (RELEASES / release.named(crate, RELEASE, machine)).exists():
        return None
    with zipfile.ZipFile(zip_of(crate, machine)) as archive:
        program = Path(archive.extract("bootstrap", folder)).rename(folder / crate)
    program.chmod(0o755)
    return program


def zip_of(crate, architecture):
    """Returns the zip of the release, verified, or of make build."""
    if RELEASE:
        try:
            return release.verified(RELEASE, RELEASES, crate, architecture)
        except release.Fault as fault:
            sys.exit(f"deploy: {fault}")
    built = ZIPS / architecture / f"{crate}.zip"
    if not built.exists():
        sys.exit(f"deploy: {built} is missing. Run: make build FN={crate} ARCH={architecture}")
    return built


def deploy(app, stage, arguments):
    written, given, options = checked("deploy", app, stage)
    region = options["region"]
    if os.environ.get("AWS_REGION", region) != region:
        sys.exit(
            f"deploy: AWS_REGION is {os.environ['AWS_REGION']}, "
            f"but infra/{app}/samconfig.toml deploys {stage} to {region}"
        )
    architecture = written.get("Globals", {}).get("Function", {}).get("Architectures", ["arm64"])[0]
    for crate in stack.crates(written):
        put_in_place(crate, architecture)
    revisions = revision.parameters(written, given, lambda crate: (PLACE / f"{crate}.zip").read_bytes())
    check_sign_in(options, arguments)
    # A file (JSON is YAML), because SAM parses the command line with patterns that JSON in a value breaks.
    PLACE.mkdir(parents=True, exist_ok=True)
    overrides = PLACE / f"parameters-{app}-{stage}.yaml"
    overrides.write_text(json.dumps(every(written, given | revisions), indent=2))
    command = ["deploy", "--template", f"infra/{app}/template.yaml", "--config-file", "samconfig.toml"]
    command += ["--config-env", stage, "--parameter-overrides", f"file://{overrides}", *arguments]
    os.chdir(stack.ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "samcli", *command])


def check_sign_in(options, arguments):
    """Ends with what to do if there are no credentials: SAM only states that it found none."""
    if any(argument.startswith("--profile") for argument in arguments):
        return
    try:
        found = boto3.Session(profile_name=options.get("profile")).get_credentials()
    except botocore.exceptions.BotoCoreError as error:
        sys.exit(f"deploy: could not read the AWS credentials: {error}; {SIGN_IN}")
    if not found:
        sys.exit(f"deploy: found no AWS credentials; {SIGN_IN}")


def every(written, given):
    """Returns all parameters of the template, with their defaults where none is given.

    SAM keeps the old value of a parameter that it is not given: a removed line would stay in effect.
    """
    defaults = {name: str(parameter.get("Default", "")) for name, parameter in written["Parameters"].items()}
    return defaults | given


def put_in_place(crate, architecture):
    """Copies the function's zip for this architecture to the path in the template."""
    built, place = zip_of(crate, architecture), PLACE / f"{crate}.zip"
    with zipfile.ZipFile(built) as archive:
        machine = int.from_bytes(archive.read("bootstrap")[18:20], "little")
    if machine != MACHINES[architecture]:
        sys.exit(f"deploy: {built} is a program for another architecture than {architecture}")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(built, place)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--check", app, stage]:
            checked("check", app, stage)
            print(f"infra/{app}/samconfig.toml, stage {stage}: no fault found")
        case [app, stage, *arguments]:
            deploy(app, stage, arguments)
        case _:
            sys.exit(__doc__)
