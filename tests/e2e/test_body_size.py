# SPDX-License-Identifier: Apache-2.0
"""--metrics_body_size against what a client counts that decodes the answers itself."""
import collections
import http.client

import servers
from harness import check_equal, test
from test_metrics import exports, measure, points

SIZES = ("http.server.request.body.size", "http.server.response.body.size")


class Client:
    """Counts the bodies it sends and gets, by method and status: [requests', answers']."""

    def __init__(self, server):
        self.server = server
        self.want = collections.defaultdict(lambda: ([], []))

    def ask(self, method, target, body=b"", chunked=False):
        connection = http.client.HTTPConnection(self.server.address)
        pieces = [body[at:at + 1000] for at in range(0, len(body), 1000)]
        connection.request(method, target, iter(pieces) if chunked else body or None,
                           {"Transfer-Encoding": "chunked"} if chunked else {},
                           encode_chunked=chunked)
        answer = connection.getresponse()
        for sizes, size in zip(self.want[method, answer.status], (len(body), len(answer.read()))):
            sizes.append(size)
        connection.close()


def measured(daemon, name):
    """{(method, status): (count, sum, min, max)} over all processes"""
    rows = collections.defaultdict(list)
    for document in exports(daemon):
        for point in points(document).get(name, ()):
            rows[point["attributes"]["http.request.method"],
                 point["attributes"]["http.response.status_code"]].append(point)
    return {key: (sum(p["count"] for p in found), sum(p["sum"] for p in found),
                  min(p["min"] for p in found), max(p["max"] for p in found))
            for key, found in rows.items()}


def compare(daemon, client):
    for index, name in enumerate(SIZES):
        want = {key: (len(sizes[index]), sum(sizes[index]), min(sizes[index]), max(sizes[index]))
                for key, sizes in client.want.items()}
        check_equal(measured(daemon, name), want, name)


@test("bpf", "nginx")
def body_sizes_nginx(run):
    """Lengths, and none at all: HEAD, 304 and an empty file; a proxied upload with its answer."""
    backend = servers.python(run)
    server = servers.nginx(run, backend)
    daemon = measure(run, server, "--traces_exporter", "none", "--metrics_body_size")
    client = Client(server)
    for target in ("/s0", "/s1k", "/s64k", "/s2m", "/missing"):
        client.ask("GET", target)
    client.ask("HEAD", "/s64k")
    client.ask("POST", "/proxy/", b"y" * 100001)
    daemon.stop()
    compare(daemon, client)


@test("bpf", "helpers")
def body_sizes_chunked(run):
    """Chunks both ways, and answers that end with the connection."""
    server = servers.nasty(run)
    daemon = measure(run, server, "--traces_exporter", "none", "--metrics_body_size")
    client = Client(server)
    for _ in range(3):
        client.ask("GET", "/chunked")
        client.ask("GET", "/until-close")
        client.ask("GET", "/204")
        client.ask("POST", "/plain", b"y" * 4321, chunked=True)
        client.ask("PUT", "/plain", b"y" * 123457)
    daemon.stop()
    compare(daemon, client)


@test("bpf", "helpers", "todo")
def body_sizes_off(run):
    """They are opt-in."""
    server = servers.todo(run)
    daemon = measure(run, server, "--traces_exporter", "none")
    run.load(server, "-c", 1, "-n", 1, "-p", "/")
    daemon.stop()
    check_equal([measured(daemon, name) for name in SIZES], [{}, {}], "metrics nobody asked for")
