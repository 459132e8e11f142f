# SPDX-License-Identifier: Apache-2.0
"""The tutorial's command line, verbatim but for the program's name, on the Flask to-do server.
golden_tutorial.json has what opentelemetry-instrument printed of the same three requests: keys in
their order, types, and the values that do not differ between runs."""
import json
import re
import socket
from collections import OrderedDict

from harness import HERE, check, check_equal, exchange, free_port, json_documents, reached, test
from test_wrap import ctrl_c

GOLDEN = json.loads((HERE / "golden_tutorial.json").read_text(), object_pairs_hook=OrderedDict)

REQUESTS = ("GET / HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: {agent}\r\n\r\n",
            "POST /add HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: {agent}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\n"
            "title=milk",
            "GET / HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: {agent}\r\n\r\n")


def shape(value, path=""):
    """[(path, type)] in the document's order."""
    names = {str: "str", int: "int", float: "float", bool: "bool", type(None): "null", list: "list"}
    if not isinstance(value, dict):
        return [(path, names[type(value)])]
    rows = [(path, "object")] if path else []
    for key, inner in value.items():
        rows += shape(inner, "%s.%s" % (path, key) if path else key)
    return rows


def golden_shape(value, path=""):
    """The same of the golden, where a leaf is the name of its type."""
    if not isinstance(value, dict):
        return [(path, value)]
    rows = [(path, "object")] if path else []
    for key, inner in value.items():
        rows += golden_shape(inner, "%s.%s" % (path, key) if path else key)
    return rows


def compare_shape(document):
    want, got = golden_shape(GOLDEN["shape"]), shape(document)
    differing = [pair for pair in zip(got, want) if pair[0] != pair[1]]
    check(got == want, "ours, golden: %r" % (differing[:1] or [got[-1], want[-1]]))


def compare_values(document, expected, port):
    for key in ("name", "kind"):
        check_equal(document[key], expected[key], key)
    attributes = document["attributes"]
    for key, value in expected["attributes"].items():
        check_equal(attributes[key], value, key)
    for key in ("net.host.name", "http.host"):
        check_equal(attributes[key], "localhost:%d" % port, key)
    check_equal(attributes["net.host.port"], port, "net.host.port")
    check_equal(attributes["http.user_agent"], GOLDEN["user_agent"], "http.user_agent")
    check_equal(document["resource"]["attributes"]["service.name"], "todo", "service.name")
    for key in ("start_time", "end_time"):
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", document[key]),
              "%s is %s" % (key, document[key]))
    context = document["context"]
    check(re.fullmatch(r"0x[0-9a-f]{32}", context["trace_id"]), "trace id " + context["trace_id"])
    check(re.fullmatch(r"0x[0-9a-f]{16}", context["span_id"]), "span id " + context["span_id"])


@test("bpf", "helpers", "flask")
def tutorial(run):
    port = free_port()

    def requests():
        for request in REQUESTS:
            text = request.format(port=port, agent=GOLDEN["user_agent"])
            with socket.create_connection(("127.0.0.1", port)):
                pass  # a connection without a request, as browsers open them
            exchange("127.0.0.1:%d" % port, text.encode())
        # what is in the pipe is safe from the Ctrl-C that kills tee
        reached(lambda: len(json_documents((run.tmp / "output.log").read_text())) == 3)

    statuses = ctrl_c(run, GOLDEN["command"].format(port=port), "Running on", requests)
    check(statuses[0] in ("0", "130"), "statuses %r" % statuses)
    text = (run.tmp / "output.log").read_text()
    spans = json_documents(text)
    check_equal(len(spans), 3, "spans")
    for document, expected in zip(spans, GOLDEN["spans"]):
        compare_shape(document)
        compare_values(document, expected, port)
    check('"http.host": "localhost:%d",' % port in text, "grep http.host finds nothing")
