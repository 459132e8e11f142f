# SPDX-License-Identifier: Apache-2.0
"""OTLP messages in protobuf as the JSON they would be (OTLP specification, JSON Protobuf Encoding),
read by the published field numbers and nothing of our own."""
import struct

from receivers import fields

# Message: number name kind, ...; a * for what is repeated, which numbers are in packed form
MESSAGES = """
Traces: 1 resourceSpans ResourceSpans*
ResourceSpans: 1 resource Resource, 2 scopeSpans ScopeSpans*, 3 schemaUrl text
ScopeSpans: 1 scope Scope, 2 spans Span*, 3 schemaUrl text
Metrics: 1 resourceMetrics ResourceMetrics*
ResourceMetrics: 1 resource Resource, 2 scopeMetrics ScopeMetrics*, 3 schemaUrl text
ScopeMetrics: 1 scope Scope, 2 metrics Metric*, 3 schemaUrl text
Resource: 1 attributes KeyValue*, 2 droppedAttributesCount uint32
Scope: 1 name text, 2 version text, 3 attributes KeyValue*, 4 droppedAttributesCount uint32
KeyValue: 1 key text, 2 value AnyValue
AnyValue: 1 stringValue text, 2 boolValue bool, 3 intValue int64, 4 doubleValue double,
 5 arrayValue ArrayValue
ArrayValue: 1 values AnyValue*
Span: 1 traceId hex, 2 spanId hex, 3 traceState text, 4 parentSpanId hex, 5 name text,
 6 kind uint32, 7 startTimeUnixNano fixed64, 8 endTimeUnixNano fixed64, 9 attributes KeyValue*,
 10 droppedAttributesCount uint32, 11 events Event*, 12 droppedEventsCount uint32,
 14 droppedLinksCount uint32, 15 status Status, 16 flags fixed32
Event: 1 timeUnixNano fixed64, 2 name text, 3 attributes KeyValue*,
 4 droppedAttributesCount uint32
Status: 2 message text, 3 code uint32
Metric: 1 name text, 2 description text, 3 unit text, 5 gauge Gauge, 7 sum Sum,
 9 histogram Histogram, 10 exponentialHistogram ExponentialHistogram
Gauge: 1 dataPoints NumberDataPoint*
Sum: 1 dataPoints NumberDataPoint*, 2 aggregationTemporality uint32, 3 isMonotonic bool
Histogram: 1 dataPoints HistogramDataPoint*, 2 aggregationTemporality uint32
ExponentialHistogram: 1 dataPoints ExponentialDataPoint*, 2 aggregationTemporality uint32
NumberDataPoint: 2 startTimeUnixNano fixed64, 3 timeUnixNano fixed64, 4 asDouble double,
 5 exemplars Exemplar*, 6 asInt sfixed64, 7 attributes KeyValue*, 8 flags uint32
HistogramDataPoint: 2 startTimeUnixNano fixed64, 3 timeUnixNano fixed64, 4 count fixed64,
 5 sum double, 6 bucketCounts fixed64*, 7 explicitBounds double*, 8 exemplars Exemplar*,
 9 attributes KeyValue*, 10 flags uint32, 11 min double, 12 max double
ExponentialDataPoint: 1 attributes KeyValue*, 2 startTimeUnixNano fixed64,
 3 timeUnixNano fixed64, 4 count fixed64, 5 sum double, 6 scale sint32, 7 zeroCount fixed64,
 8 positive Buckets, 9 negative Buckets, 10 flags uint32, 11 exemplars Exemplar*, 12 min double,
 13 max double, 14 zeroThreshold double
Buckets: 1 offset sint32, 2 bucketCounts uint64*
Exemplar: 2 timeUnixNano fixed64, 3 asDouble double, 4 spanId hex, 5 traceId hex,
 6 asInt sfixed64, 7 filteredAttributes KeyValue*
"""
# Of eight or four bytes: their struct, and what JSON makes of the number
FIXED = {"fixed64": ("<Q", str), "sfixed64": ("<q", str), "double": ("<d", float),
         "fixed32": ("<I", int)}
VARINT = {"bool": bool, "uint32": int, "uint64": str,
          "int64": lambda n: str(n - (1 << 64) if n >> 63 else n),
          "sint32": lambda n: n >> 1 ^ -(n & 1)}


def _schema():
    schema = {}
    for line in MESSAGES.replace("\n ", " ").strip().splitlines():
        message, members = line.split(": ")
        rows = [member.split() for member in members.split(", ")]
        schema[message] = {int(number): (name, kind) for number, name, kind in rows}
    return schema


SCHEMA = _schema()


def _varints(data):
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0


def _value(kind, value):
    if kind in SCHEMA:
        return message(kind, value)
    if kind in FIXED:
        return FIXED[kind][1](struct.unpack(FIXED[kind][0], value)[0])
    if kind in VARINT:
        return VARINT[kind](value)
    return value.hex() if kind == "hex" else value.decode()


def _packed(kind, data):
    if kind in VARINT:
        return [VARINT[kind](number) for number in _varints(data)]
    form, made = FIXED[kind]
    return [made(number) for number, in struct.iter_unpack(form, data)]


def message(name, data):
    """A field that is in no table is a KeyError."""
    out = {}
    for number, value in fields(data):
        key, kind = SCHEMA[name][number]
        if not kind.endswith("*"):
            out[key] = _value(kind, value)
        elif kind[:-1] in SCHEMA:
            out.setdefault(key, []).append(_value(kind[:-1], value))
        else:
            out[key] = _packed(kind[:-1], value)
    return out
