# SPDX-License-Identifier: Apache-2.0
"""A small registry that a test serves from a folder: the pull half of the distribution API, with tokens, ranges, redirects, and
every trouble that a test may want: a connection cut at a byte, silence, wrong bytes, refusals."""
import base64
import gzip
import hashlib
import http.server
import io
import json
import re
import ssl
import subprocess
import tarfile
import threading
import time
from pathlib import Path

import machine

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def architecture():
    import platform
    return GO_ARCHITECTURES[platform.machine()]


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer_of(files, links=()):
    """An uncompressed layer: {path: bytes}, and symbolic links (path, target)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content))
        for path, target in links:
            info = tarfile.TarInfo(path)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return out.getvalue()


def busybox_layer():
    """As much of a system as a test needs."""
    applets = ("sh", "sleep", "cat", "ls", "httpd")
    return layer_of({"bin/busybox": Path("/bin/busybox").read_bytes()}, [(f"bin/{name}", "busybox") for name in applets])


class Pushed:
    """An image in the registry."""

    def __init__(self, repository, manifest, config, layers, index=None):
        self.repository, self.manifest, self.config, self.layers, self.index = repository, manifest, config, layers, index


class Registry:
    def __init__(self, folder, tls=False):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.tags = {}        # "repository:tag" -> digest
        self.types = {}       # digest of a manifest -> its media type
        self.requests = []    # (method, path, headers)
        self.sent = {}        # digest -> bytes of it that were sent
        # What may be wrong with it.
        self.cut_at = {}      # digest -> byte of the blob at which the connection ends, once
        self.stall_at = {}    # digest -> byte at which nothing more comes, until it is taken away
        self.wrong = set()    # digests of which other bytes are sent
        self.ranges = True    # False: all of it comes; "wrong": another part than was asked for
        self.bytes_per_s = None
        self.user = None      # (name, password): then a token is asked for
        self.basic = None     # (name, password): then that is
        self.refuse = []      # (status, headers): answers to the next requests for manifests
        self.redirect = None  # blobs are sent there: "http://host:port"
        self.realm = None
        self.port = machine.free_port()
        self.ca_file = self._make_certificate() if tls else None
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.folder / "tls.crt", self.folder / "tls.key")
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def name(self):
        return f"localhost:{self.port}"

    @property
    def url(self):
        return ("https://" if self.ca_file else "http://") + self.name

    def close(self):
        self.stall_at.clear()
        self._server.shutdown()
        self._server.server_close()

    # ---- what it holds ----

    def put(self, data):
        digest = digest_of(data)
        (self.folder / digest.removeprefix("sha256:")).write_bytes(data)
        return {"digest": digest, "size": len(data)}

    def push(self, repository, tag, layers, arch=None, command=("sleep", "1000000"), index=False):
        """`layers`: uncompressed. They are sent packed."""
        config = json.dumps({"architecture": arch or architecture(), "os": "linux",
                             "config": {"Cmd": list(command), "Env": ["PATH=/bin"]},
                             "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]}}).encode()
        packed = [gzip.compress(layer, 1, mtime=0) for layer in layers]
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": {"mediaType": CONFIG, **self.put(config)},
                               "layers": [{"mediaType": LAYER, **self.put(layer)} for layer in packed]}).encode()
        of_manifest = self.put(manifest)
        self.types[of_manifest["digest"]] = MANIFEST
        pushed = Pushed(repository, of_manifest["digest"], digest_of(config), [digest_of(layer) for layer in packed])
        if index:
            entry = {"mediaType": MANIFEST, **of_manifest, "platform": {"os": "linux", "architecture": arch or architecture()}}
            whole = self.put(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode())
            self.types[whole["digest"]] = INDEX
            pushed.index = whole["digest"]
        self.tags[f"{repository}:{tag}"] = pushed.index or pushed.manifest
        return pushed

    def size(self, digest):
        return (self.folder / digest.removeprefix("sha256:")).stat().st_size

    def asked(self, part):
        """Headers of the requests whose path has `part` in it."""
        return [headers for _, path, headers in self.requests if part in path]

    # ---- serving ----

    def _make_certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-keyout", str(self.folder / "tls.key"), "-out", str(self.folder / "tls.crt"), "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        return self.folder / "tls.crt"

    def _token(self):
        return base64.b64encode(f"token of {self.port}".encode()).decode()

    def _is_allowed(self, headers):
        """None, or what is wanted."""
        given = headers.get("Authorization", "")
        if self.basic:
            right = "Basic " + base64.b64encode(":".join(self.basic).encode()).decode()
            return None if given == right else 'Basic realm="registry"'
        if self.user is not None and given != "Bearer " + self._token():
            realm = self.realm or f"{self.url}/token"
            return f'Bearer realm="{realm}",service="test registry",scope="repository:x:pull"'
        return None

    def _handler(self):
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):  # noqa: N802
                registry.requests.append((self.command, self.path, dict(self.headers)))
                try:
                    registry._answer(self)
                except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                    self.close_connection = True

        return Handler

    def _say(self, handler, status, body=b"", **headers):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _error(self, handler, status, code, **headers):
        self._say(handler, status, json.dumps({"errors": [{"code": code, "message": "says the test"}]}).encode(), **headers)

    def _answer(self, handler):
        if handler.path.startswith("/token"):
            return self._answer_token(handler)
        if handler.path.startswith("/elsewhere/"):  # where blobs are redirected to
            return self._send(handler, "sha256:" + handler.path.rpartition("/")[2])
        wanted = self._is_allowed(handler.headers)
        if wanted:
            return self._error(handler, 401, "UNAUTHORIZED", WWW_Authenticate=wanted)
        match = re.fullmatch(r"/v2/(.+)/(manifests|blobs)/(.+)", handler.path)
        if not match:
            return self._error(handler, 404, "NAME_UNKNOWN")
        if match[2] == "manifests":
            return self._answer_manifest(handler, match[1], match[3])
        if self.redirect:
            target = f"{self.redirect}/elsewhere/{match[3].removeprefix('sha256:')}"
            return self._say(handler, 307, Location=target)
        return self._send(handler, match[3])

    def _answer_token(self, handler):
        if self.user:
            right = "Basic " + base64.b64encode(":".join(self.user).encode()).decode()
            if handler.headers.get("Authorization") != right:
                return self._error(handler, 401, "UNAUTHORIZED")
        self._say(handler, 200, json.dumps({"token": self._token()}).encode())

    def _answer_manifest(self, handler, repository, reference):
        if self.refuse:
            status, headers = self.refuse.pop(0)
            return self._error(handler, status, "TOOMANYREQUESTS", **headers)
        digest = reference if reference.startswith("sha256:") else self.tags.get(f"{repository}:{reference}")
        if digest not in self.types:
            return self._error(handler, 404, "MANIFEST_UNKNOWN")
        data = (self.folder / digest.removeprefix("sha256:")).read_bytes()
        if digest in self.wrong:
            data = data.replace(b'"schemaVersion": 2', b'"schemaVersion":  2')
        self._say(handler, 200, data, Content_Type=self.types[digest], Docker_Content_Digest=digest)

    def _send(self, handler, digest):
        file = self.folder / digest.removeprefix("sha256:")
        if not file.exists():
            return self._error(handler, 404, "BLOB_UNKNOWN")
        data = file.read_bytes()
        if digest in self.wrong:
            data = bytes(byte ^ 1 for byte in data[:1]) + data[1:]
        begin = 0
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", ""))
        if asked and self.ranges:
            begin = int(asked[1])
            if begin >= len(data):
                return self._error(handler, 416, "RANGE_INVALID")
            handler.send_response(206)
            told = begin - 1 if self.ranges == "wrong" else begin
            handler.send_header("Content-Range", f"bytes {told}-{len(data) - 1}/{len(data)}")
        else:
            handler.send_response(200)
        handler.send_header("Content-Length", str(len(data) - begin))
        handler.end_headers()
        self._send_bytes(handler, digest, data, begin)

    def _send_bytes(self, handler, digest, data, at):
        piece = 16_384
        cut = self.cut_at.get(digest)
        while at < len(data):
            end = min(at + piece, len(data))
            if cut is not None and cut > at:
                end = min(end, cut)
            elif cut is not None:
                del self.cut_at[digest]
                handler.wfile.flush()
                handler.connection.close()
                handler.close_connection = True
                return
            while self.stall_at.get(digest) is not None and at >= self.stall_at[digest]:
                time.sleep(0.02)
            handler.wfile.write(data[at:end])
            self.sent[digest] = self.sent.get(digest, 0) + end - at
            if self.bytes_per_s:
                time.sleep((end - at) / self.bytes_per_s)
            at = end
