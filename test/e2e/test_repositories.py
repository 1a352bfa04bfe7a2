# SPDX-License-Identifier: Apache-2.0
"""Where commits come from: every transport, repositories that misbehave, and history that is rewritten."""
import contextlib
import http.server
import os
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

import machine
from fleet import App
from git_repository import ENVIRONMENT
from hub import Hub
from manifests import file
from waiting import holds, until

MOTD = {"motd.yaml": file("motd", "/etc/motd", "hello\n")}


def apply_from(fleet, url, name="app", **options):
    app = App(fleet, f"{fleet.label}-{name}", f"apps/{name}", **options)
    fleet.apps.append(app)
    return app.create(url=url)


@contextlib.contextmanager
def mute_server():
    """Accepts, and says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    held = []
    thread = threading.Thread(target=lambda: [held.append(pair) for pair in iter(lambda: _accept(listener), None)], daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], held
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for connection, _ in held:
            connection.close()


def _accept(listener):
    try:
        return listener.accept()
    except OSError:
        return None


# ---- history ----


def test_a_force_push_is_followed_and_the_commit_in_force_is_not_lost(fleet):
    node = fleet.node()
    app = fleet.app(objects=MOTD)
    first = fleet.git.head()
    app.write("motd.yaml", file("motd", "/etc/motd", "second\n")).push()
    fleet.git.git("reset", "--quiet", "--hard", first)
    app.write("motd.yaml", file("motd", "/etc/motd", "rewritten\n")).push("Rewrite history")
    assert node.text("/etc/motd") == "rewritten\n"
    fleet.git.git("reflog", "expire", "--expire=now", "--all")
    fleet.git.git("gc", "--quiet", "--prune=now")
    history = [entry for entry in app.hub.cli("history", app.name, "-o", "json").stdout.split('"') if len(entry) == 40]
    lost = [commit for commit in history if commit not in (first, fleet.git.head())]
    app.hub.cli("rollback", app.name, lost[0])
    until("the commit that was pushed away is still there", lambda: node.text("/etc/motd") == "second\n")


def test_a_deleted_branch_deletes_nothing_and_is_named(fleet):
    node = fleet.node()
    fleet.git.git("commit", "--quiet", "--allow-empty", "--message", "Begin")
    fleet.git.git("switch", "--quiet", "--create", "site-7")
    app = fleet.app(objects=MOTD, revision="site-7")
    fleet.git.git("switch", "--quiet", "--detach")
    fleet.git.git("branch", "--quiet", "-D", "site-7")
    app.hub.cli("sync", app.name, code=None)
    until("it is named", lambda: "site-7" in app.hub.conditions(app.name).get("ComparisonError", ""))
    holds("everything stays", lambda: node.text("/etc/motd") == "hello\n", 0.5)
    fleet.git.git("switch", "--quiet", "--create", "site-7")
    app.write("motd.yaml", file("motd", "/etc/motd", "back\n")).push()


def test_a_tag_and_a_commit_id_are_revisions_too(fleet):
    node = fleet.node()
    app = fleet.app(objects=MOTD, create=False)
    fleet.git.git("tag", "v1")
    first = fleet.git.head()
    app.write("motd.yaml", file("motd", "/etc/motd", "second\n"))
    fleet.git.commit()
    app.create(revision="v1").settled(first)
    assert node.text("/etc/motd") == "hello\n"
    app.create(revision=fleet.git.head()).settled()
    assert node.text("/etc/motd") == "second\n"
    app.create(revision=first).settled(first)


# ---- size ----


def test_a_repository_with_100000_files_is_read_where_the_application_is_small(fleet):
    fast_import_many(fleet.git, "noise", 100_000)
    node = fleet.node()
    fleet.app(objects=MOTD)
    assert node.text("/etc/motd") == "hello\n"


def test_an_application_path_with_100000_files_is_refused_with_the_limit(fleet):
    node = fleet.node()
    app = fleet.app(objects=MOTD)
    fast_import_many(fleet.git, f"{app.path}/many", 100_000)
    app.hub.cli("sync", app.name, code=None)
    until("the limit is named", lambda: "10000" in " ".join(app.hub.conditions(app.name).values()).replace(",", ""), 40)
    assert node.text("/etc/motd") == "hello\n"


def fast_import_many(git, folder, count):
    """A commit with so many files on top of what is there, in a second."""
    parent = subprocess.run(["git", "rev-parse", "--verify", "--quiet", "main"], cwd=git.folder, capture_output=True, text=True)
    lines = ["blob", "mark :1", "data 16", "kind: ConfigMap\n", "commit refs/heads/main", "committer Ada <ada@example.com> 1 +0000",
             "data 4", "Many"]
    lines += [f"from {parent.stdout.strip()}"] if parent.returncode == 0 else []
    lines += [f"M 100644 :1 {folder}/{i // 1000:03}/{i:06}.yaml" for i in range(count)]
    git.git("fast-import", "--quiet", data=("\n".join(lines) + "\n").encode())
    git.git("reset", "--quiet", "--mixed")
    git.git("checkout", "--quiet", "HEAD", "--", ".")


# ---- servers ----


@pytest.mark.parametrize("scheme", ["git://", "https://"])
def test_a_git_server_that_accepts_and_says_nothing_stalls_nobody_else(fleet, scheme):
    node = fleet.node()
    with mute_server() as (port, held):
        mute = apply_from(fleet, f"{scheme}127.0.0.1:{port}/fleet.git", "mute")
        until("the hub tries", lambda: held)
        app = fleet.app(objects=MOTD)
        app.write("motd.yaml", file("motd", "/etc/motd", "meanwhile\n")).push()
        assert node.text("/etc/motd") == "meanwhile\n"
        assert mute.status().get("sync") in (None, "Unknown")


def test_many_silent_servers_on_one_host_stall_nobody_else(fleet):
    node = fleet.node()
    with mute_server() as (port, held):
        for i in range(12):
            apply_from(fleet, f"git://127.0.0.1:{port}/fleet-{i}.git", f"mute-{i}")
        until("the hub tries", lambda: held)
        app = fleet.app(objects=MOTD)
        app.write("motd.yaml", file("motd", "/etc/motd", "meanwhile\n")).push()
        assert node.text("/etc/motd") == "meanwhile\n"


def gave_up(hub, application, port):
    why = hub.conditions(application).get("ComparisonError", "")
    return str(port) in why and "the server did not finish" in why


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["git://", "https://", "ssh://git@"])
def test_a_git_server_that_says_nothing_is_given_up_at_the_deadline_and_named(fleet, scheme):
    key, known_hosts = fleet.folder / "key", fleet.folder / "known_hosts"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    with mute_server() as (port, held):
        known_hosts.write_text(f"[127.0.0.1]:{port} {key.with_suffix('.pub').read_text()}")
        url = f"{scheme}127.0.0.1:{port}/fleet.git"
        ssh = [{"url": url, "sshKeyFile": str(key), "knownHostsFile": str(known_hosts)}]
        # A hub of its own: where one repository of a host does not answer, its others wait.
        with hub_with(fleet, ssh if scheme.startswith("ssh") else []) as hub:
            hub.apply([_application("mute", url, "apps")])
            until("the hub gives up", lambda: gave_up(hub, "mute", port), 90)
            assert held


def test_git_protocol(fleet):
    node = fleet.node()
    app = fleet.app(objects=MOTD, create=False)
    port = machine.free_port()
    daemon = machine.Daemon("git daemon", ["git", "daemon", "--listen=127.0.0.1", f"--port={port}", "--export-all",
                                           f"--base-path={fleet.folder}", str(fleet.folder)], fleet.folder / "daemon.log")
    daemon.start()
    try:
        until("it listens", lambda: listens(port))
        app.create(url=f"git://127.0.0.1:{port}/git/.git")
        app.hub.cli("sync", app.name, code=None)  # other servers of this host were silent: else it waits for its turn
        app.settled()
        assert node.text("/etc/motd") == "hello\n"
    finally:
        daemon.kill()


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def https_git(fleet, token):
    """`git http-backend` behind TLS with a CA of its own and a token that it asks for."""
    import base64
    key, certificate = fleet.folder / "https.key", fleet.folder / "https.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out",
                    str(certificate)], check=True, capture_output=True)
    wanted = {"Basic " + base64.b64encode(f"{user}:{token}".encode()).decode() for user in ("git", "x-access-token", "oauth2", "fleet")}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Authorization") not in wanted | {f"Bearer {token}"}:
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic realm=git")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env={
                **os.environ, **ENVIRONMENT, "GIT_PROJECT_ROOT": str(fleet.folder), "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_USER": "git",
                "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "GIT_PROTOCOL": self.headers.get("Git-Protocol", "")})
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
            self.send_response(int(headers.pop("Status", "200").split()[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://localhost:{server.server_port}/git/.git", certificate
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def hub_with(fleet, repositories):
    """A hub of its own, with credentials in its --config."""
    import json
    folder = fleet.folder / "private"
    folder.mkdir()
    (folder / "hub.json").write_text(json.dumps({"repositories": repositories}))
    hub = Hub(folder, "--config", str(folder / "hub.json"))
    try:
        yield hub.start()
    finally:
        hub.remove()


def revision_of(hub, name):
    return ((hub.application(name) or {}).get("status") or {}).get("revision")


def test_https_with_a_token_and_a_private_ca_and_without_them_a_clear_error(fleet):
    app = fleet.app(objects=MOTD, create=False)
    token = fleet.folder / "token"
    token.write_text("s3cret\n")
    with https_git(fleet, "s3cret") as (url, authority):
        with hub_with(fleet, [{"url": url, "username": "fleet", "tokenFile": str(token), "caFile": str(authority)}]) as hub:
            hub.apply([_application("private", url, app.path)])
            until("it is read", lambda: revision_of(hub, "private") == fleet.git.head())
            assert "s3cret" not in machine.tail(hub.daemon.log, 10_000)
            token.write_text("wrong\n")
            hub.cli("sync", "private", code=None)
            until("the refusal is told", lambda: "ComparisonError" in hub.conditions("private"))
            assert "wrong" not in str(hub.application("private")["status"])
            assert revision_of(hub, "private") == fleet.git.head(), "what was in force stays"


def _application(name, url, path):
    from manifests import application
    return application(name, url, path, {})


def test_ssh_with_a_key_and_a_checked_host_key(fleet):
    app = fleet.app(objects=MOTD, create=False)
    with ssh_server(fleet) as (url, key, known_hosts):
        good = {"url": url, "sshKeyFile": str(key), "knownHostsFile": str(known_hosts)}
        with hub_with(fleet, [good]) as hub:
            hub.apply([_application("private", url, app.path)])
            until("it is read", lambda: revision_of(hub, "private") == fleet.git.head())
            other = fleet.folder / "other"
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
            known_hosts.write_text(known_hosts.read_text().split()[0] + " " + other.with_suffix(".pub").read_text())
            hub.cli("sync", "private", code=None)
            until("a host with another key is not believed",
                  lambda: "host key" in hub.conditions("private").get("ComparisonError", "").lower())


@contextlib.contextmanager
def ssh_server(fleet):
    port, folder = machine.free_port(), fleet.folder / "sshd"
    folder.mkdir(mode=0o700)
    for name in ("host", "client"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    shutil.copy(folder / "client.pub", folder / "authorized_keys")
    (folder / "sshd_config").write_text(f"""
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized_keys
PidFile {folder}/pid
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
""")
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} " + (folder / "host.pub").read_text())
    daemon = machine.Daemon("sshd", ["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "sshd_config")], folder / "sshd.log")
    daemon.start()
    try:
        until("sshd listens", lambda: listens(port))
        user = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
        yield f"ssh://{user}@127.0.0.1:{port}{fleet.folder}/git/.git", folder / "client", folder / "known_hosts"
    finally:
        daemon.kill()


def test_a_repository_that_was_never_there_is_named(fleet):
    app = apply_from(fleet, f"file://{fleet.folder}/nowhere")
    until("it is named", lambda: "nowhere" in app.hub.conditions(app.name).get("ComparisonError", ""))
