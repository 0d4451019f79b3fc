"""What differs between two recordings of one scenario, beyond what must differ."""
import json
import re

VOLATILE = {"ts", "ts_ms", "ts_us", "ts_ns", "lsn", "txId", "sequence", "runId"}


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def unfolded(line):
    record = json.loads(line)
    headers = record.pop("headers", [])
    record["headers"] = [[k, v] for k, v in zip(headers[::2], headers[1::2])
                         if k != "__debezium.context.runId"]
    for part in ("key", "payload"):
        try:
            record[part] = json.loads(record[part]) if record[part] else record[part]
        except ValueError:
            pass
    return dict(leaves(record))


def shape(value):
    """A volatile token keeps its pattern: numbers and uuids of a text become #."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+(\.[0-9]+)?", "#", str(value))


def differences(first, second):
    if len(first) != len(second):
        return [f"{len(first)} records, then {len(second)}"]
    found = {}
    for one, other in zip(map(unfolded, first), map(unfolded, second)):
        if list(one) != list(other):
            found[f"{one['topic']}[{one['offset']}]"] = "has other members the second time"
        for path, value in one.items():
            again = other.get(path)
            if value == again or path.rsplit(".", 1)[-1] in VOLATILE:
                continue
            name = f"{one['topic']}: {path}"
            if shape(value) != shape(again) or type(value) is not type(again):
                found[name] = f"{value!r}, then {again!r}"
    return [f"{name} {what}" for name, what in found.items()]


def transcript_differences(first, second):
    return [f"transcript: {a!r}, then {b!r}" for a, b in
            zip(first.split("\n"), second.split("\n")) if shape(a) != shape(b)][:5]
