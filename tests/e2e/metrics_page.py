# SPDX-License-Identifier: Apache-2.0
"""The page of metrics that a daemon serves, and its series."""
import collections
import os
import re
import urllib.request

from harness import check, check_equal, wait_for

SERIES = re.compile(r'^([a-z_]+)\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\} (\S+)(?: # (.*))?$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')

Series = collections.namedtuple("Series", "name labels value exemplar")


def serve(run, servers_, *args, **variables):
    """The daemon and the address of its page."""
    pids = ",".join(str(pid) for server in servers_ for pid in server.pids())
    daemon = run.daemon("--pid", pids, "--traces_exporter", "none", "--metrics_exporter",
                        "prometheus", "--exporter_prometheus_port", "0", "--function", "none", *args,
                        env={**os.environ, **variables}).wait_attached()
    return daemon, daemon.wait_text(r"metrics are at http://(localhost:\d+)/metrics")[1]


def fetch(address, accept=None):
    request = urllib.request.Request("http://%s/metrics" % address)
    if accept:
        request.add_header("Accept", accept)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def parse(page):
    """Every series, none of them twice."""
    rows, keys = [], set()
    for line in page.splitlines():
        if line.startswith("#"):
            continue
        match = SERIES.match(line)
        check(match, "not a series: %r" % line)
        labels = LABEL.findall(match[2])
        names = [name for name, _ in labels]
        check_equal(len(set(names)), len(names), "different labels of %r" % line)
        key = match[1], tuple(sorted(labels))
        check(key not in keys, "twice: %r" % line)
        keys.add(key)
        rows.append(Series(match[1], dict(labels), float(match[3]), match[4]))
    return rows


def total(rows, name, **labels):
    return sum(row.value for row in rows
               if row.name == name and labels.items() <= row.labels.items())


def wait_total(address, count, name="http_server_duration_milliseconds_count", **labels):
    wait_for(lambda: total(parse(fetch(address)[1]), name, **labels) == count,
             "%d of %s" % (count, name))
