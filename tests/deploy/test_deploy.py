"""The deploy files speak of this product: what they name exists, and fits together."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.app import compose
from bot.cli.run import GRACEFUL_SECONDS
from bot.config import load
from bot.service import STOP_SECONDS
from docs.generate import endpoints, every_command

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
FILES = sorted(DEPLOY.rglob("*.yaml"))
GIVEN = {("Secret", "yingda-inboxes"), ("Secret", "yingda-tls"), ("Secret", "yingda-db-app")}
"""What the manifests use and do not make: docs/how-to/cluster.md says where it comes from."""
DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")
"""How a value of the compose file names what it is where nobody sets it."""
SECRET_NAME = re.compile(r"secret|password|token|_key|aes", re.IGNORECASE)


def documents(path: Path) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8")))


def manifests() -> list[dict[str, Any]]:
    names = documents(DEPLOY / "kubernetes/kustomization.yaml")[0]["resources"]
    return [each for name in names for each in documents(DEPLOY / "kubernetes" / name)]


def of(kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in manifests() if each["kind"] == kind}


def pods() -> dict[str, dict[str, Any]]:
    """Return the templates of pods, by what makes them."""
    makers = of("Deployment") | of("Job")
    return {name: maker["spec"]["template"] for name, maker in makers.items()}


def services() -> dict[str, dict[str, Any]]:
    return documents(DEPLOY / "compose.yaml")[0]["services"]


def walk(node: Any, path: tuple[str, ...] = ()):
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, (*path, str(key)))
    elif isinstance(node, list):
        for value in node:
            yield from walk(value, path)
    else:
        yield path, node


def commands() -> list[list[str]]:
    ours = [s["command"] for s in services().values() if s["image"].startswith("yingda:")]
    for pod in pods().values():
        ours += [container["args"] for container in pod["spec"]["containers"]]
    shown = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    (default,) = re.findall(r"^CMD \[(.*)\]$", shown, re.MULTILINE)
    return [*ours, re.findall(r'"([^"]*)"', default)]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_and_option_exists(words: list[str]):
    known = {" ".join(names[1:]): command for names, command in every_command()}
    name = next(n for n in (" ".join(words[:2]), words[0]) if n in known)
    options = {option for parameter in known[name].params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= options
    if "--role" in words:
        assert words[words.index("--role") + 1] in {"web", "worker", "all"}


def test_every_setting_is_one_of_ours(tmp_path: Path):
    given = dict(re.findall(r"(YINGDA_\w+)=(\S+)", (DEPLOY / "Dockerfile").read_text()))
    (tmp_path / "secret").write_text("postgresql://yingda:x@postgres/yingda")
    for service in services().values():
        for name, value in service["environment"].items():
            if name.startswith("YINGDA_"):
                given[name] = str(tmp_path / "secret") if name.endswith("_FILE") else str(value)
    for pod in pods().values():
        for container in pod["spec"]["containers"]:
            given |= {
                entry["name"]: "postgresql://yingda:x@db/yingda" for entry in container["env"]
            }
    given = {name: DEFAULT.sub(r"\1", value) for name, value in given.items()}
    config = load(None, given)
    assert config.database_url.startswith("postgresql://")
    assert not config.shows_demo


def test_the_settings_in_the_cluster_are_accepted(tmp_path: Path):
    path = tmp_path / "config.yaml"
    path.write_text(of("ConfigMap")["yingda-config"]["data"]["config.yaml"], encoding="utf-8")
    config = load(path, {})
    (mount,) = {m["mountPath"] for m in mounts() if m["name"] == "data"}
    assert (config.host, str(config.data_dir)) == ("0.0.0.0", mount)
    (port,) = {p["containerPort"] for c in web_and_worker() for p in c["ports"]}
    assert config.port == port
    addresses = {rule["host"] for each in of("Ingress").values() for rule in each["spec"]["rules"]}
    assert {config.public_url.removeprefix("https://")} == addresses


def mounts() -> list[dict[str, Any]]:
    return [
        m for pod in pods().values() for c in pod["spec"]["containers"] for m in c["volumeMounts"]
    ]


def web_and_worker() -> list[dict[str, Any]]:
    return [c for name in of("Deployment") for c in pods()[name]["spec"]["containers"]]


def test_every_probe_asks_an_address_that_the_product_has(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/y.db"
    config = load(None, {"YINGDA_DATABASE_URL": url, "YINGDA_DEMO": "false"})
    app = compose(config, lambda: datetime.now(UTC))
    known = {path for _, path, _ in endpoints(app.router)}
    asked = {
        container[probe]["httpGet"]["path"]
        for container in web_and_worker()
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    checks = [s["healthcheck"]["test"][-1] for n, s in services().items() if n in {"web", "worker"}]
    asked |= {path for check in checks for path in re.findall(r"8080(/\w+)", check)}
    assert asked == {"/healthz", "/readyz"}
    assert asked <= known


def test_a_pod_has_longer_to_stop_than_the_product_needs():
    for name in of("Deployment"):
        pod = pods()[name]["spec"]
        hook = pod["containers"][0].get("lifecycle", {"preStop": {"exec": {"command": ["0"]}}})
        first = float(hook["preStop"]["exec"]["command"][-1])
        needed = first + GRACEFUL_SECONDS + STOP_SECONDS
        assert pod["terminationGracePeriodSeconds"] >= 2 * needed


def test_whoever_points_at_pods_finds_them():
    labels = [pod["metadata"]["labels"] for pod in pods().values()]
    labels += [{"cnpg.io/cluster": name} for name in of("Cluster")]
    selectors = [d["spec"]["selector"]["matchLabels"] for d in of("Deployment").values()]
    selectors += [d["spec"]["selector"]["matchLabels"] for d in of("PodDisruptionBudget").values()]
    selectors += [s["spec"]["selector"] for s in of("Service").values()]
    for policy in of("NetworkPolicy").values():
        selectors.append(policy["spec"]["podSelector"]["matchLabels"])
        for rule in policy["spec"]["ingress"] + policy["spec"].get("egress", []):
            for peer in rule.get("from", []) + rule.get("to", []):
                selectors += [peer["podSelector"]["matchLabels"]] if "podSelector" in peer else []
    for selector in selectors:
        assert any(selector.items() <= each.items() for each in labels), selector


def test_every_reference_leads_somewhere():
    there = {(each["kind"], each["metadata"]["name"]) for each in manifests()} | GIVEN
    for name, pod in pods().items():
        spec = pod["spec"]
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        for container in spec["containers"]:
            assert {m["name"] for m in container["volumeMounts"]} == set(volumes), name
            for entry in container["env"]:
                secret = entry["valueFrom"]["secretKeyRef"]
                assert secret == {"name": "yingda-db-app", "key": "uri"}
                assert ("Secret", secret["name"]) in there
            for entry in container["envFrom"]:
                assert ("Secret", entry["secretRef"]["name"]) in there
        assert ("ConfigMap", volumes["config"]["configMap"]["name"]) in there
    for scaler in of("HorizontalPodAutoscaler").values():
        target = scaler["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) in there
    for each in of("Ingress").values():
        backend = each["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
        (port,) = of("Service")[backend["name"]]["spec"]["ports"]
        assert port["name"] == backend["port"]["name"]
        assert port["targetPort"] in {p["name"] for c in web_and_worker() for p in c["ports"]}
    # CloudNativePG names the Secret of the owner's address after its cluster.
    assert "yingda-db-app" in {f"{name}-app" for name in of("Cluster")}
    paper = (ROOT / "docs/how-to/cluster.md").read_text(encoding="utf-8")
    assert all(name in paper for _, name in GIVEN)


def test_files_lie_where_all_processes_find_them():
    settings = YAML(typ="safe", pure=True).load(
        of("ConfigMap")["yingda-config"]["data"]["config.yaml"]
    )
    folder = settings["media"]["folder"]
    for container in web_and_worker():
        mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        assert mounts[folder] == "media"
    for name in ("yingda-web", "yingda-worker"):
        volumes = {volume["name"]: volume for volume in pods()[name]["spec"]["volumes"]}
        assert volumes["media"]["persistentVolumeClaim"]["claimName"] in of("PersistentVolumeClaim")
    (claim,) = of("PersistentVolumeClaim").values()
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    for name in ("web", "worker"):
        service = services()[name]
        assert f"media:{service['environment']['YINGDA_MEDIA__FOLDER']}" in service["volumes"]


def test_no_pod_may_do_more_than_it_must():
    for name, pod in pods().items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"], name
        assert spec["automountServiceAccountToken"] is False, name
        for container in spec["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"], name
            assert not context["allowPrivilegeEscalation"], name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert container["resources"]["limits"]["memory"], name
    shown = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    user = int(re.findall(r"^USER (\d+)$", shown, re.MULTILINE)[0])
    assert {pod["spec"]["securityContext"]["runAsUser"] for pod in pods().values()} == {user}
    assert f"--uid {user} " in shown


def test_every_image_is_pinned_by_a_tag():
    tags = {
        i["name"]: i["newTag"]
        for i in documents(DEPLOY / "kubernetes/kustomization.yaml")[0]["images"]
    }
    images = [service["image"] for service in services().values()]
    images += [
        f"{c['image']}:{tags[c['image']]}" for p in pods().values() for c in p["spec"]["containers"]
    ]
    shown = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    images += re.findall(r"^FROM (\S+)", shown, re.MULTILINE)
    for image in images:
        name, _, tag = image.partition(":")
        assert re.search(r"\d", tag), image
        if name == "yingda":
            assert f'version = "{tag}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_secret_is_in_them(path: Path):
    for document in documents(path):
        assert document["kind"] != "Secret" if "kind" in document else True
        for keys, value in walk(document):
            assert not re.search(r"://[^/\s]*:[^/\s]*@", str(value)), keys
            if SECRET_NAME.search(keys[-1]) and isinstance(value, str):
                reference = value.startswith(
                    ("/run/secrets/", "./secrets/", "yingda-")
                ) or value in {
                    "database_url",
                    "database_password",
                }
                assert reference, keys


def test_the_image_is_made_of_what_the_project_has():
    shown = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    allowed = {
        line[1:]
        for line in (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.*) \S+$", shown, re.MULTILINE)
        for name in line.split()
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)
    packages = {p.parent.name for p in ROOT.glob("*/__init__.py")} - {"tests", "docs", "benchmarks"}
    assert packages <= copied


def test_the_lock_of_the_image_says_what_the_tests_ran_with():
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        return set(re.findall(r"^(\S+==\S+)", text, re.MULTILINE))

    assert pins("run.txt") < pins("postgres.txt") <= pins("test.txt")
    assert {pin.partition("==")[0] for pin in pins("postgres.txt") - pins("run.txt")} >= {"psycopg"}


def test_only_web_is_reachable_from_outside():
    assert [name for name, service in services().items() if "ports" in service] == ["web"]
    for service in of("Service").values():
        assert service["spec"]["selector"]["app.kubernetes.io/component"] == "web"
        assert service["spec"].get("type", "ClusterIP") == "ClusterIP"


def test_an_acknowledged_write_is_on_two_machines():
    for each in of("Cluster").values():
        spec = each["spec"]
        assert spec["instances"] >= 3
        assert spec["postgresql"]["synchronous"] == {
            "method": "any",
            "number": 1,
            "dataDurability": "required",
        }
        assert spec["affinity"]["podAntiAffinityType"] == "required"


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_puts_them_together():
    made = subprocess.run(
        ["kubectl", "kustomize", str(DEPLOY / "kubernetes")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    put = list(YAML(typ="safe", pure=True).load_all(made.stdout))
    assert len(put) == len(manifests())
