#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A small HTTPS server around `git http-backend`, for tests: https_git_server.py PORT FOLDER.

FOLDER holds the repositories, tls.pem and tls.key; requests.log gets a line a request that says whether it carried
credentials. Everything but /public* needs user "hub" with password "s3cret". /moved/X leads to https://127.0.0.1:PORT/X,
another host to a client that takes names seriously.
"""
import base64
import http.server
import os
import ssl
import subprocess
import sys

PORT, FOLDER = int(sys.argv[1]), sys.argv[2]
EXPECTED = "Basic " + base64.b64encode(b"hub:s3cret").decode()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def handle_any(self):
        path, _, query = self.path.partition("?")
        given = self.headers.get("Authorization")
        with open(FOLDER + "/requests.log", "a") as log:
            log.write(f"{self.headers.get('Host')} {path} {'with' if given else 'without'} credentials\n")
        if path.startswith("/moved/"):
            return self.answer(301, {"Location": f"https://127.0.0.1:{PORT}/{self.path[7:]}"})
        if not path.startswith("/public") and given != EXPECTED:
            return self.answer(401, {"WWW-Authenticate": 'Basic realm="git"'})
        self.backend(path, query)

    def backend(self, path, query):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            while True:
                size = int(self.rfile.readline(), 16)
                body += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    break
        environment = {
            **os.environ, "GIT_PROJECT_ROOT": FOLDER, "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
            "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_USER": "hub", "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
        result = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE, check=False)
        head, _, content = result.stdout.partition(b"\r\n\r\n")
        status = 200
        headers = []
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers.append((name, value))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = handle_any
    protocol_version = "HTTP/1.1"


server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(FOLDER + "/tls.pem", FOLDER + "/tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
