"""The arguments that a release sends for task definition, service and auto scaling, field by field."""

from dataclasses import fields, replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecs.aws import Aws
from ecs.foundation.parameters import parameters
from ecs.foundation.stack_outputs import Foundation
from ecs.release import scaling, service, task
from ecs.release.candidate import Candidate
from ecs.release.diff import diff
from ecs.release.pending_changes import placeholder_foundation
from ecs.settings import MEMORY_FOR_CPU, OWN_VARIABLES, PORT
from tests.ecs.template import properties
from webapp import create_app
from webapp.config import load_settings as load_app_settings


@pytest.fixture(scope="session")
def foundation() -> Foundation:
    given = {item.name: item.name.replace("_", "-") for item in fields(Foundation)}
    return replace(placeholder_foundation(), **given | {"subnet_ids": ("subnet-2", "subnet-1")})  # type: ignore[arg-type]


@pytest.fixture
def definition(aws: Aws, foundation: Foundation, candidate: Candidate) -> dict[str, Any]:
    return task.task_definition(aws, foundation, candidate)


@pytest.fixture
def container(definition: dict[str, Any]) -> dict[str, Any]:
    [container] = definition["containerDefinitions"]
    return dict(container)


def test_the_task_has_a_size_that_fargate_offers(definition: dict[str, Any]) -> None:
    assert definition["requiresCompatibilities"] == ["FARGATE"]
    assert definition["networkMode"] == "awsvpc"
    assert int(definition["memory"]) in MEMORY_FOR_CPU[int(definition["cpu"])]
    assert (definition["cpu"], definition["memory"]) == ("256", "512")


def test_the_task_runs_on_what_the_image_is_built_for(definition: dict[str, Any], aws: Aws) -> None:
    platform = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}
    assert platform[definition["runtimePlatform"]["cpuArchitecture"]] == aws.settings.docker_platform


def test_the_container_can_change_nothing_but_tmp(
    container: dict[str, Any], definition: dict[str, Any]
) -> None:
    assert container["readonlyRootFilesystem"] is True
    assert container["mountPoints"] == [{"sourceVolume": "tmp", "containerPath": "/tmp"}]
    assert definition["volumes"] == [{"name": "tmp"}]


def test_the_container_has_no_rights_and_a_process_that_reaps(container: dict[str, Any]) -> None:
    assert container["user"] not in {"", "0", "root"}
    assert container["linuxParameters"] == {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}}
    assert "privileged" not in container


def test_the_container_has_time_to_stop(container: dict[str, Any]) -> None:
    environment = {item["name"]: item["value"] for item in container["environment"]}
    app = load_app_settings(environment)
    graceful = app.stop_wait_seconds + app.request_seconds + 5
    assert graceful + 20 <= container["stopTimeout"] <= 120
    assert app.stop_wait_seconds > 20, "it accepts until the balancer has let it go"


def test_the_app_takes_the_environment(container: dict[str, Any]) -> None:
    environment = {item["name"]: item["value"] for item in container["environment"]}
    app = load_app_settings(environment)
    assert (app.trusted_proxies, app.log_format, app.metrics_bind) == (1, "json", "off")
    assert app.port == container["portMappings"][0]["containerPort"]


def test_the_container_is_given_no_secret(container: dict[str, Any]) -> None:
    assert container["secrets"] == []


def test_the_container_is_given_variables_and_secrets_of_ones_own(
    aws: Aws, foundation: Foundation, candidate: Candidate
) -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:token-a1b2c3:key::"
    settings = msgspec.structs.replace(
        aws.settings, environment={"MAX_IN_FLIGHT": "64"}, secrets={"TOKEN": arn}
    )
    definition = task.task_definition(replace(aws, settings=settings), foundation, candidate)
    [container] = definition["containerDefinitions"]
    assert {"name": "MAX_IN_FLIGHT", "value": "64"} in container["environment"]
    assert container["secrets"] == [{"name": "TOKEN", "valueFrom": arn}]
    assert parameters(settings)["SecretArns"] == arn.removesuffix(":key::")


def test_the_settings_refuse_each_variable_that_the_tool_sets(container: dict[str, Any]) -> None:
    assert {item["name"] for item in container["environment"]} == OWN_VARIABLES


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, []),
        ({"domain_name": "puppy.example.org"}, ["puppy.example.org"]),
        (
            {"domain_name": "example.org", "allowed_hosts": ["www.example.org", "cdn.example.net"]},
            ["example.org", "www.example.org", "cdn.example.net"],
        ),
    ],
)
def test_the_app_answers_to_the_balancers_name_and_to_the_services_own(
    aws: Aws, foundation: Foundation, candidate: Candidate, given: dict[str, Any], names: list[str]
) -> None:
    named = replace(aws, settings=msgspec.structs.replace(aws.settings, **given))
    [container] = task.task_definition(named, foundation, candidate)["containerDefinitions"]
    environment = {item["name"]: item["value"] for item in container["environment"]}
    answered = [foundation.load_balancer_dns_name, *names]
    assert environment["ALLOWED_HOSTS"].split() == answered
    client = create_app(environment).test_client()
    statuses = {client.get("/api/model", headers={"Host": name.upper()}).status_code for name in answered}
    assert statuses == {200}
    assert client.get("/api/model", headers={"Host": "elsewhere.example"}).status_code == 400
    assert client.get("/readyz", headers={"Host": "10.0.0.7:8000"}).status_code == 200, "the balancer's check"


