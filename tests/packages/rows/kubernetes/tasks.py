"""The client of Kubernetes, against a server that answers as it does."""

from __future__ import annotations

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("kubernetes")


def configure(client: Client) -> None:
    from kubernetes import config

    cluster = {
        "server": client.get_variable("https_url") + "/kubernetes",
        "certificate-authority": client.get_variable("web_ca"),
    }
    document = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": "none"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    config.load_kube_config_from_dict(document)


@dag.task
def use_pods(client: Client) -> dict:
    from kubernetes import client as kubernetes
    from kubernetes import watch

    configure(client)
    core = kubernetes.CoreV1Api()
    pods = core.list_namespaced_pod("shop")
    events = [
        event["object"].metadata.name
        for event in watch.Watch().stream(core.list_namespaced_pod, "shop", timeout_seconds=5)
    ]
    try:
        core.read_namespaced_pod("none", "shop")
    except kubernetes.ApiException as error:
        problem = [error.status, error.reason]
    return {
        "pods": [
            [pod.metadata.name, pod.status.phase, pod.metadata.creation_timestamp.isoformat()] for pod in pods.items
        ],
        "events": events,
        "problem": problem,
    }


@dag.task
def use_jobs(client: Client) -> list:
    from kubernetes import client as kubernetes

    configure(client)
    container = kubernetes.V1Container(name="main", image="fish", command=["swim"])
    pod = kubernetes.V1PodTemplateSpec(spec=kubernetes.V1PodSpec(containers=[container], restart_policy="Never"))
    job = kubernetes.V1Job(metadata=kubernetes.V1ObjectMeta(name="swim"), spec=kubernetes.V1JobSpec(template=pod))
    made = kubernetes.BatchV1Api().create_namespaced_job("shop", job)
    return [made.metadata.name, made.spec.template.spec.containers[0].command, made.spec.template.spec.restart_policy]
