# SPDX-License-Identifier: Apache-2.0
"""The real OpenTelemetry Collector (tests/collector), and what it wrote into its file."""
import collections
import json
import re

from harness import BUILD, ROOT, Failure, free_port, wait_for

CONFIG = ROOT / "tests" / "collector" / "config.yaml"


class Collector:
    def __init__(self, run, tls=None, ports=None, **settings):
        """tls: (certificate, key, authority of clients or None)"""
        self.run, self.tls, self.settings = run, tls, settings
        self.grpc, self.http = ports or (free_port(), free_port())
        self.path = run.tmp / "otlp.jsonl"
        self.start()

    def start(self):
        listen = "receivers::otlp::protocols::%s::%s"
        settings = {"exporters::file::path": self.path, **self.settings,
                    listen % ("grpc", "endpoint"): "127.0.0.1:%d" % self.grpc,
                    listen % ("http", "endpoint"): "127.0.0.1:%d" % self.http}
        if self.tls:
            names = ("cert_file", "key_file", "client_ca_file")
            for kind in ("grpc", "http"):
                for name, value in zip(names, self.tls):
                    if value:
                        settings[listen % (kind, "tls::" + name)] = value
        words = ["--config=yaml:%s: %s" % item for item in settings.items()]
        self.process = self.run.start([BUILD / "collector", "--config", CONFIG, *words])
        self.process.wait_text("Everything is ready")

    def kill(self):
        self.process.popen.kill()
        self.process.popen.wait()

    def documents(self):
        """Whole lines of the file; the last may still be being written."""
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().split("\n")[:-1] if line]

    def spans(self):
        return [span for document in self.documents() for resource in
                document.get("resourceSpans", []) for scope in resource["scopeSpans"]
                for span in scope["spans"]]

    def metrics(self):
        return [metric for document in self.documents() for resource in
                document.get("resourceMetrics", []) for scope in resource["scopeMetrics"]
                for metric in scope["metrics"]]

    def wait_ids(self, count):
        """The distinct ids of spans, once there are count of them."""
        def ids():
            found = {span["spanId"] for span in self.spans()}
            return found if len(found) >= count else None
        try:
            return wait_for(ids, "%d spans" % count)
        except Failure as failure:
            raise Failure("%s; there are %d" % (failure, len(self.spans())))


SPAN_ID = re.compile(rb"^    ID +: ([0-9a-f]{16})\n", re.MULTILINE)


class Teller(Collector):
    """Tells every span on its standard output before it acknowledges it, so that a kill loses none
    that was acknowledged."""

    def __init__(self, run, **settings):
        self.told, self.outputs = collections.Counter(), []
        super().__init__(run, **{
            "exporters::debug::verbosity": "detailed",
            "exporters::debug::use_internal_logger": "false",
            "service::pipelines::traces::exporters": "[debug]", **settings})

    def start(self):
        super().start()
        self.outputs.append(open(self.process.out_path, "rb"))

    def ids(self):
        """How often each id of a span was told so far, in all lives."""
        for output in self.outputs:
            at, text = output.tell(), output.read()
            whole = text[:text.rfind(b"\n") + 1]
            output.seek(at + len(whole))
            self.told.update(SPAN_ID.findall(whole))
        return self.told