def test_the_container_has_a_liveness_check(container: dict[str, Any]) -> None:
    assert container["healthCheck"]["command"][:3] == ["CMD", "python", "-c"]
    assert "/livez" in container["healthCheck"]["command"][3]
    compile(container["healthCheck"]["command"][3], "healthCheck", "exec")


def test_a_slow_log_service_never_blocks_the_app(container: dict[str, Any], foundation: Foundation) -> None:
    logs = container["logConfiguration"]
    assert logs["logDriver"] == "awslogs"
    assert logs["options"]["awslogs-group"] == foundation.log_group_name
    assert (logs["options"]["mode"], logs["options"]["max-buffer-size"]) == ("non-blocking", "25m")


def test_a_new_release_never_costs_a_task_that_serves(aws: Aws, foundation: Foundation) -> None:
    deployment = service.service_settings(aws, foundation, None)["deploymentConfiguration"]
    assert (deployment["minimumHealthyPercent"], deployment["maximumPercent"]) == (100, 200)
    assert deployment["alarms"] == {
        "alarmNames": foundation.release_alarms,
        "enable": True,
        "rollback": True,
    }


def test_three_failed_tasks_end_a_release_and_one_that_runs_does_not_make_up_for_them(
    aws: Aws, foundation: Foundation
) -> None:
    """By default each running task resets ECS's count, so a release with failing tasks could go on."""
    deployment = service.service_settings(aws, foundation, None)["deploymentConfiguration"]
    assert deployment["deploymentCircuitBreaker"] == {
        "enable": True,
        "rollback": True,
        "resetOnHealthyTask": False,
        "thresholdConfiguration": {"type": "COUNT", "value": 3},
    }


def test_ecs_watches_the_alarms_for_as_long_as_the_slowest_takes_to_ring(
    aws: Aws, foundation: Foundation
) -> None:
    minutes = service.service_settings(aws, foundation, None)["deploymentConfiguration"]["bakeTimeInMinutes"]
    alarms = [properties(name) for name in ("ServerErrorsAlarm", "UnhealthyHostsAlarm")]
    slowest = max(alarm["Period"] * alarm["EvaluationPeriods"] for alarm in alarms)
    until_the_minute, until_the_figure = 60, 60
    assert minutes * 60 == slowest + until_the_minute + until_the_figure
    assert minutes < aws.settings.deploy_minutes / 2, "the bake time is within the time for a rollout"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"bakeTimeInMinutes": 0}, "bakeTimeInMinutes"),
        (
            {"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
            "deploymentCircuitBreaker.resetOnHealthyTask",
        ),
        ({"alarms": {"enable": False, "rollback": True, "alarmNames": []}}, "alarms.enable"),
    ],
)
def test_the_plan_shows_how_a_release_is_guarded(
    aws: Aws, foundation: Foundation, changed: dict[str, Any], field: str
) -> None:
    wanted = service.service_settings(aws, foundation, None)
    told = wanted | {"deploymentConfiguration": wanted["deploymentConfiguration"] | changed}
    assert f"deploymentConfiguration.{field}" in [change.field for change in service.compare(told, wanted)]


def test_the_service_is_spread_tagged_and_behind_its_balancer(aws: Aws, foundation: Foundation) -> None:
    sent = service.service_settings(aws, foundation, None)
    network = sent["networkConfiguration"]["awsvpcConfiguration"]
    assert len(network["subnets"]) >= 2
    assert network["securityGroups"] == [foundation.task_security_group_id]
    assert sent["availabilityZoneRebalancing"] == "ENABLED"
    assert (sent["propagateTags"], sent["enableECSManagedTags"]) == ("SERVICE", True)
    [balancer] = sent["loadBalancers"]
    assert (balancer["containerName"], balancer["containerPort"]) == (task.CONTAINER, PORT)
    assert sent["healthCheckGracePeriodSeconds"] == aws.settings.grace_seconds
    assert "desiredCount" not in sent, "auto scaling sets it"


FIRST, SECOND = "target-group-arn", "second-target-group-arn"


@pytest.fixture
def blue_green(aws: Aws) -> Aws:
    return Aws(msgspec.structs.replace(aws.settings, strategy="blue_green"), aws.session)


