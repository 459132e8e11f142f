# SPDX-License-Identifier: Apache-2.0
"""Documents made comparable: what differs from run to run is checked for its form and becomes a
word (TRACE_ID, TIME, INT ...), as it is in cases/*.json. Those of the console, and what OTLP,
Zipkin and Prometheus name otherwise."""
import re
from collections import OrderedDict

from harness import check, check_equal

FORMS = {
    "trace_id": ("TRACE_ID", r"0x[0-9a-f]{32}"),
    "span_id": ("SPAN_ID", r"0x[0-9a-f]{16}"),
    "parent_id": ("SPAN_ID", r"0x[0-9a-f]{16}"),
    "start_time": ("TIME", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),
    "end_time": ("TIME", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),
    "traceId": ("TRACE_ID", r"[0-9a-f]{32}"),
    "spanId": ("SPAN_ID", r"[0-9a-f]{16}"),
    "id": ("SPAN_ID", r"[0-9a-f]{16}"),
    "parentSpanId": ("SPAN_ID", r"[0-9a-f]{16}"),
    "parentId": ("SPAN_ID", r"[0-9a-f]{16}"),
    "startTimeUnixNano": ("TIME", r"\d{19}"),
    "endTimeUnixNano": ("TIME", r"\d{19}"),
    "timeUnixNano": ("TIME", r"\d{19}"),
    "exception.stacktrace": ("STACKTRACE", r"(?s)Traceback .*"),
    "service_instance_id": ("UUID", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "instance": ("UUID", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "process.runtime.version": ("VERSION", r"3\.\d+\.\d+\S*"),
    "service.instance.id": ("UUID", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}
NUMBERS = {"process.pid", "process.parent_pid", "start_time_unix_nano", "time_unix_nano",
           "sum", "min", "max", "timestamp", "duration"}
EXEMPLAR = ["filtered_attributes", "value", "time_unix_nano", "span_id", "trace_id"]


def is_span(document):
    return "kind" in document


def is_metrics(document):
    return "resource_metrics" in document


def normalised(value, sent, key=""):
    """sent: the text of the requests; an id that a client chose stays as it is."""
    if isinstance(value, dict):
        return OrderedDict((k, normalised(v, sent, k)) for k, v in value.items())
    if key in FORMS and isinstance(value, str):
        word, form = FORMS[key]
        chosen = value.removeprefix("0x") in sent
        return word if re.fullmatch(form, value) and not chosen else value
    if key in NUMBERS and type(value) in (int, float):
        return "INT" if type(value) is int else "FLOAT"
    if isinstance(value, list):
        return [normalised(v, sent, key) for v in value]
    return value


def _point(point, traces):
    """A histogram's buckets and a point's exemplars, whose sense is checked here."""
    counts = point.get("bucket_counts")
    if counts is not None:
        check_equal(sum(counts), point["count"], "sum of the buckets")
        check_equal(len(counts), len(point["explicit_bounds"]) + 1, "buckets")
        check(point["min"] <= point["max"] <= point["sum"], "min, max, sum: %r" % point)
        point["bucket_counts"] = "%d COUNTS" % len(counts)
    exemplars = point.get("exemplars")
    for exemplar in exemplars or []:
        check_equal(list(exemplar), EXEMPLAR, "keys of an exemplar")
        trace = exemplar["trace_id"]
        check(trace is None or not traces or "%032x" % trace in traces,
              "the exemplar %r is of no span" % exemplar)
        check((trace is None) == (exemplar["span_id"] is None), "half an exemplar")
    if exemplars:
        without = "" if exemplars[0]["trace_id"] else " WITHOUT TRACE"
        point["exemplars"] = "EXEMPLARS" + without


def span(document, sent):
    """Without its resource."""
    check(document["start_time"] <= document["end_time"], "a span ends before it starts")
    document = normalised(document, sent)
    del document["resource"]
    return document


def metrics(document, sent, traces):
    """Of the only scope, the metrics by name; without the resource. traces: ids that were told."""
    (resource,) = document["resource_metrics"]
    (scope,) = resource["scope_metrics"]
    for metric in scope["metrics"]:
        for point in metric["data"]["data_points"]:
            _point(point, traces)
    rest = {k: v for k, v in resource.items() if k not in ("resource", "scope_metrics")}
    return by_name(normalised(OrderedDict(scope, **rest), sent))


def by_name(scope):
    named = OrderedDict((metric["name"], metric) for metric in scope["metrics"])
    return OrderedDict(scope, metrics=named)


def resource(document):
    if is_span(document):
        return document["resource"]
    return document["resource_metrics"][0]["resource"]


def signature(scope):
    """Requests in flight, requests counted: what tells a cycle of export from another."""
    points = [p for m in scope["metrics"].values() for p in m["data"]["data_points"]]
    return (sum(p.get("value", 0) for p in points), sum(p.get("count", 0) for p in points))


def flat(value, path):
    """[(path, leaf)] in the document's order; what is empty is a leaf."""
    if not isinstance(value, (dict, list)) or not value:
        return [(path, value)]
    items = value.items() if isinstance(value, dict) else enumerate(value, 1)
    return [row for key, inner in items for row in flat(inner, "%s.%s" % (path, key))]
