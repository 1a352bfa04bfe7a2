# SPDX-License-Identifier: Apache-2.0
"""What stands at the old address of a hub that moved."""
import http.server
import ssl
import subprocess
import threading

from hub import API


class Signpost:
    """Any web server at the hub's old address that gives out trust.json; its certificate is nobody's."""

    def __init__(self, folder, port, trust):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=nobody",
                        "-keyout", str(folder / "post.key"), "-out", str(folder / "post.crt")], check=True, capture_output=True)
        content = trust.read_bytes()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if self.path == f"{API}/trust" else 404)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "post.crt", folder / "post.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def remove(self):
        self.server.shutdown()
        self.server.server_close()