def test_a_blue_green_release_waits_before_users_requests_reach_it(
    blue_green: Aws, foundation: Foundation
) -> None:
    sent = service.service_settings(blue_green, foundation, None)
    deployment = sent["deploymentConfiguration"]
    assert deployment["strategy"] == "BLUE_GREEN"
    assert deployment["lifecycleHooks"] == [
        {
            "targetType": "PAUSE",
            "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
            "timeoutConfiguration": {"timeoutInMinutes": 10, "action": "ROLLBACK"},
        }
    ]
    [balancer] = sent["loadBalancers"]
    assert balancer["targetGroupArn"] == FIRST
    assert balancer["advancedConfiguration"] == {
        "alternateTargetGroupArn": SECOND,
        "productionListenerRule": foundation.production_rule_arn,
        "testListenerRule": foundation.test_rule_arn,
        "roleArn": foundation.infrastructure_role_arn,
    }


def test_a_rolling_release_has_no_hook(aws: Aws, foundation: Foundation) -> None:
    deployment = service.service_settings(aws, foundation, None)["deploymentConfiguration"]
    assert (deployment["strategy"], deployment["lifecycleHooks"]) == ("ROLLING", [])


@pytest.mark.parametrize(("named", "other"), [(FIRST, SECOND), (SECOND, FIRST)])
def test_a_service_keeps_the_target_group_that_it_names(
    aws: Aws, blue_green: Aws, foundation: Foundation, named: str, other: str
) -> None:
    """After blue/green releases, a rolling one in the second group must not go back to the first."""
    current = {"loadBalancers": [{"targetGroupArn": named}]}
    [rolling] = service.service_settings(aws, foundation, current)["loadBalancers"]
    [shifted] = service.service_settings(blue_green, foundation, current)["loadBalancers"]
    assert rolling["targetGroupArn"] == shifted["targetGroupArn"] == named
    assert shifted["advancedConfiguration"]["alternateTargetGroupArn"] == other


def test_a_target_group_set_by_hand_is_set_back(aws: Aws, foundation: Foundation) -> None:
    current = {"loadBalancers": [{"targetGroupArn": "a group of somebody's"}]}
    [balancer] = service.service_settings(aws, foundation, current)["loadBalancers"]
    assert balancer["targetGroupArn"] == FIRST


def test_it_scales_by_cpu_and_by_requests(aws: Aws, foundation: Foundation) -> None:
    wanted = scaling.wanted(aws, foundation)
    assert (wanted["MinCapacity"], wanted["MaxCapacity"]) == (2, 10)
    by_metric = {
        policy["PredefinedMetricSpecification"]["PredefinedMetricType"]: policy
        for policy in wanted["policies"].values()
    }
    assert by_metric["ECSServiceAverageCPUUtilization"]["TargetValue"] == 60
    requests = by_metric["ALBRequestCountPerTarget"]
    assert requests["TargetValue"] == aws.settings.requests_per_target
    label = requests["PredefinedMetricSpecification"]["ResourceLabel"]
    assert label == f"{foundation.load_balancer_full_name}/{foundation.target_group_arn}"


server_side = st.fixed_dictionaries(
    {
        "taskDefinitionArn": st.just("arn:aws:ecs:eu-west-1:1:task-definition/perfect-puppy-prod:7"),
        "revision": st.integers(1),
        "status": st.just("ACTIVE"),
        "requiresAttributes": st.lists(st.fixed_dictionaries({"name": st.text(max_size=5)}), max_size=3),
        "placementConstraints": st.just([]),
        "compatibilities": st.just(["EC2", "FARGATE"]),
        "registeredAt": st.datetimes(),
        "registeredBy": st.text(max_size=5),
    }
)


@given(answer=server_side, shuffled=st.randoms())
def test_the_task_definition_as_aws_gives_it_back_is_no_change(
    aws: Aws, foundation: Foundation, candidate: Candidate, answer: dict[str, Any], shuffled: Any
) -> None:
    wanted = task.task_definition(aws, foundation, candidate)
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(wanted)) | answer
    [container] = told["containerDefinitions"]
    container |= {"cpu": 0, "volumesFrom": [], "systemControls": []}
    container["portMappings"][0]["hostPort"] = container["portMappings"][0]["containerPort"]
    container["mountPoints"][0]["readOnly"] = False
    told["volumes"][0]["host"] = {}
    shuffled.shuffle(container["environment"])
    assert task.compare(told, wanted) == []
    container["environment"][0]["value"] += "!"
    assert len(task.compare(told, wanted)) == 1


def test_a_service_as_aws_gives_it_back_is_no_change(aws: Aws, foundation: Foundation) -> None:
    wanted = service.service_settings(aws, foundation, None)
    told = msgspec.json.decode(msgspec.json.encode(wanted), type=dict[str, Any])
    told["networkConfiguration"]["awsvpcConfiguration"]["subnets"].reverse()
    told["deploymentConfiguration"] |= {"strategy": "ROLLING"}
    told |= {"runningCount": 2, "events": []}
    assert service.compare(told, wanted) == []
    told["healthCheckGracePeriodSeconds"] += 1
    assert [change.field for change in service.compare(told, wanted)] == ["healthCheckGracePeriodSeconds"]


def test_every_field_of_a_new_task_definition_is_a_difference(definition: dict[str, Any]) -> None:
    assert {change.field.split(".")[0].split("[")[0] for change in diff({}, definition)} == definition.keys()
