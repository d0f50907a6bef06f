"""The stand-in's calls on service deployments, as AWS documents them; ministack has none."""

import pytest

from tests.ecs.stand_in.lab import RUNS, Lab, guarded
from tests.load.clients import until


def test_a_deployment_is_listed_described_and_led_to_by_its_service(lab: Lab) -> None:
    service = lab.service(RUNS, desired=2, **guarded())
    service.ends("SUCCESSFUL")
    first = service.deployment
    service.update(RUNS)
    begun = service.deployment
    assert begun["status"] == "IN_PROGRESS"
    assert begun["serviceDeploymentArn"] == service.told["currentServiceDeployment"]
    assert begun["deploymentCircuitBreaker"] == {"status": "MONITORING", "failureCount": 0, "threshold": 3}
    [source] = begun["sourceServiceRevisions"]
    assert source == {"arn": first["targetServiceRevision"]["arn"], **counted(2, 2)}
    assert begun["targetServiceRevision"]["requestedTaskCount"] == 2
    revisions = [item["arn"] for item in service.told["currentServiceRevisions"]]
    assert revisions == [begun["targetServiceRevision"]["arn"], source["arn"]]
    service.ends("SUCCESSFUL")
    ended = service.deployment
    assert ended["finishedAt"] > ended["createdAt"] > first["finishedAt"]
    assert ended["deploymentCircuitBreaker"]["status"] == "MONITORING_COMPLETE"
    assert service.primary["rolloutState"] == "COMPLETED"
    [revision] = lab.ecs.describe_service_revisions(serviceRevisionArns=revisions[:1])["serviceRevisions"]
    assert revision["taskDefinition"] == service.told["taskDefinition"]


def counted(requested: int, running: int) -> dict[str, int]:
    return {"requestedTaskCount": requested, "runningTaskCount": running, "pendingTaskCount": 0}


def test_deployments_are_listed_by_status_time_and_page(lab: Lab) -> None:
    service = lab.service(RUNS)
    service.ends("SUCCESSFUL")
    service.update(RUNS)
    assert [item["status"] for item in service.listed()] == ["IN_PROGRESS", "SUCCESSFUL"]
    assert [item["status"] for item in service.listed(status=["IN_PROGRESS", "PENDING"])] == ["IN_PROGRESS"]
    newest, oldest = service.listed()
    assert service.listed(createdAt={"after": newest["createdAt"]}) == service.listed(status=["IN_PROGRESS"])
    assert service.listed(createdAt={"before": oldest["createdAt"]}) == [oldest]
    page = lab.ecs.list_service_deployments(**service.where, maxResults=1)
    following = lab.ecs.list_service_deployments(**service.where, nextToken=page["nextToken"])
    assert [*page["serviceDeployments"], *following["serviceDeployments"]] == service.listed()


def test_missing_deployments_and_revisions_are_reported(lab: Lab) -> None:
    arn = "arn:aws:ecs:us-east-1:000000000000:service-deployment/lab/lab/none"
    assert lab.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["failures"] == [
        {"arn": arn, "reason": "MISSING"}
    ]
    with pytest.raises(lab.ecs.exceptions.ServiceNotFoundException):
        lab.ecs.list_service_deployments(cluster="lab", service="none")
    with pytest.raises(lab.ecs.exceptions.ClusterNotFoundException):
        lab.ecs.list_service_deployments(cluster="none", service="none")
    with pytest.raises(lab.ecs.exceptions.ServiceDeploymentNotFoundException):
        lab.ecs.stop_service_deployment(serviceDeploymentArn=arn)


def test_a_stop_rolls_back_to_the_last_revision_that_completed(lab: Lab) -> None:
    lab.running.set(bake_seconds=60)
    service = lab.service(RUNS)
    service.ends("SUCCESSFUL")
    good = service.deployment["targetServiceRevision"]["arn"]
    before = service.told["taskDefinition"]
    service.update(RUNS, **guarded(lab.alarm("quiet", "OK")))
    assert until(lambda: len(service.tasks()) == 1 and service.primary["runningCount"] == 1), "it bakes"
    service.stop(stopType="ROLLBACK")
    assert service.status in {"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"}
    service.ends("ROLLBACK_SUCCESSFUL")
    assert service.deployment["rollback"]["serviceRevisionArn"] == good
    assert service.told["taskDefinition"] == before == service.primary["taskDefinition"]
    [task] = service.tasks()
    assert task["taskDefinitionArn"] == before
    with pytest.raises(lab.ecs.exceptions.ConflictException):
        service.stop()


def test_a_stop_of_a_first_deployment_has_nothing_to_go_back_to(lab: Lab) -> None:
    service = lab.service("sleep 0.5; exit 1")
    service.stop()
    service.ends("STOPPED")
    assert service.primary["rolloutState"] == "FAILED"


def test_another_deployment_ends_the_one_under_way(lab: Lab) -> None:
    service = lab.service(RUNS)
    service.ends("SUCCESSFUL")
    service.update("exit 1")
    service.update(RUNS)
    service.ends("SUCCESSFUL")
    assert [item["status"] for item in service.listed()] == ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]
