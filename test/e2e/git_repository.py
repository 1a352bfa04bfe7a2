# SPDX-License-Identifier: Apache-2.0
"""A real Git repository, as a team would push it."""
import os
import shutil
import subprocess
from pathlib import Path

import manifests

ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
}


class GitRepository:
    def __init__(self, folder, branch="main"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.git("init", "--quiet", f"--initial-branch={branch}")

    @property
    def url(self):
        return f"file://{self.folder}"

    def git(self, *arguments, data=None):
        done = subprocess.run(["git", *arguments], cwd=self.folder, input=data, capture_output=True,
                              env={**os.environ, **ENVIRONMENT})
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace')}"
        return done.stdout.decode(errors="replace").strip()

    def write(self, path, what):
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(manifests.to_yaml(what))

    def remove(self, path):
        target = self.folder / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    def commit(self, message="Change"):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head()

    def head(self):
        return self.git("rev-parse", "HEAD")
