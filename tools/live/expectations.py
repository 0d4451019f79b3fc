"""Holds a scenario's `expect` steps against what was recorded: no golden contradicts its scenario.

Everything of the grammar but `order`, which needs the commit order across topics; `cdcsim test`
judges that.
"""
import base64
import decimal
import json
import re

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def decoded(text):
    """Of a key or value in JSON the payload, else the text itself."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return text
    with_schema = isinstance(value, dict) and set(value) == {"schema", "payload"}
    return value["payload"] if with_schema else value


def schema_of(text):
    value = json.loads(text) if text else None
    return value.get("schema") if isinstance(value, dict) else None


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def decimal_of(value):
    """A number, a text that is one, or a VariableScaleDecimal; None for all else."""
    if isinstance(value, dict) and set(value) == {"scale", "value"}:
        unscaled = int.from_bytes(base64.b64decode(value["value"]), "big", signed=True)
        return decimal.Decimal(unscaled).scaleb(-value["scale"])
    try:
        return decimal.Decimal(str(value))
    except decimal.InvalidOperation:
        return None


class Matcher:
    def __init__(self):
        self.names = {}

    def word(self, word, value, present):
        name, _, rest = word.partition(" ")
        if name == "absent":
            return not present
        if name == "same":
            return self.names.setdefault(rest, value) == value
        if name == "re":
            return isinstance(value, str) and re.search(rest, value) is not None
        if name == "decimal":
            return decimal_of(value) == decimal.Decimal(rest)
        if name == "null" and rest.startswith("or "):
            return value is None or self.matches(rest[3:], value)
        known = {"any": present, "present": present and value is not None,
                 "number": is_number(value), "string": isinstance(value, str),
                 "uuid": isinstance(value, str) and UUID.fullmatch(value) is not None}
        if name not in known:
            raise ValueError(f"unknown matcher <{word}>")
        return known[name]

    def matches(self, wanted, value, present=True):
        if isinstance(wanted, str) and (word := re.fullmatch(r"<(.*)>", wanted, re.S)):
            return self.word(word[1], value, present)
        if not present:
            return False
        if isinstance(wanted, dict):
            return isinstance(value, dict) and all(
                self.matches(w, value.get(k), k in value) for k, w in wanted.items())
        if isinstance(wanted, list):
            return (isinstance(value, list) and len(value) == len(wanted) and
                    all(self.matches(w, v) for w, v in zip(wanted, value)))
        if is_number(wanted):
            return is_number(value) and wanted == value
        return type(wanted) is type(value) and wanted == value

    def record(self, wanted, record):
        if wanted is None:
            return record["payload"] is None
        headers = record.get("headers", [])
        special = {"$key": lambda: decoded(record["key"]),
                   "$headers": lambda: dict(zip(headers[::2], headers[1::2])),
                   "$value": lambda: decoded(record["payload"]),
                   "$schema": lambda: schema_of(record["payload"]),
                   "$partition": lambda: record["partition"], "$timestamp": lambda: record["ts"],
                   "$topic": lambda: record["topic"]}
        for key, value in wanted.items():
            if key in special and not self.matches(value, special[key]()):
                return False
        rest = {k: v for k, v in wanted.items() if k not in special}
        return not rest or self.matches(rest, decoded(record["payload"]))


class Judge:
    """Remembers at each `expect` how far the topics were; judges when the records are read."""

    def __init__(self, run):
        self.run, self.notes = run, []

    def note(self, number, wanted):
        state = None
        if "connector" in wanted:
            state = self.run.connect.status(self.run.connectors[wanted["connector"]])[0]
        self.notes.append((number, wanted, self.run.kafka.ends(), state))

    def problems(self, lines):
        records, cursors, found = [json.loads(line) for line in lines], {}, []
        for number, wanted, ends, state in self.notes:
            trouble = self.judge(wanted, ends, state, records, cursors)
            if trouble:
                found.append(f"step {number}: {trouble}")
        return found

    def judge(self, wanted, ends, state, records, cursors):
        if "order" in wanted:
            return None
        if "connector" in wanted:
            return None if state == wanted["state"] else f"the connector is {state}"
        if "topics" in wanted:
            holding = sorted(name for name, count in ends.items() if count)
            return None if holding == sorted(wanted["topics"]) else f"the topics are {holding}"
        topic = wanted["topic"]
        start = wanted.get("from", cursors.get(topic, 0))
        there = [r for r in records if r["topic"] == topic][start:ends.get(topic, 0)]
        cursors[topic] = ends.get(topic, 0)
        matcher = Matcher()
        if "count" in wanted:
            return None if len(there) == wanted["count"] else f"{topic} has {len(there)} records"
        if "contains" in wanted:
            remaining = iter(there)
            for index, one in enumerate(wanted["contains"]):
                if not any(matcher.record(one, record) for record in remaining):
                    return f"{topic}: contains[{index}] was not found"
            return None
        if len(there) != len(wanted["records"]):
            return f"{topic} has {len(there)} records, not {len(wanted['records'])}"
        for index, (one, record) in enumerate(zip(wanted["records"], there)):
            if not matcher.record(one, record):
                value = json.dumps(decoded(record["payload"]))
                return f"{topic}: records[{index}] is {value[:400]}"
        return None
