# SPDX-License-Identifier: Apache-2.0
"""An image of one program, Debian's busybox-static, as `docker save` writes it: no registry is needed for it."""
import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path

APPLETS = ("cat", "echo", "env", "head", "id", "ls", "nc", "httpd", "sh", "sleep", "stat", "touch", "yes", "ip")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def _tar(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content, link in entries:
            info = tarfile.TarInfo(name)
            info.mode = 0o755
            if link:
                info.type, info.linkname = tarfile.SYMTYPE, link
                tar.addfile(info)
            elif content is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def write_archive(path, name, **config):
    """Each `name` is another image: it stands in its configuration."""
    program = Path("/bin/busybox").read_bytes()
    layer = _tar([("bin", None, None), ("tmp", None, None), ("bin/busybox", program, None)] +
                 [(f"bin/{applet}", None, "busybox") for applet in APPLETS])
    text = json.dumps({"architecture": ARCHITECTURES[platform.machine()], "os": "linux",
                       "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"], "Labels": {"name": name}, **config},
                       "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
    Path(path).write_bytes(_tar([("config.json", text, None), ("layer.tar", layer, None),
                                 ("manifest.json", manifest, None)]))
    return Path(path)
