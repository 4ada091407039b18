"""Manages one project of clouds.yaml: manager.py CLOUD ADDRESS PORT."""

import http.server
import sys

import openstack

from fenix import client


def webhook(cloud):
    fenix, removed = client.Client(cloud.session), []

    class Webhook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            event = client.decode(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            if event.state == "SCALE_IN":
                servers = [s for s in cloud.compute.servers() if s.name.startswith("worker")]
                for server in servers[: event.scale_in.get("instances", 1)]:
                    flavor = cloud.compute.find_flavor(server.flavor.original_name)
                    same = {"flavor_id": flavor.id, "image_id": server.image.id}
                    removed.append({"name": server.name, "networks": "auto", **same})
                    cloud.compute.delete_server(server)
                    cloud.compute.wait_for_delete(server)
            while removed and event.state == "MAINTENANCE_COMPLETE":
                cloud.compute.create_server(**removed.pop())
            moving = fenix.replies.instances(event) if event.allowed_actions else []
            if event.expects_reply:
                fenix.replies.accept(event, dict.fromkeys(moving, "LIVE_MIGRATE"))

    return Webhook


if __name__ == "__main__":
    name, address, port = sys.argv[1:]
    handler = webhook(openstack.connect(cloud=name))
    http.server.ThreadingHTTPServer((address, int(port)), handler).serve_forever()
