# SPDX-License-Identifier: Apache-2.0
"""What one test works with: a hub (often shared), and nodes, a repository and applications of its own. Each test
has a name of its own in labels and names, so that many live on one hub without meeting."""
from pathlib import Path

import machine
import manifests
from git_repository import GitRepository
from node import Node
from waiting import until


class App:
    """An application: a folder of the fleet's repository, placed on the fleet's nodes."""

    def __init__(self, fleet, name, path, **options):
        self.fleet, self.name, self.path, self.options = fleet, name, path, options

    @property
    def hub(self):
        return self.fleet.hub

    def write(self, file, what):
        self.fleet.git.write(f"{self.path}/{file}", what)
        return self

    def remove(self, file):
        self.fleet.git.remove(f"{self.path}/{file}")
        return self

    def create(self, **changes):
        options = {"url": self.fleet.git.url, "selector": {"fleet": self.fleet.label}, **self.options, **changes}
        self.hub.apply([manifests.application(self.name, options.pop("url"), self.path, **options)])
        return self

    def commit(self, message="Change", sync=True):
        """To Git, and has the hub look at once; what it makes of it is for the test to see."""
        revision = self.fleet.git.commit(message)
        if sync:
            self.hub.cli("sync", self.name, code=None)
        return revision

    def status(self):
        return (self.hub.application(self.name) or {}).get("status", {})

    def push(self, message="Change", **wait):
        """Commits, and waits until every node of it is there."""
        revision = self.commit(message)
        self.settled(revision, **wait)
        return revision

    def settled(self, revision=None, ready=None, seconds=30):
        revision = revision or self.fleet.git.head()

        def there():
            status = self.status()
            nodes = status.get("nodes", {})
            assert status.get("revision") == revision, status
            assert (status.get("sync"), status.get("health")) == ("Synced", "Healthy"), status
            assert nodes["ready"] == (nodes["total"] if ready is None else ready) > 0, status
            return True

        until(f"application {self.name} is Synced and Healthy at {revision[:10]}", there, seconds)
        return self


class Fleet:
    def __init__(self, hub, folder, label):
        self.hub, self.folder, self.label = hub, Path(folder), label
        self.nodes = []
        self.apps = []
        self._git = None

    @property
    def git(self):
        if self._git is None:
            self._git = GitRepository(self.folder / "git")
        return self._git

    def node(self, name="n", start=True, wrapper=(), enroll_wrapper=(), enroll_options=(), **labels):
        """Enrolled by a one-time token whose labels are authoritative."""
        node = Node(f"{self.label}-{name}", self.folder / name)
        node.wrapper = list(wrapper)
        self.nodes.append(node)
        all_labels = {"fleet": self.label, **labels}
        token = self.hub.token(*[word for label in all_labels.items() for word in ("--label", "=".join(label))])
        done = node.enroll(token["hub"], token["caSha256"], token["token"], *enroll_options,
                           wrapper=enroll_wrapper)
        assert done.returncode == 0, done.stderr
        return node.start() if start else node

    def app(self, name="app", objects=None, create=True, **options):
        """`objects`: {file: manifests}. Committed, applied and settled, when there is anything."""
        app = App(self, f"{self.label}-{name}", f"apps/{name}", **options)
        self.apps.append(app)
        for file, what in (objects or {}).items():
            app.write(file, what)
        if objects:
            revision = self.git.commit(f"Add {name}")
            if create:
                app.create().settled(revision)
        return app

    def remove(self):
        """Leaves nothing of this test: neither objects at the hub nor processes."""
        for node in self.nodes:
            node.remove()
        if self.hub.daemon.runs():
            for app in self.apps:
                self.hub.cli("delete", "application", app.name, code=None)
            for node in self.nodes:
                self.hub.cli("delete", "node", node.name, code=None)

    def logs(self):
        """For a failure: what everyone said last."""
        files = [self.hub.daemon.log, *(node.agent.log for node in self.nodes)]
        return {str(file.relative_to(self.folder.parent)): machine.tail(file) for file in files if file.exists()}
