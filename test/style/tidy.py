# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over the sources, changed ones first, remembering what was clean so that only what changed is read again."""
import concurrent.futures
import hashlib
import json
import os
import subprocess
import time

COMMAND = ["clang-tidy-19", "--quiet", "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wshadow",
           "--extra-arg=-Wno-deprecated-declarations"]  # of libstdc++ 12 about itself, inside std::stable_sort


def changed_files(root):
    """What differs from the last commit that is on the main branch; empty when Git cannot tell."""
    def git(*arguments):
        result = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, *arguments],
                                capture_output=True, text=True, check=False)
        return result.stdout.split() if result.returncode == 0 else []
    base = (git("merge-base", "HEAD", "origin/main") or git("rev-parse", "HEAD~1") or [None])[0]
    return set(git("diff", "--name-only", base)) if base else set()


class Tidy:
    def __init__(self, root, tree, build):
        self.root, self.tree, self.build = root, tree, build
        self.seen_path = os.path.join(root, "build", "tidy", "clean.json")
        self.fixed = " ".join(COMMAND) + tree.files[".clang-tidy"].text
        try:
            with open(self.seen_path, encoding="utf-8") as file:
                self.clean = json.load(file)
        except (FileNotFoundError, ValueError):
            self.clean = {}

    def key(self, path):
        """Digest of all that a finding can depend on: the file, the headers of ours it reaches, the checks."""
        digest = hashlib.sha256(self.fixed.encode())
        for reached in [path, *sorted(self.tree.closure(path))]:
            file = self.tree.files.get(reached)
            digest.update((reached + "\0" + (file.text if file else "")).encode())
        return digest.hexdigest()

    def sources(self):
        with open(os.path.join(self.root, self.build, "compile_commands.json"), encoding="utf-8") as file:
            compiled = {os.path.relpath(entry["file"], self.root) for entry in json.load(file)}
        return sorted(path for path in compiled if path in self.tree.files and not path.startswith("cmake/"))

    def look_at(self, path):
        result = subprocess.run([*COMMAND, "-p", self.build, path], cwd=self.root, capture_output=True, text=True,
                                check=False, stdin=subprocess.DEVNULL)
        return path, result.returncode, result.stdout + (result.stderr if result.returncode and not result.stdout else "")

    def run(self, seconds, jobs, say):
        """-> (files looked at or known clean, files with findings, files left out for want of time)"""
        changed = changed_files(self.root)
        keys = {path: self.key(path) for path in self.sources()}
        todo = [path for path in keys if self.clean.get(path) != keys[path]]
        todo.sort(key=lambda path: (path not in changed, path))
        end = time.monotonic() + seconds
        bad, left = [], 0
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for path, code, output in pool.map(
                    lambda path: self.look_at(path) if time.monotonic() < end else (path, None, ""), todo):
                if code is None:
                    left += 1
                elif code == 0:
                    self.clean[path] = keys[path]
                else:
                    bad.append(path)
                    say(output.replace(self.root + "/", "").rstrip())
        os.makedirs(os.path.dirname(self.seen_path), exist_ok=True)
        with open(self.seen_path, "w", encoding="utf-8") as file:
            json.dump({path: key for path, key in self.clean.items() if path in keys}, file)
        return len(keys) - left, bad, left
