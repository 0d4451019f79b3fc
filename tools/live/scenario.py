"""A scenario file as the recorder sees it. `cdcsim` has the full loader, with the same keys."""
import dataclasses
import hashlib
import pathlib
import re

import yaml

FILE_KEYS = {"scenario", "description", "tags", "only", "xfail", "database", "vars", "cases",
             "include", "volatile", "steps"}
SQL_KEYS = {"sql", "session", "user", "on_error", "error", "rows", "tag"}
CONNECTOR_KEYS = {"name", "file", "config", "state", "refused"}
EXPECT_KEYS = {"topic", "records", "contains", "count", "from", "topics", "order", "connector",
               "state"}
VERBS = {"stop", "pause", "resume", "restart", "delete"}


class BadScenario(Exception):
    pass


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2's core schema: `no`, `on` and dates are strings."""


CoreLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
        ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
                  r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
         list("-+0123456789."))):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}",
                                     re.compile(f"^(?:{pattern})$"), first)


@dataclasses.dataclass
class Scenario:
    path: pathlib.Path
    case: str | None
    name: str
    database: str
    user: str
    steps: list
    sha256: str

    def output(self, suffix):
        case = f"[{self.case}]" if self.case else ""
        return self.path.with_name(f"{self.path.stem}{case}.golden.{suffix}")

    def __str__(self):
        return f"{self.path}[{self.case}]" if self.case else str(self.path)


def check_keys(what, given, known):
    for key in given:
        if key not in known:
            raise BadScenario(f"{what}: unknown key `{key}`")


def check_step(number, step):
    what = f"step {number}"
    if isinstance(step, str) and step in VERBS:
        return
    if not isinstance(step, dict):
        raise BadScenario(f"{what}: not a step: {step!r}")
    if "sql" in step:
        check_keys(what, step, SQL_KEYS)
    elif "connector" in step:
        check_keys(what, step, {"connector"})
        body = step["connector"]
        if isinstance(body, dict) and not set(body) & VERBS:
            check_keys(what, body, CONNECTOR_KEYS)
    elif "expect" in step:
        check_keys(what, step, {"expect"})
        check_keys(what, step["expect"], EXPECT_KEYS)
    elif "sleep" not in step:
        raise BadScenario(f"{what}: unknown step: {', '.join(map(str, step))}")


def substitute(value, variables):
    """${x} in every scalar; a plain scalar that is one ${x} takes the variable's own type."""
    if isinstance(value, dict):
        return {substitute(k, variables): substitute(v, variables) for k, v in value.items()}
    if isinstance(value, list):
        return [substitute(v, variables) for v in value]
    if not isinstance(value, str):
        return value

    def one(match):
        if match[1] not in variables:
            raise BadScenario(f"unknown variable `{match[1]}`")
        return match[0] if variables[match[1]] is None else str(variables[match[1]])

    whole = re.fullmatch(r"\$\{(\w+)\}", value)
    if whole and whole[1] in variables:
        return variables[whole[1]]
    return re.sub(r"\$\{(\w+)\}", one, value)


def read(path):
    try:
        content = yaml.load(path.read_text(), CoreLoader)
    except yaml.YAMLError as error:
        raise BadScenario(str(error)) from None
    if not isinstance(content, dict):
        raise BadScenario("a scenario is a mapping")
    check_keys("file", content, FILE_KEYS)
    for needed in ("scenario", "steps"):
        if needed not in content:
            raise BadScenario(f"`{needed}` is missing")
    return content


def steps_of(path, content, chain=()):
    """The file's steps behind those of the files that it includes."""
    if path.resolve() in chain:
        raise BadScenario(f"include in a cycle: {path}")
    included = content.get("include") or []
    steps = []
    for name in [included] if isinstance(included, str) else included:
        other = path.parent / name
        steps += steps_of(other, read(other), (*chain, path.resolve()))
    return steps + content["steps"]


def load(path):
    """The scenarios of a file: one, or one for each case."""
    path = pathlib.Path(path)
    content = read(path)
    steps = steps_of(path, content)
    database = content.get("database") or {}
    if isinstance(database, str):
        database = {"name": database}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    declares = "vars" in content or "cases" in content
    found = []
    for case, own in (content.get("cases") or {None: {}}).items():
        variables = {**(content.get("vars") or {}), **(own or {})}
        chosen = substitute(steps, variables) if declares else steps
        for number, step in enumerate(chosen, 1):
            check_step(number, step)
        found.append(Scenario(path, case, content["scenario"], database.get("name", "cdc"),
                              database.get("user", "postgres"), chosen, digest))
    return found
