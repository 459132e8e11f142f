# SPDX-License-Identifier: Apache-2.0
"""What is sent to receivers, or served to a scraper, as documents by name: those of a request in
which OTLP or Zipkin's JSON came, and each family of a page for Prometheus.

    resource, request.traces, span.1, span.2 ..., request.metrics, metrics.1, page.text.NAME ..."""
import json
import re
from collections import OrderedDict

from harness import check, check_equal

import document
import otlp

LEFT_OUT = ("host", ":authority", "content-length", "connection")  # of the connection
VALUES = {"intValue": int, "doubleValue": float}  # of AnyValue: the rest is as it stands
SAMPLE = re.compile(r"(\w+)(?:\{(.*?)\})? (\S+)( # \{.*\} \S+ \S+)?$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def _any(value):
    (kind, inner), = value.items()
    if kind == "arrayValue":
        return [_any(item) for item in inner["values"]]
    return VALUES.get(kind, lambda v: v)(inner)


def _plain(value):
    """Members in the order of their names, but attributes, of which it is told, in theirs."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    out = OrderedDict((key, _plain(value[key])) for key in sorted(value) if key != "attributes")
    if "attributes" in value:
        out["attributes"] = OrderedDict((a["key"], _any(a["value"])) for a in value["attributes"])
    return out


def _exemplars(exemplars):
    for exemplar in exemplars:
        check(("traceId" in exemplar) == ("spanId" in exemplar), "half an exemplar")
        check("asInt" in exemplar or "asDouble" in exemplar, "an exemplar without a value")
        check(not exemplar.get("attributes"), "attributes of an exemplar")
    return "EXEMPLARS" + ("" if "traceId" in exemplars[0] else " WITHOUT TRACE")


def _point(point):
    """What differs from run to run is checked for its sense and becomes a word."""
    buckets = point.get("positive", point).get("bucketCounts")
    if buckets is not None:
        check_equal(sum(map(int, buckets)), int(point["count"]), "sum of the buckets")
        check(point["min"] <= point["max"] <= point["sum"], "min, max, sum: %r" % point)
    if "positive" in point:
        point["scale"], point["positive"] = "SCALE", "BUCKETS"
    elif buckets is not None:
        check_equal(len(buckets), len(point["explicitBounds"]) + 1, "buckets")
        point["bucketCounts"] = "%d COUNTS" % len(buckets)
    if "exemplars" in point:
        point["exemplars"] = _exemplars(point["exemplars"])


def _metrics(scoped):
    for metric in scoped["metrics"]:
        for kind in ("sum", "histogram", "exponentialHistogram"):
            for point in metric.get(kind, {}).get("dataPoints", []):
                _point(point)
    return document.by_name(scoped)


def _scopes(message, kind):
    """The resource, and what each of its scopes holds; there is one resource."""
    (resource,) = message["resource" + kind]
    return _plain(resource["resource"]), [_plain(scope) for scope in resource["scope" + kind]]


def traces(message, sent):
    """(resource, spans). Each span with its scope."""
    resource, scopes = _scopes(message, "Spans")
    spans = [OrderedDict(span, scope=scope["scope"], schemaUrl=scope["schemaUrl"])
             for scope in scopes for span in scope["spans"]]
    for span in spans:
        check(span["startTimeUnixNano"] <= span["endTimeUnixNano"], "a span ends before it starts")
    return document.normalised(resource, ""), [document.normalised(span, sent) for span in spans]


def metrics(message, sent):
    """(resource, metrics of the only scope)"""
    resource, (scoped,) = _scopes(message, "Metrics")
    return document.normalised(resource, ""), document.normalised(_metrics(scoped), sent)


def request(path, headers):
    """Of one request: path and fields, in the order of their names."""
    kept = {name: value for name, value in headers.items() if name not in LEFT_OUT + (":path",)}
    timeout = kept.get("grpc-timeout")
    if timeout:  # some of it may be over already
        kept["grpc-timeout"] = "%d s" % (float(timeout[:-1]) / {"m": 1000, "S": 1}[timeout[-1]]
                                         + 0.5)
    return OrderedDict(path=path, **OrderedDict(sorted(kept.items())))


def _decoded(name, body):
    return json.loads(body) if body[:1] in b"[{" else otlp.message(name, body)


def documents(requests, sent):
    """requests: (path, headers, body)."""
    found, spans = OrderedDict(), []

    def put(name, part):
        check(found.setdefault(name, part) == part, "%s: another one in another request" % name)

    for path, headers, body in requests:
        if path.endswith("/spans"):
            put("request.spans", request(path, headers))
            spans += [document.normalised(_plain(span), sent) for span in json.loads(body)]
            continue
        is_traces = "trace" in path.lower()
        put("request." + ("traces" if is_traces else "metrics"), request(path, headers))
        if is_traces:
            resource, more = traces(_decoded("Traces", body), sent)
            spans += more
        else:
            resource, found["metrics.1"] = metrics(_decoded("Metrics", body), sent)
        put("resource", resource)
    found.update(("span.%d" % i, span) for i, span in enumerate(spans, 1))
    return found


def _sample(line):
    match = SAMPLE.match(line)
    check(match, "not a sample: " + line)
    name, labels, value, exemplar = match.groups()
    labels = OrderedDict(sorted(document.normalised(dict(LABEL.findall(labels or "")), "").items()))
    if name.endswith("_sum") or name.endswith("_bucket") and labels["le"] != "+Inf":
        float(value)
        value = "VALUE"
    return OrderedDict(name=name, labels=labels, value=value,
                       **({"exemplar": "EXEMPLAR"} if exemplar else {}))


def page(name, content_type, text):
    """The families of a page in either format, each a document."""
    found = OrderedDict({"page.%s" % name: OrderedDict([("content-type", content_type)])})
    family = None
    for line in text.splitlines():
        words = line.split(" ", 3)
        if line == "# EOF":
            continue
        if words[0] != "#":
            family.setdefault("samples", []).append(_sample(line))
            continue
        family = found.setdefault("page.%s.%s" % (name, words[2]), OrderedDict())
        family[words[1]] = words[3] if len(words) > 3 else ""
    return found
