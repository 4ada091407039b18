"""A host observer: keeps a list of hosts, over HTTP, up to date."""

import requests
from oslo_config import cfg

from fenix.workflow.observer import BaseHostObserver

OPTIONS = [cfg.URIOpt("url", default="http://127.0.0.1:8080/hosts")]
TIME_LIMIT = 10
WORDS = {
    "IN_MAINTENANCE": "in maintenance",
    "MAINTENANCE_COMPLETE": "in use",
    "HOST_ADDED": "new",
}


class Observer(BaseHostObserver):
    @classmethod
    def configured(cls, conf):
        conf.register_opts(OPTIONS, group="host_register")

    def observe(self, event, memory):
        url = f"{self.conf.host_register.url}/{event.hostname}"
        if event.state == "HOST_REMOVED":
            answer = requests.delete(url, timeout=TIME_LIMIT)
            if answer.status_code == requests.codes.not_found:
                return None
        else:
            body = {"is": WORDS[event.state], "since": event.at.isoformat()}
            answer = requests.put(url, json=body, timeout=TIME_LIMIT)
        answer.raise_for_status()
        return "registered"
