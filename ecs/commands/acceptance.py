"""The `acceptance` command: prove on AWS what only AWS can prove, by the steps in `acceptance.toml`."""

import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import ClientError
from dulwich import porcelain

from ecs.commands.destroy import find_resources
from ecs.errors import AWS_ERRORS, DeployError, NotAllowedError, UsageError, translate
from ecs.output import to_json
from ecs.release.candidate import read_candidate, read_predictor
from ecs.run import Run, command, dry_run_option, yes_option
from ecs.settings import ROOT

TABLE = msgspec.toml.decode(Path(__file__).with_suffix(".toml").read_bytes())
FOLDER, ANSWERS = ROOT / ".ecs" / "acceptance", ROOT / "tests" / "ecs" / "answers"
CLONE, PROGRESS = FOLDER / "clone", FOLDER / "progress.json"
NOT_RUN = {"state": "not run", "seconds": 0, "new_words": "", "told": ""}


@command(dry_run_option, yes_option)
def acceptance(run: Run, *, dry_run: bool, yes: bool) -> dict[str, Any]:
    """Prove on AWS what only AWS can prove, from nothing to destroyed.

    In the environment `acceptance` it releases, well and badly, rings an alarm, stops, rolls back, and
    destroys it all, also after a failure or Ctrl-C. Killed, it goes on when it is run again. What AWS says
    otherwise than the stand-in for AWS is written to tests/ecs/answers/aws, redacted, to be committed.
    """
    if run.env != "acceptance":
        raise UsageError(
            f"This destroys all that it makes, so it runs in an environment of its own, not in {run.env}.",
            hint="Run it with --env acceptance, a table at the end of ecs/settings.toml.",
        )
    stack, say = run.settings.stack, run.output.say
    where = f"{stack} in {run.aws.region} of account {run.aws.account['Account']}"
    steps = [step for step in TABLE["step"] if getattr(run.settings, step.get("only", "name"))]
    minutes = TABLE["destroy_minutes"] + sum(step["minutes"] for step in steps)
    say(f"This makes {where}, and destroys it at the end:", style="bold")
    for step in TABLE["step"]:
        about = f"{step['minutes']:3} min" if step in steps else f"not run: no {step['only']} is set"
        say(f"  {step['name']:20}{about}")
    say(f"By estimate it takes {minutes} minutes and costs at most {_cost(run, minutes)} US dollars.")
    say(TABLE["needs"])
    if dry_run:
        return {"steps": steps, "minutes": minutes, "dollars": _cost(run, minutes)}
    progress = msgspec.json.decode(PROGRESS.read_bytes()) if PROGRESS.exists() else {}
    if progress.get("where", where) != where:
        raise UsageError(f"An earlier run is not over, of {progress['where']}.", hint="Go on there first.")
    if not progress and any(names for _, names in find_resources(run.aws)):
        raise UsageError(
            f"There is a {stack} already, which no run from this folder has made.",
            hint="Wait for whoever runs it, or remove it: python -m ecs destroy --env acceptance.",
        )
    run.output.confirm("Go on with it?" if progress else "Begin?", yes=yes)
    if not progress:
        read_candidate(run.settings, read_predictor(run.settings).model_version, allow_dirty=False)
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        porcelain.clone(str(ROOT), str(CLONE), errstream=porcelain.NoneStream())
        results = {step["name"]: NOT_RUN for step in TABLE["step"]}
        progress = {"where": where, "begun": time.time(), "over": False, "results": results}
        _save(progress)
    return _go_on(run, steps, progress)


def _go_on(run: Run, steps: list[dict[str, Any]], progress: dict[str, Any]) -> dict[str, Any]:
    """Do the steps that are left, destroy what was made, and report."""
    results, say, stack = progress["results"], run.output.say, run.settings.stack
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.default_int_handler)
    try:
        for step in steps:
            if results[step["name"]]["state"] == "not run" and not progress["over"]:
                say(f"— {step['name']}", style="bold")
                if (result := _do(run, step)) is None:
                    break
                results[step["name"]] = result
                # Without a first release no other step proves anything.
                progress["over"] = step is steps[0] and result["state"] != "passed"
                _save(progress)
    except KeyboardInterrupt:
        run.output.warn("Stopped. What was made is being destroyed.")
    finally:
        progress["over"] = True
        with suppress(OSError):
            _save(progress)
        failed, _ = _ecs(run, ["destroy", "--yes", stack])
    for name, row in results.items():
        say(f"{row['state']:8} {name:20}{row['seconds']:5} s {row['new_words']} {row['told']}")
    minutes = (time.time() - progress["begun"]) / 60
    say(f"It took {minutes:.0f} minutes and cost at most {_cost(run, minutes)} US dollars, by list prices.")
    if failed:
        run.output.warn(f"{stack} is not destroyed, and costs money. Sign in, and run this again.")
        progress["over"] = failed != NotAllowedError.exit_code
        _save(progress)
    else:
        PROGRESS.replace(FOLDER / "report.json")
    passed = all(results[step["name"]]["state"] == "passed" for step in steps)
    told = {"results": results, "minutes": minutes, "dollars": _cost(run, minutes), "destroyed": not failed}
    return told | {"exit_code": 4 if failed else 0 if passed else 1}


def _save(progress: dict[str, Any]) -> None:
    new = PROGRESS.with_suffix(".new")  # whole at any moment, also for a run that is killed
    new.write_text(to_json(progress), encoding="utf-8")
    new.replace(PROGRESS)


