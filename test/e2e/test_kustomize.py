# SPDX-License-Identifier: Apache-2.0
"""An application that is a kustomization: what a node holds is what was built, and a mistake in one names its place."""
from manifests import file
from waiting import until

OVERLAY = """\
resources: [../../bases/site]
namePrefix: {prefix}
configMapGenerator:
- name: greeting
  literals: ["text={text}"]
"""
BASE = [
    file("motd", "/etc/motd", "{{ .node.name }}\n"),
    {"apiVersion": "holdfast.dev/v1", "kind": "File", "metadata": {"name": "greeting"},
     "spec": {"path": "/etc/greeting", "contentFrom": {"configMapKeyRef": {"name": "greeting", "key": "text"}}}},
]


def test_an_overlay_is_built_from_a_base_elsewhere_in_the_repository(fleet):
    node = fleet.node()
    fleet.git.write("bases/site/kustomization.yaml", "resources: [site.yaml]\n")
    fleet.git.write("bases/site/site.yaml", BASE)
    app = fleet.app(objects={"kustomization.yaml": OVERLAY.format(prefix="prod-", text="hold fast"), "README.md": "no manifest"})
    assert node.text("/etc/motd") == f"{node.name}\n"
    assert node.text("/etc/greeting") == "hold fast"

    app.write("kustomization.yaml", OVERLAY.format(prefix="prod-", text="hold faster")).push()
    assert node.text("/etc/greeting") == "hold faster"

    fleet.git.write("bases/site/site.yaml", [file("motd", "/etc/motd", "from the base\n"), BASE[1]])
    app.push("Change the base alone")
    assert node.text("/etc/motd") == "from the base\n"


def test_a_kustomization_that_cannot_be_built_changes_nothing_and_names_its_place(fleet):
    node = fleet.node()
    fleet.git.write("bases/site/kustomization.yaml", "resources: [site.yaml]\n")
    fleet.git.write("bases/site/site.yaml", BASE)
    app = fleet.app(objects={"kustomization.yaml": OVERLAY.format(prefix="a-", text="good")})
    fleet.git.write("bases/site/kustomization.yaml", "resources: [site.yaml, gone.yaml]\n")
    app.commit("Break the base")
    place = "bases/site/kustomization.yaml:1: resources[1]: bases/site/gone.yaml is not there"
    until("the mistake is told with its place", lambda: place in str(app.status().get("conditions", "")))
    assert node.text("/etc/greeting") == "good"
