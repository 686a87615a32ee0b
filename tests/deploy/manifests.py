"""Models of the shipped Kubernetes objects, which refuse unknown fields.

They contain only the fields in use, with the names of Kubernetes; add new fields from its API reference.
"""

# ruff: noqa: N815 - the names of Kubernetes

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(Strict):
    name: str
    labels: dict[str, str] = {}


class Labels(Strict):
    labels: dict[str, str]


class Key(Strict):
    name: str
    key: str


class Source(Strict):
    secretKeyRef: Key


class Variable(Strict):
    name: str
    value: str | None = None
    valueFrom: Source | None = None


class Reference(Strict):
    name: str


class From(Strict):
    configMapRef: Reference


class ContainerPort(Strict):
    name: str
    containerPort: int


class HttpGet(Strict):
    path: str
    port: str


class Probe(Strict):
    httpGet: HttpGet
    initialDelaySeconds: int = 0
    periodSeconds: int = 10
    timeoutSeconds: int = 1
    failureThreshold: int = 3


class Exec(Strict):
    command: list[str]


class Handler(Strict):
    exec: Exec


class Lifecycle(Strict):
    preStop: Handler


class Resources(Strict):
    requests: dict[Literal["cpu", "memory"], str]
    limits: dict[Literal["cpu", "memory"], str]


class Capabilities(Strict):
    drop: list[str]


class ContainerSecurity(Strict):
    allowPrivilegeEscalation: bool
    readOnlyRootFilesystem: bool
    capabilities: Capabilities


class Mount(Strict):
    name: str
    mountPath: str


class Container(Strict):
    name: str
    image: str
    command: list[str]
    envFrom: list[From]
    env: list[Variable]
    ports: list[ContainerPort] = []
    lifecycle: Lifecycle | None = None
    readinessProbe: Probe | None = None
    livenessProbe: Probe | None = None
    resources: Resources
    securityContext: ContainerSecurity
    volumeMounts: list[Mount]


class Seccomp(Strict):
    type: Literal["RuntimeDefault", "Localhost", "Unconfined"]


class PodSecurity(Strict):
    runAsNonRoot: bool
    runAsUser: int
    seccompProfile: Seccomp


class EmptyDir(Strict):
    medium: Literal["", "Memory"]
    sizeLimit: str


class Volume(Strict):
    name: str
    emptyDir: EmptyDir


class PodSpec(Strict):
    restartPolicy: Literal["Always", "OnFailure", "Never"] = "Always"
    terminationGracePeriodSeconds: int = 30
    automountServiceAccountToken: bool
    securityContext: PodSecurity
    volumes: list[Volume]
    containers: list[Container]


class Template(Strict):
    metadata: Labels
    spec: PodSpec


class Selector(Strict):
    matchLabels: dict[str, str]


class DeploymentSpec(Strict):
    replicas: int
    selector: Selector
    template: Template


class Deployment(Strict):
    apiVersion: Literal["apps/v1"]
    kind: Literal["Deployment"]
    metadata: Metadata
    spec: DeploymentSpec


class JobSpec(Strict):
    backoffLimit: int
    template: Template


class Job(Strict):
    apiVersion: Literal["batch/v1"]
    kind: Literal["Job"]
    metadata: Metadata
    spec: JobSpec


class ConfigMap(Strict):
    apiVersion: Literal["v1"]
    kind: Literal["ConfigMap"]
    metadata: Metadata
    data: dict[str, str]


class Secret(Strict):
    apiVersion: Literal["v1"]
    kind: Literal["Secret"]
    metadata: Metadata
    stringData: dict[str, str]


class ServicePort(Strict):
    name: str
    port: int
    targetPort: str


class ServiceSpec(Strict):
    selector: dict[str, str]
    ports: list[ServicePort]


class Service(Strict):
    apiVersion: Literal["v1"]
    kind: Literal["Service"]
    metadata: Metadata
    spec: ServiceSpec


Manifest = Annotated[Deployment | Job | ConfigMap | Secret | Service, Field(discriminator="kind")]