def _cost(run: Run, minutes: float) -> float:
    """Return dollars at list prices, with twice `min_tasks` all the time, for whole hours."""
    price, sizes = TABLE["prices"], run.settings
    task = sizes.cpu / 1024 * price["cpu"] + sizes.memory_mb / 1024 * price["memory"] + price["address"]
    hour = 2 * sizes.min_tasks * task + price["balancer"] + 2 * price["address"]
    return float(round(math.ceil(minutes / 60) * hour, 2))


def _do(run: Run, step: dict[str, Any]) -> dict[str, Any] | None:
    """Do a step, and compare what came with what is expected; None if AWS did not let this person do it."""
    begun, state, words = time.time(), "differs", ""
    try:
        code, told = _perform(run, step)
        if code == NotAllowedError.exit_code and "role" not in step:
            return None
        if code == step.get("code", 0) and re.search(step["says"], told):
            state = "passed"
        if evidence := msgspec.json.decode(told or "{}").get("evidence"):
            words = _new_words(run, step["name"], CLONE / evidence)
    except (DeployError, *AWS_ERRORS) as error:
        told = str(translate(error))
    seconds, told = round(time.time() - begun), told if state == "differs" else ""
    return {"state": state, "seconds": seconds, "new_words": words, "told": told}


def _perform(run: Run, step: dict[str, Any]) -> tuple[int, str]:
    """Run the command of a step as a person would, and what happens meanwhile; return exit code and JSON."""
    porcelain.reset(str(CLONE), "hard")
    strategy, bake = f'"{step.get("strategy", "rolling")}"', TABLE["bake_minutes"]
    for path, name, value in (
        (CLONE / "ecs" / "settings.toml", "strategy", strategy),
        (CLONE / "ecs" / "release" / "service.toml", "bakeTimeInMinutes", bake),
    ):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(f"(?m)^{name} = .*$", f"{name} = {value}", text), encoding="utf-8")
    for added, text in step.get("append", {}).items():
        with (CLONE / added).open("a", encoding="utf-8") as file:
            file.write(text)
    role = _take_role(run, step["role"]) if "role" in step and run.settings.github_repository else {}
    if "meanwhile" not in step:
        return _ecs(run, step["command"], role)
    ecs, stack = run.aws.ecs, run.settings.stack

    def set_alarm(state: Any) -> None:  # again and again, because CloudWatch corrects it within seconds
        alarm = f"{stack}-server-errors"
        run.aws.cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="acceptance")

    def meanwhile() -> None:
        listed = ecs.list_service_deployments(cluster=stack, service=stack, status=["IN_PROGRESS"])
        for arn in [item["serviceDeploymentArn"] for item in listed["serviceDeployments"]]:
            [told] = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
            if told["targetServiceRevision"]["runningTaskCount"]:
                set_alarm("ALARM") if step["meanwhile"] == "ring" else _ecs(run, ["rollback", "--yes"])

    set_alarm("OK")
    return _ecs(run, step["command"], role, meanwhile)


def _ecs(
    run: Run, command: list[str], environ: Any = (), meanwhile: Callable[[], None] = lambda: None
) -> tuple[int, str]:
    """Run a command of this tool in the clone, and `meanwhile` each second; return exit code and JSON."""
    words = [sys.executable, "-m", "ecs", *command, "--env", run.env, "--region", run.aws.region, "--json"]
    environ = os.environ | dict(environ)
    with subprocess.Popen(words, cwd=CLONE, env=environ, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    told, _ = process.communicate(timeout=1)
                    return process.returncode, told
                meanwhile()
        finally:
            process.kill()


def _take_role(run: Run, output: str) -> dict[str, str]:
    """Let the caller take a role that only GitHub can take, and return its credentials for the environment.

    Within an account it is enough that the role trusts the caller by name. STS hears of it seconds later.
    """
    arn, sts = getattr(run.foundation(), output), run.aws.client("sts")
    caller = {"Effect": "Allow", "Principal": {"AWS": run.aws.account["Arn"]}, "Action": "sts:AssumeRole"}
    trust = to_json({"Version": "2012-10-17", "Statement": [caller]})
    run.aws.iam.update_assume_role_policy(RoleName=arn.rpartition("/")[2], PolicyDocument=trust)
    for _ in range(60):
        with suppress(ClientError):
            given = sts.assume_role(RoleArn=arn, RoleSessionName="acceptance")["Credentials"]
            names = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")
            return {f"AWS_{name}": given[name.title().replace("_", "")] for name in names}
        time.sleep(1)
    raise UsageError(f"{run.aws.account['Arn']} can't take {arn}, which trusts it.")


def _new_words(run: Run, step: str, evidence: Path) -> str:
    """If AWS says what the stand-in does not, write all of it to a file, redacted; return the path, or ""."""
    text = redact(to_json(_telling(msgspec.json.decode(evidence.read_bytes()))))
    known = [file.read_text(encoding="utf-8") for file in (ANSWERS / "stand_in").glob("*.json")]
    lines = {line.strip(" ,[]") for file in known for line in file.splitlines()}
    new = [line for line in text.splitlines() if line.strip(" ,[]") not in lines]
    if not new:
        return ""
    run.output.say("\n".join(["The stand-in for AWS would not have said:", *dict.fromkeys(new)]))
    file = ANSWERS / "aws" / f"{step}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text + "\n", encoding="utf-8")
    return str(file.relative_to(ROOT))


def _telling(value: Any) -> Any:
    """Return of some evidence only the fields in which AWS says why a release failed."""
    if isinstance(value, dict):
        return {key: _telling(item) for key, item in value.items() if key in TABLE["telling"]}
    return [_telling(item) for item in value] if isinstance(value, list) else value


def redact(text: str) -> str:
    """Replace accounts, addresses, people, roles and ids."""
    for instead, patterns in TABLE["redacted"].items():
        text = re.sub("|".join(patterns), instead, text)
    return text
