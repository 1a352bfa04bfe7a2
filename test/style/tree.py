# SPDX-License-Identifier: Apache-2.0
"""The source tree as the style rules see it: files by path from the root, with comments and strings out of the way."""
import os
import re
from functools import lru_cache

NOT_OURS = {".git", "build", "__pycache__", "node_modules", ".cache", ".pytest_cache"}
TEXT = re.compile(r"\.(cpp|hpp|py|sh|cmake|txt|md|ya?ml|json|conf|service|html|css|js|in)$|/[^.]+$|^[^./]+$|(^|/)\.[a-z-]+$")
CODE = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)"""
    r"""|(?P<raw>R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)")"""
    r"""|(?P<string>"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+')""",
    re.S,
)


class File:
    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.splitlines()

    @property
    def is_header(self):
        return self.path.endswith(".hpp")

    @property
    def is_cpp(self):
        return self.path.endswith((".cpp", ".hpp"))

    @property
    def is_test(self):
        """Runs only in tests: under test/, or a test, contract, fuzz target or fake beside its source."""
        name = os.path.basename(self.path)
        return self.path.startswith("test/") or name.startswith("fake_") or bool(
            re.search(r"_(test|contract|fuzz)\.[ch]pp$", name))

    @property
    @lru_cache(maxsize=None)
    def code(self):
        """The text with comments and literals blanked, line numbers kept."""
        def blank(match):
            kept = "\n" * match[0].count("\n")
            return kept if match["comment"] else '""' + kept
        lines = [line if not line.lstrip().startswith("#include") else line.replace('"', "\0") for line in self.lines]
        return CODE.sub(blank, "\n".join(lines)).replace("\0", '"')

    @property
    @lru_cache(maxsize=None)
    def includes(self):
        """(line, header, quoted) of each #include."""
        found = []
        for number, line in enumerate(self.code.splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
            if match:
                found.append((number, match[2], match[1] == '"'))
        return found

    def matches(self, pattern):
        """(line, match) of every match in the code."""
        for number, line in enumerate(self.code.splitlines(), 1):
            for match in re.finditer(pattern, line):
                yield number, match


class Tree:
    """REQUIRES: paths from the root with forward slashes."""

    def __init__(self, texts):
        self.files = {path: File(path, text) for path, text in sorted(texts.items())}

    @classmethod
    def load(cls, root):
        texts = {}
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if name not in NOT_OURS)
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), root)
                if not TEXT.search(path) or os.path.islink(os.path.join(folder, name)):
                    continue
                try:
                    with open(os.path.join(folder, name), encoding="utf-8") as file:
                        texts[path] = file.read()
                except (UnicodeDecodeError, FileNotFoundError):
                    continue
        return cls(texts)

    def cpp(self):
        return [file for file in self.files.values() if file.is_cpp]

    def closure(self, path):
        """Headers of ours that `path` reaches, each with the chain of includes that leads there."""
        chains, todo = {}, [(path, (path,))]
        while todo:
            at, chain = todo.pop()
            for _, header, quoted in (self.files[at].includes if at in self.files else []):
                if quoted and header not in chains:
                    chains[header] = chain + (header,)
                    todo.append((header, chain + (header,)))
        return chains
