"""A stand-in for Neutron for servers without networks: no network, no port, no security group.

nova asks Neutron about ports even for a server created with networks='none' (at delete, at
migration, in the server's detail), and refuses to live-migrate without the extension
"binding-extended". This answers every list empty. Usage: neutron_stub.py PORT
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EXTENSIONS = [
    {
        "alias": "binding-extended",
        "name": "Port Bindings Extended",
        "description": "",
        "links": [],
        "updated": "2017-07-17T10:00:00-00:00",
    }
]

QUOTAS = (
    "network",
    "subnet",
    "port",
    "router",
    "floatingip",
    "security_group",
    "security_group_rule",
)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, code, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, message):
        error = {"type": "NotFound", "message": message, "detail": ""}
        self.answer(404, {"NeutronError": error})

    def do_GET(self):
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts == [""]:
            link = {"rel": "self", "href": f"http://127.0.0.1:{sys.argv[1]}/v2.0/"}
            version = {"id": "v2.0", "status": "CURRENT", "links": [link]}
            return self.answer(200, {"versions": [version]})
        if len(parts) == 1:
            return self.answer(200, {"resources": []})
        kind = parts[1].removesuffix(".json")
        if kind == "extensions":
            return self.answer(200, {"extensions": EXTENSIONS})
        if kind == "quotas":
            return self.answer(200, {"quota": dict.fromkeys(QUOTAS, -1)})
        if len(parts) == 2:
            return self.answer(200, {kind.replace("-", "_"): []})
        return self.refuse(f"{self.path} could not be found.")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.refuse("The lab has no networks.")

    do_PUT = do_DELETE = do_POST  # noqa: N815

    def log_message(self, form, *args):
        print(self.log_date_time_string(), self.command, self.path, *args[1:2], flush=True)


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
