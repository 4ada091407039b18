"""Keystone: tokens, catalogue, projects, users."""

import datetime
from typing import TYPE_CHECKING, Any

from fenix.emulator.entities import Project, Token, User
from fenix.emulator.errors import BadRequest, Forbidden, NotFound, Refused, Unauthorized
from fenix.emulator.web import Api, Request, Response, Routes

if TYPE_CHECKING:
    from fenix.emulator.cloud import Cloud

DOMAIN = {"id": "default", "name": "Default"}
routes = Routes()


class IdentityApi(Api):
    """Keystone under ``/identity``."""

    prefix = "/identity"
    routes = routes

    def needs_token(self, request: Request) -> bool:
        """Only versions and getting a token need none."""
        return request.template not in ("/", "/v3") and not (
            request.method == "POST" and request.template == "/v3/auth/tokens"
        )

    def refuse(self, request: Request, error: Refused) -> Response:
        """Keystone's error shape."""
        titles = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
        body = {
            "error": {
                "code": error.code,
                "message": error.message,
                "title": titles.get(error.code, "Error"),
            }
        }
        headers = {"WWW-Authenticate": f'Keystone uri="{request.service_url}"'}
        return Response(error.code, body, headers if error.code == 401 else {})

    def finish(self, request: Request, response: Response) -> None:
        """Say that the answer depends on the token."""
        response.headers["Vary"] = "X-Auth-Token"


def _iso(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _version(request: Request) -> dict[str, Any]:
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{request.service_url}/v3/"}],
        "media-types": [
            {"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}
        ],
    }


@routes.get("/")
def versions(cloud: "Cloud", request: Request) -> Response:
    """The versions there are: v3."""
    return Response(300, {"versions": {"values": [_version(request)]}})


@routes.get("/v3")
def version(cloud: "Cloud", request: Request) -> Response:
    """About v3."""
    return Response(200, {"version": _version(request)})


def catalogue(cloud: "Cloud", base_url: str) -> list[dict[str, Any]]:
    """The service catalogue with all three interfaces of every service."""
    services = [
        ("identity", "keystone", f"{base_url}/identity/v3"),
        ("compute", "nova", f"{base_url}/compute/v2.1"),
        ("placement", "placement", f"{base_url}/placement"),
        ("image", "glance", f"{base_url}/image"),
        ("alarming", "aodh", f"{base_url}/alarming"),
        ("reservation", "blazar", f"{base_url}/reservation/v1"),
    ]
    if cloud.maintenance_url:
        services.append(("maintenance", "fenix", cloud.maintenance_url))
    return [
        {
            "id": f"{kind}-id",
            "type": kind,
            "name": name,
            "endpoints": [
                {
                    "id": f"{kind}-{interface}",
                    "interface": interface,
                    "region": cloud.region,
                    "region_id": cloud.region,
                    "url": url,
                }
                for interface in ("public", "internal", "admin")
            ],
        }
        for kind, name, url in services
        if kind not in cloud.not_deployed
    ]


def describe(cloud: "Cloud", token: Token, base_url: str, with_catalogue: bool) -> dict[str, Any]:
    """A token as Keystone shows it."""
    body: dict[str, Any] = {
        "methods": list(token.methods),
        "user": {
            "domain": DOMAIN,
            "id": token.user.id,
            "name": token.user.name,
            "password_expires_at": None,
        },
        "audit_ids": [token.audit_id],
        "expires_at": _iso(token.expires_at),
        "issued_at": _iso(token.issued_at),
    }
    if token.project is not None:
        body["project"] = {"domain": DOMAIN, "id": token.project.id, "name": token.project.name}
        body["is_domain"] = False
    if token.system:
        body["system"] = {"all": True}
    if token.project is not None or token.system:
        body["roles"] = [{"id": f"role-{role}", "name": role} for role in token.roles]
        if with_catalogue:
            body["catalog"] = catalogue(cloud, base_url)
    return {"token": body}


@routes.post("/v3/auth/tokens")
def authenticate(cloud: "Cloud", request: Request) -> Response:
    """A new token for a password or another token, scoped to a project or the system."""
    auth = request.object("auth")
    identity = auth.get("identity")
    if not isinstance(identity, dict):
        raise BadRequest("Invalid input: 'identity' is a required property")
    methods = identity.get("methods") or []
    expires = bound = None
    if "application_credential" in methods:
        user, bound = _by_credential(cloud, identity.get("application_credential") or {})
    elif "password" in methods:
        user = _by_password(cloud, identity.get("password", {}).get("user", {}))
    elif "token" in methods:
        old = cloud.token(identity.get("token", {}).get("id"))
        if old is None:
            raise Unauthorized("The request you have made requires authentication.")
        user, expires = old.user, old.expires_at
    else:
        raise Unauthorized("Attempted to authenticate with an unsupported method.")
    scope = auth.get("scope")
    if bound is not None and scope:
        raise Unauthorized("Application credentials cannot request a scope.")
    project, system = (bound, False) if bound is not None else _scope(cloud, user, scope)
    token = cloud.issue_token(user, project, system=system, methods=methods)
    if expires is not None:
        token.expires_at = min(token.expires_at, expires)
    with_catalogue = request.get("nocatalog") is None
    body = describe(cloud, token, request.base_url, with_catalogue)
    return Response(201, body, {"X-Subject-Token": token.id})


def _by_password(cloud: "Cloud", who: dict[str, Any]) -> User:
    for user in cloud.users.values():
        if who.get("id") == user.id or ("id" not in who and who.get("name") == user.name):
            if user.password == who.get("password"):
                return user
            break
    raise Unauthorized("The request you have made requires authentication.")


def _by_credential(cloud: "Cloud", credential: dict[str, Any]) -> tuple[User, Project]:
    for user in cloud.users.values():
        secret, project = user.credentials.get(credential.get("id", ""), (None, None))
        if project is not None and secret == credential.get("secret"):
            return user, project
    raise Unauthorized("The request you have made requires authentication.")


def _scope(cloud: "Cloud", user: User, scope: Any) -> tuple[Project | None, bool]:
    denied = Unauthorized("The request you have made requires authentication.")
    if scope == "unscoped":
        return None, False
    if not scope:
        return user.default_project, False
    if "system" in scope:
        if not user.system_roles:
            raise denied
        return None, True
    wanted = scope.get("project")
    if not isinstance(wanted, dict):
        raise denied
    for project in cloud.projects.values():
        if wanted.get("id") == project.id or (
            "id" not in wanted and wanted.get("name") == project.name
        ):
            if project.id in user.roles and project.enabled:
                return project, False
            break
    raise denied


def _subject(cloud: "Cloud", request: Request) -> Token:
    token = cloud.token(request.header("x-subject-token"))
    if token is None:
        raise NotFound("Failed to validate token")
    caller = request.caller
    if token.user is not caller.user and not {"admin", "service"} & set(caller.roles):
        raise Forbidden("You are not authorized to perform the requested action.")
    return token


@routes.get("/v3/auth/tokens")
def validate(cloud: "Cloud", request: Request) -> Response:
    """Who a token (header X-Subject-Token) is; 404 if it is not valid."""
    token = _subject(cloud, request)
    with_catalogue = request.get("nocatalog") is None
    body = describe(cloud, token, request.base_url, with_catalogue)
    return Response(200, body, {"X-Subject-Token": token.id})


@routes.delete("/v3/auth/tokens")
def revoke(cloud: "Cloud", request: Request) -> Response:
    """The token is not valid any more."""
    cloud.tokens.pop(_subject(cloud, request).id, None)
    return Response(204)


@routes.get("/v3/auth/catalog")
def show_catalogue(cloud: "Cloud", request: Request) -> Response:
    """The catalogue alone."""
    return Response(200, {"catalog": catalogue(cloud, request.base_url), "links": {}})


def _project(project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "name": project.name,
        "enabled": project.enabled,
        "domain_id": "default",
        "parent_id": "default",
        "description": "",
        "is_domain": False,
        "tags": [],
        "options": {},
        "links": {},
    }


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "enabled": True,
        "domain_id": "default",
        "password_expires_at": None,
        "options": {},
        "links": {},
    }


