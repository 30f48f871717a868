"""Questions to an API server of Kubernetes, in JSON over HTTPS."""

import json
import ssl
import urllib.error
import urllib.request

SECONDS = 120  # that an answer may take on a busy machine
MERGE = "application/merge-patch+json"


def plural(kind):
    """Return the name of a kind in addresses."""
    name = kind.lower()
    if name.endswith("y"):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith("s") else f"{name}s"


def path_of(found, namespace, name=""):
    """Return the address of an object, or of all of its kind."""
    version = found["apiVersion"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    space = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{space}/{plural(found['kind'])}" + (f"/{name}" if name else "")


class Api:
    """Asks the API server, in JSON over HTTPS, of a namespace or of the cluster."""

    def __init__(self, address, authority, token, namespace=""):
        self.address, self.authority, self.token = address, authority, token
        self.namespace = namespace
        self._context = ssl.create_default_context(cafile=str(authority))

    def within(self, namespace):
        """Return what asks of a namespace."""
        return Api(self.address, self.authority, self.token, namespace)

    def ask(self, method, path, body=None, kind="application/json"):
        """Return the status and the answer."""
        request = urllib.request.Request(
            self.address + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": kind},
            method=method,
        )
        try:
            with urllib.request.urlopen(
                request, timeout=SECONDS, context=self._context
            ) as answer:
                return answer.status, _decoded(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _decoded(error.read())

    def path(self, found, name=""):
        """Return the address of an object, or of all of its kind."""
        return path_of(found, self.namespace, name)

    def get(self, found, name="", query=""):
        """Return an object, or all of its kind."""
        status, answer = self.ask("GET", self.path(found, name) + query)
        assert status == 200, answer
        return answer

    def create(self, found, dry_run=False):
        """Create an object strictly; return the status and the answer."""
        query = "?fieldValidation=Strict" + ("&dryRun=All" if dry_run else "")
        return self.ask("POST", self.path(found) + query, found)

    def patch(self, found, name, part, body):
        """Merge something into a part of an object, such as its status."""
        path = f"{self.path(found, name)}/{part}"
        status, answer = self.ask("PATCH", path, body, MERGE)
        assert status == 200, answer

    def is_ready(self):
        """Return whether the server answers."""
        try:
            return self.ask("GET", "/readyz")[0] == 200
        except OSError:
            return False


def _decoded(text):
    try:
        return json.loads(text)
    except ValueError:
        return text.decode(errors="replace")
