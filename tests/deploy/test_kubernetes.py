"""The Kubernetes manifests, compared with their schema, the Procfile, the settings and the image."""

import re
import shlex

import pytest
import yaml
from pydantic import TypeAdapter

from config.settings import (
    ApiSettings,
    ConsoleSettings,
    MigrationSettings,
    ReceiverSettings,
    ReconcileSettings,
    Settings,
    WorkerSettings,
)
from dev import procfile
from tests.deploy.manifests import ConfigMap, Container, Deployment, Job, Manifest, PodSpec, Secret, Service

ROOT = procfile.PATH.parent
TEXT = (ROOT / "deploy/kubernetes/akako-sync.yaml").read_text()
ADAPTER: TypeAdapter[Manifest] = TypeAdapter(Manifest)
OBJECTS = [ADAPTER.validate_python(found) for found in yaml.safe_load_all(TEXT)]
DEPLOYMENTS = {found.metadata.name: found for found in OBJECTS if isinstance(found, Deployment)}
SERVICES = [found for found in OBJECTS if isinstance(found, Service)]
PODS: dict[str, PodSpec] = {
    found.metadata.name.removeprefix("akako-"): found.spec.template.spec
    for found in OBJECTS
    if isinstance(found, Deployment | Job)
}
SECRETS = {found.metadata.name: found.stringData for found in OBJECTS if isinstance(found, Secret)}
CONFIGURATION = {found.metadata.name: found.data for found in OBJECTS if isinstance(found, ConfigMap)}
KINDS: dict[str, type[Settings]] = {
    "migrate": MigrationSettings,
    "web": ReceiverSettings,
    "api": ApiSettings,
    "console": ConsoleSettings,
    "worker": WorkerSettings,
    "beat": WorkerSettings,
    "clerk": ReconcileSettings,
}


def container(name: str) -> Container:
    (only,) = PODS[name].containers
    return only


def test_each_process_of_the_procfile_has_its_pod_and_command() -> None:
    commands = {name: shlex.split(command) for name, command in procfile.read().items()}
    commands["migrate"] = commands.pop("release")
    assert {name: container(name).command for name in PODS} == commands


@pytest.mark.parametrize("name", KINDS)
def test_a_pod_gets_every_required_setting_and_no_unknown_one(name: str) -> None:
    fields = KINDS[name].model_fields
    given = {variable.name for variable in container(name).env} | CONFIGURATION["akako-sync"].keys()
    assert {field.upper() for field in fields if fields[field].is_required()} <= given
    assert {variable.name.lower() for variable in container(name).env} <= fields.keys()


@pytest.mark.parametrize("name", KINDS)
def test_secrets_and_configuration_that_a_pod_references_exist(name: str) -> None:
    references = [variable.valueFrom.secretKeyRef for variable in container(name).env if variable.valueFrom]
    assert [found for found in references if found.key not in SECRETS[found.name]] == []
    assert [found.configMapRef.name for found in container(name).envFrom] == list(CONFIGURATION)


def test_only_migrations_connect_as_the_owner() -> None:
    assert [name for name in PODS if "DATABASE_OWNER_URL" in str(PODS[name])] == ["migrate"]


def test_no_secret_has_a_value() -> None:
    assert {value for values in SECRETS.values() for value in values.values()} == {""}


@pytest.mark.parametrize("name", KINDS)
def test_a_pod_runs_as_the_user_of_the_image_and_writes_only_to_tmp(name: str) -> None:
    (user,) = re.findall(r"^USER (\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    pod, security = PODS[name], container(name).securityContext
    assert (pod.securityContext.runAsNonRoot, pod.securityContext.runAsUser) == (True, int(user))
    assert (security.readOnlyRootFilesystem, security.allowPrivilegeEscalation) == (True, False)
    assert security.capabilities.drop == ["ALL"]
    assert [(volume.name, volume.emptyDir.medium) for volume in pod.volumes] == [("tmp", "Memory")]
    assert [(mount.name, mount.mountPath) for mount in container(name).volumeMounts] == [("tmp", "/tmp")]


@pytest.mark.parametrize("name", procfile.LONG_RUNNING)
def test_each_process_is_probed_on_one_of_its_ports(name: str) -> None:
    for probe in (container(name).readinessProbe, container(name).livenessProbe):
        assert probe is not None
        assert probe.httpGet.path == "/healthz"
        assert probe.httpGet.port in {port.name for port in container(name).ports}


@pytest.mark.parametrize("name", procfile.LONG_RUNNING)
def test_the_ports_are_those_that_the_process_listens_on(name: str) -> None:
    values = {variable.name: variable.value for variable in container(name).env}
    expected = {"http": values.get("PORT"), "metrics": values["METRICS_PORT"]}
    ports = {port.name: str(port.containerPort) for port in container(name).ports}
    assert ports == {kind: port for kind, port in expected.items() if port}


def test_selectors_and_services_match_their_pods() -> None:
    labels = [found.spec.template.metadata.labels for found in DEPLOYMENTS.values()]
    assert [found.spec.selector.matchLabels for found in DEPLOYMENTS.values()] == labels
    assert [found.spec.selector for found in SERVICES] == [
        {"app": f"akako-{name}"} for name in ("web", "api", "console")
    ]
