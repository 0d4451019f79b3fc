"""Kafka Connect's REST interface, as far as scenarios need it."""
import json
import urllib.error
import urllib.parse
import urllib.request

CONNECTOR_CLASS = "io.debezium.connector.postgresql.PostgresConnector"


class Refused(Exception):
    """Connect answered with an HTTP error; `message` is Connect's own."""

    def __init__(self, status, message):
        super().__init__(f"{status}: {message}")
        self.status, self.message = status, message


class Connect:
    def __init__(self, url):
        self.url = url.rstrip("/")

    def ask(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, method=method, headers={"Content-Type": "application/json"},
            data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                text = json.loads(text)["message"]
            except (ValueError, KeyError):
                pass
            raise Refused(error.code, text) from None
        return json.loads(text) if text else None

    def connectors(self):
        return self.ask("GET", "/connectors")

    def put_config(self, name, config):
        """Creates the connector or gives an existing one a new configuration."""
        if name in self.connectors():
            return self.ask("PUT", f"/connectors/{urllib.parse.quote(name)}/config", config)
        return self.ask("POST", "/connectors", {"name": name, "config": config})

    def config(self, name):
        return self.ask("GET", f"/connectors/{urllib.parse.quote(name)}/config")

    def verb(self, name, verb):
        method, tail = {
            "delete": ("DELETE", ""),
            "stop": ("PUT", "/stop"),
            "pause": ("PUT", "/pause"),
            "resume": ("PUT", "/resume"),
            "restart": ("POST", "/restart?includeTasks=true&onlyFailed=false"),
        }[verb]
        return self.ask(method, f"/connectors/{urllib.parse.quote(name)}{tail}")

    def status(self, name):
        """(the state as `expect` names it, trace of the failure or None)"""
        found = self.ask("GET", f"/connectors/{urllib.parse.quote(name)}/status")
        parts = [found["connector"], *found["tasks"]]
        for part in parts:
            if part["state"] == "FAILED":
                return "FAILED", part.get("trace", "")
        state = found["connector"]["state"]
        if state == "RUNNING" and not (found["tasks"] and found["tasks"][0]["state"] == "RUNNING"):
            state = "STARTING"
        return state, None
