"""Fenix's API as a client uses it: the endpoint from the catalogue, JSON on every call."""

import dataclasses
import datetime

from checks import Unmet, until
from keystoneauth1.identity import v3

_IDLE = ("MAINTENANCE_DONE", "MAINTENANCE_FAILED")
_HEADERS = {"Content-Type": "application/json"}


@dataclasses.dataclass(frozen=True)
class Answer:
    """``message``: of an error, else empty."""

    code: int
    body: dict
    message: str = ""


class Client:
    """Calls with the token of one user.

    :ivar refused: how many calls were answered 401 or 403.
    """

    def __init__(self, session, region):
        self._session = session
        self._where = {"service_type": "maintenance", "region_name": region}
        self.refused = 0

    def call(self, method, path, body=None, token=None, authenticated=True):
        """One call; errors are answers too.

        :param path: below ``/v1``, or a whole URL such as a ``reply_url``.
        :param token: text that is sent as the token, instead of one of the session's.
        """
        headers = dict(_HEADERS)
        if token is not None:
            headers["X-Auth-Token"] = token
        response = self._session.request(
            path,
            method,
            json=body,
            headers=headers,
            authenticated=authenticated and token is None,
            # Without a token there is no catalogue either.
            endpoint_override=self.endpoint(),
            connect_retries=2,
            raise_exc=False,
        )
        if response.status_code in (401, 403):
            self.refused += 1
        found = response.json()
        return Answer(response.status_code, found, found.get("error", {}).get("message", ""))

    def endpoint(self):
        """The URL that the catalogue has."""
        return self._session.get_endpoint(**self._where)

    # An administrator's

    def create(self, **body):
        """A session's id.

        :raises Unmet: when it is not created.
        """
        answer = self.call("POST", "/maintenance", body)
        if answer.code != 200:
            raise Unmet(f"POST /maintenance {body}: {answer.code} {answer.body}")
        return answer.body["session_id"]

    def command(self, session_id, command):
        """Pause, resume or abort it.

        :raises Unmet: when that is not accepted.
        """
        answer = self.call("PUT", f"/maintenance/{session_id}", {"command": command})
        if answer.code != 200:
            raise Unmet(f"{command} of {session_id}: {answer.code} {answer.body}")

    def state(self, session_id):
        return self.call("GET", f"/maintenance/{session_id}").body.get("state")

    def detail(self, session_id):
        return self.call("GET", f"/maintenance/{session_id}/detail").body

    def reason(self, session_id):
        return self.detail(session_id)["session"]["reason"] or ""

    def events(self, session_id, kind):
        """What the session's history says of one kind."""
        found = self.call("GET", f"/maintenance/{session_id}/events?limit=1000").body["events"]
        return [event["message"] for event in found if event["kind"] == kind]

    def wait_end(self, session_id, seconds=120, state="MAINTENANCE_DONE"):
        """Waits for a session to end.

        :raises Unmet: when it ends in another state, or not in time.
        """
        ended = f"session {session_id} ends"
        found = until(ended, lambda: self._ended(session_id), seconds)
        if found != state:
            raise Unmet(f"{ended}: in {found}, not {state}: {self.reason(session_id)}")

    def _ended(self, session_id):
        state = self.state(session_id)
        return state if state in _IDLE else None


def short_lived_token(lab, user, seconds):
    """A token of a project's user that Keystone lets expire, and when: an application credential
    takes its tokens with it."""
    session = lab.session(user)
    expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    made = session.post(
        f"/users/{session.get_user_id()}/application_credentials",
        endpoint_filter={"service_type": "identity"},
        json={
            "application_credential": {
                "name": f"acceptance-{expires:%H%M%S%f}",
                "expires_at": f"{expires:%Y-%m-%dT%H:%M:%S.%f}",
            }
        },
    ).json()["application_credential"]
    auth = v3.ApplicationCredential(
        auth_url=lab.env["OS_AUTH_URL"],
        application_credential_id=made["id"],
        application_credential_secret=made["secret"],
    )
    return auth.get_token(session), expires