@routes.get("/v3/projects")
def list_projects(cloud: "Cloud", request: Request) -> Response:
    """All projects, or those with a ``name``."""
    request.need_admin("identity:list_projects")
    name = request.get("name")
    found = [_project(p) for p in cloud.projects.values() if name in (None, p.name)]
    return Response(200, {"projects": found, "links": {"next": None}})


@routes.get("/v3/projects/{project_id}")
def show_project(cloud: "Cloud", request: Request, project_id: str) -> Response:
    """One project."""
    if project_id not in cloud.projects:
        raise NotFound(f"Could not find project: {project_id}.")
    return Response(200, {"project": _project(cloud.projects[project_id])})


@routes.get("/v3/auth/projects")
def own_projects(cloud: "Cloud", request: Request) -> Response:
    """The caller's projects."""
    found = [_project(cloud.projects[i]) for i in request.caller.user.roles]
    return Response(200, {"projects": found, "links": {"next": None}})


@routes.get("/v3/users")
def list_users(cloud: "Cloud", request: Request) -> Response:
    """All users, or those with a ``name``."""
    request.need_admin("identity:list_users")
    name = request.get("name")
    found = [_user(u) for u in cloud.users.values() if name in (None, u.name)]
    return Response(200, {"users": found, "links": {"next": None}})


@routes.get("/v3/users/{user_id}")
def show_user(cloud: "Cloud", request: Request, user_id: str) -> Response:
    """One user."""
    if user_id not in cloud.users:
        raise NotFound(f"Could not find user: {user_id}.")
    return Response(200, {"user": _user(cloud.users[user_id])})
