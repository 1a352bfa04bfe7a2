# SPDX-License-Identifier: Apache-2.0
"""Manifests as tests write them: short, and one document a resource."""
import yaml

GROUP = "holdfast.dev/v1"


def _object(kind, name, spec, annotations=None, api=GROUP):
    metadata = {"name": name}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}


def file(name, path, content, mode=None, annotations=None):
    spec = {"path": path, "content": content}
    if mode:
        spec["mode"] = mode
    return _object("File", name, spec, annotations)


def process(name, command, annotations=None, **spec):
    return _object("Process", name, {"command": command, **spec}, annotations)


def unit(name, of, content=None, enabled=True, state="running", **spec):
    all_of_it = {"name": of, "content": content, "enabled": enabled, "state": state, **spec}
    return _object("Unit", name, {key: value for key, value in all_of_it.items() if value is not None})


def shell(name, script, **spec):
    return process(name, ["/bin/sh", "-c", script], **spec)


def config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def application(name, url, path, selector=None, revision="main", retry=None, deadline_seconds=None, automated=True,
                finalizers=None, **policy):
    """Automated, pruned and self-healed; `policy` says what is otherwise (prune=False, maxPrune="20%", …)."""
    spec = {"source": {"repoURL": url, "targetRevision": revision, "path": path}, "syncPolicy": {}}
    if selector is not None:
        spec["placement"] = {"selector": selector if "matchExpressions" in selector else {"matchLabels": selector}}
    if automated:
        spec["syncPolicy"]["automated"] = {"prune": True, "selfHeal": True, **policy}
    # Short by default: a test waits for the outcome, not for patience.
    spec["syncPolicy"]["retry"] = retry or {"limit": 2, "backoff": {"duration": "200ms", "maxDuration": "1s"}}
    if deadline_seconds:
        spec["syncPolicy"]["progressDeadlineSeconds"] = deadline_seconds
    metadata = {"name": name}
    if finalizers:
        metadata["finalizers"] = finalizers
    return {"apiVersion": GROUP, "kind": "Application", "metadata": metadata, "spec": spec}


def to_yaml(what):
    """Text and bytes stay as they are, so that a test can write what no honest tool would."""
    if isinstance(what, bytes):
        return what
    if isinstance(what, str):
        return what.encode()
    return yaml.safe_dump_all(what if isinstance(what, list) else [what], sort_keys=False).encode()
