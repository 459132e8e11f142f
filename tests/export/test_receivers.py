# SPDX-License-Identifier: Apache-2.0
"""Receivers that do what they should not, or what is rare: nothing is lost that could be kept, and
all that is lost is counted."""
import base64
import email.utils
import time

from harness import Failure, check, check_equal, test
from exports import SPANS, counts, endpoint, outcome, replay
from receivers import FLOODS, HTTP_FLOODS, GrpcReceiver, HttpReceiver

ALL = (SPANS, 0, "")


def faulty(name, modes, want, requests=None, said=None, kinds=("grpc", "http/protobuf"), **options):
    """The same over gRPC and HTTP, where both have the modes."""
    for kind in kinds:
        modes_here = modes if isinstance(modes, tuple) else modes[kind]

        def fault(run, kind=kind, modes_here=modes_here):
            receiver = (GrpcReceiver if kind == "grpc" else HttpReceiver)(*modes_here, **options)
            with receiver:
                daemon = replay(run, endpoint(receiver), protocol=kind)
            check_equal(outcome(daemon), want, "delivered, lost, causes")
            if want == ALL:
                check_equal(len(set(receiver.ids())), SPANS, "distinct spans received")
            if requests:
                check_equal(receiver.count(), requests, "requests")
            words = said and said.replace("%d", str(receiver.port))
            check(not said or words in daemon.stderr(), "%r was not said" % words)
            check(not receiver.overfed, "64 MiB of no answer were read")
        needs = ("h2",) if kind == "grpc" else ()
        test(*needs, name="%s_%s" % (name, kind.replace("/", "_")))(fault)


EVERY = ("grpc", "http/protobuf", "http/json")
HTTP = ("http/protobuf",)
GRPC = ("grpc",)

faulty("plain", ("ok",), ALL, requests=1, kinds=EVERY)
faulty("partial", ("partial:2:too old",), (SPANS - 2, 2, "rejected 2"), requests=1, kinds=EVERY,
       said="partial success: 2 of 9 spans rejected: too old")
faulty("partial_of_none", ("partial:0:beware",), ALL, requests=1,
       said="127.0.0.1:%d are taken, with a warning: beware")
faulty("closed", ("close", "ok"), ALL, requests=2)
faulty("unavailable", {"grpc": ("status:14", "ok"), "http/protobuf": ("503", "ok")}, ALL,
       requests=2, said="retrying in 1s. Error details: ")
faulty("busy", {"grpc": ("retry:8:0", "ok"), "http/protobuf": ("429:0", "ok")}, ALL, requests=2)
faulty("denied", {"grpc": ("status:16",), "http/protobuf": ("401",)}, (0, 9, "refused 9"),
       requests=1, said="Failed to export traces to 127.0.0.1:")
faulty("all_bad", {"grpc": ("status:3",), "http/protobuf": ("400",)}, (0, 9, "refused 9"),
       requests=17)
faulty("junk", ("junk",), ALL, requests=1, said="the answer cannot be read")

faulty("half_an_answer", ("short", "ok"), ALL, requests=2, kinds=HTTP)
faulty("chunked", ("chunked",), ALL, requests=1, kinds=HTTP)
faulty("close_after", ("close-after",), ALL, requests=1, kinds=HTTP)
faulty("gateway", ("502", "504", "ok"), ALL, requests=3, kinds=HTTP)

faulty("refused_stream", ("rst:7", "ok"), ALL, requests=2, kinds=GRPC)
faulty("cancelled_stream", ("rst:8", "ok"), ALL, requests=2, kinds=GRPC)
faulty("goaway", ("goaway", "ok"), ALL, requests=2, kinds=GRPC)
faulty("goaway_after_this", ("drain",), ALL, requests=1, kinds=GRPC)
faulty("trailers_only", ("only:14", "ok"), ALL, requests=2, kinds=GRPC)
faulty("no_status", ("no-status",), (0, 9, "refused 9"), requests=1, kinds=GRPC)
faulty("no_trailers", ("no-trailers",), (0, 9, "refused 9"), requests=1, kinds=GRPC)
faulty("no_grpc_at_all", ("http:503", "ok"), ALL, requests=2, kinds=GRPC)
faulty("in_frames_of_a_byte", ("split",), ALL, requests=1, kinds=GRPC)
faulty("compressed_answer", ("gzip",), ALL, requests=1, kinds=GRPC)
faulty("endless_answer", ("long",), ALL, requests=1, kinds=GRPC)
faulty("window_of_a_byte", ("ok",), ALL, requests=1, kinds=GRPC, window=1)
for what in FLOODS:
    faulty("flood_of_" + what, ("flood:" + what, "ok"), ALL, requests=2, kinds=GRPC,
           said="Transient error")
for what in HTTP_FLOODS:
    faulty("flood_of_" + what, ("flood:" + what, "ok"), ALL, requests=2, kinds=HTTP,
           said={"header": "a header of the answer is too long"}.get(what, "Transient error"))


@test("h2")
def partial_success_of_metrics(run):
    """Counted in data points, as the receiver does."""
    with GrpcReceiver("partial:2:too old") as receiver:
        daemon = replay(run, endpoint(receiver), "--traces_exporter", "none",
                        "--metrics_exporter", "otlp")
    ((delivered, lost, causes),) = counts(daemon, "metrics").values()
    check_equal((lost, causes), (2, "rejected 2"), "lost, causes")
    said = "partial success: 2 of %d data points rejected: too old" % (delivered + lost)
    check(said in daemon.stderr(), "%r was not said" % said)


@test()
def retry_after_a_date(run):
    date = email.utils.formatdate(time.time() + 3, usegmt=True)
    with HttpReceiver("429:" + date, "ok") as receiver:
        began = time.monotonic()
        daemon = replay(run, endpoint(receiver), protocol="http/protobuf")
        took = time.monotonic() - began
    check_equal(outcome(daemon), ALL, "delivered, lost, causes")
    check(took > 1, "it came again after %g s, asked for 3" % took)


@test()
def retry_after_the_batchs_time(run):
    """It is not kept in vain, and the line says why it went."""
    with HttpReceiver("503:300") as receiver:
        daemon = replay(run, endpoint(receiver), protocol="http/protobuf")
    check_equal(outcome(daemon), (0, 9, "retry time over 9"), "delivered, lost, causes")
    check("the server wants to wait 300 s, longer than the batch may take; the next goes in 60 s: "
          "HTTP status 503: as asked; 9 spans dropped" in daemon.stderr(), "it was not said")
    check("retrying" not in daemon.stderr(), "another attempt was announced")


@test("h2")
def retry_info(run):
    with GrpcReceiver("retry:14:2", "ok") as receiver:
        began = time.monotonic()
        daemon = replay(run, endpoint(receiver))
        took = time.monotonic() - began
    check_equal(outcome(daemon), ALL, "delivered, lost, causes")
    check(took >= 2, "it came again after %g s, asked for 2" % took)


def poisoned(run, make, kind):
    """One span that the receiver refuses whatever comes with it: the others arrive."""
    with make() as receiver:
        replay(run, endpoint(receiver), protocol=kind)
        (bad, *good) = receiver.ids()
    with make("poison:" + bad) as receiver:
        daemon = replay(run, endpoint(receiver), protocol=kind)
    check_equal(outcome(daemon), (SPANS - 1, 1, "refused 1"), "delivered, lost, causes")
    check_equal(sorted(receiver.ids()), sorted(good), "spans received")


@test("h2")
def one_bad_span_grpc(run):
    poisoned(run, GrpcReceiver, "grpc")


@test()
def one_bad_span_http(run):
    poisoned(run, HttpReceiver, "http/protobuf")


@test("h2")
def what_is_sent_by_grpc(run):
    with GrpcReceiver() as receiver:
        replay(run, endpoint(receiver) + "/not/looked/at", "--exporter_otlp_timeout", "7000",
               "--exporter_otlp_headers", "Api-Key=a%20b,X-Team=red",
               "--exporter_otlp_compression", "gzip")
    _, path, headers, _ = receiver.requests[0]
    check_equal(path, "/opentelemetry.proto.collector.trace.v1.TraceService/Export", "path")
    want = {":method": "POST", ":scheme": "http", ":authority": "127.0.0.1:%d" % receiver.port,
            "te": "trailers", "content-type": "application/grpc", "grpc-timeout": "7000m",
            "grpc-encoding": "gzip", "api-key": "a b", "x-team": "red"}
    check_equal({key: headers.get(key) for key in want}, want, "headers")
    check("OTel-OTLP-Exporter-C/" in headers["user-agent"], headers["user-agent"])


@test()
def what_is_sent_by_http(run):
    with HttpReceiver() as receiver:
        replay(run, endpoint(receiver) + "/base/", "--exporter_otlp_headers", "api-key=k%2C1",
               "--metrics_exporter", "otlp", "--exporter_otlp_metrics_endpoint",
               endpoint(receiver), "--exporter_otlp_metrics_protocol", "http/json",
               "--exporter_otlp_metrics_compression", "deflate", protocol="http/protobuf")
    found = {path: headers for _, path, headers, _ in receiver.requests}
    check_equal(sorted(found), ["/", "/base/v1/traces"], "paths")
    traces, metrics = found["/base/v1/traces"], found["/"]
    check_equal(traces["content-type"], "application/x-protobuf", "content-type of traces")
    check_equal(traces["api-key"], "k,1", "header")
    check_equal(metrics["content-type"], "application/json", "content-type of metrics")
    check_equal(metrics["content-encoding"], "deflate", "content-encoding of metrics")
    check("expect" not in traces, "Expect was sent")


@test("h2")
def user_of_an_endpoint(run):
    """Goes along as Basic authorization, whatever the protocol, unless headers say something else."""
    for make, kind in ((GrpcReceiver, "grpc"), (HttpReceiver, "http/protobuf")):
        for flags, want in (((), "Basic " + base64.b64encode(b"us er:s3cret").decode()),
                            (("--exporter_otlp_headers", "authorization=Bearer%20t"), "Bearer t")):
            with make() as receiver:
                daemon = replay(run, "http://us%%20er:s3cret@127.0.0.1:%d" % receiver.port, *flags,
                                protocol=kind)
            check_equal(receiver.requests[0][2].get("authorization"), want, "by " + kind)
            check("s3cret" not in daemon.stderr() + daemon.stdout(), "a secret was printed")


@test("h2")
def deflate_is_not_for_grpc(run):
    with GrpcReceiver() as receiver:
        daemon = replay(run, endpoint(receiver), "--exporter_otlp_compression", "deflate")
    check("grpc-encoding" not in receiver.requests[0][2], "it was compressed")
    check_equal(daemon.stderr().count("OTLP/gRPC knows no deflate"), 1, "lines about it")


@test("h2")
def many_exporters_one_of_them_stuck(run):
    with GrpcReceiver("hang") as stuck, GrpcReceiver() as elastic:
        daemon = replay(run, endpoint(stuck), "--metrics_exporter", "none", wait=False, env={
            "ELASTIC_APM_SERVER_ENDPOINT": endpoint(elastic),
            "ELASTIC_APM_SECRET_TOKEN": "s3cret"})
        daemon.wait_exit()
    found = counts(daemon)
    check_equal(found["127.0.0.1:%d" % elastic.port], ALL, "of the elastic destination")
    check_equal(found["127.0.0.1:%d" % stuck.port], (0, 9, "undelivered at exit 9"), "of the other")
    check_equal(elastic.requests[0][2].get("authorization"), "Bearer s3cret", "token")
    check("authorization" not in stuck.requests[0][2], "the token went to the other")
    check("s3cret" not in daemon.stderr() + daemon.stdout(), "the token was printed")


@test("h2")
def elastic_at_the_same_place(run):
    with GrpcReceiver() as receiver:
        daemon = replay(run, endpoint(receiver), env={
            "ELASTIC_APM_SERVER_ENDPOINT": endpoint(receiver),
            "ELASTIC_APM_SECRET_TOKEN": "s3cret"})
    check_equal(outcome(daemon), ALL, "delivered, lost, causes")
    check_equal(receiver.requests[0][2].get("authorization"), "Bearer s3cret", "token")


@test("h2")
def one_connection_for_all_signals(run):
    with GrpcReceiver() as receiver:
        replay(run, endpoint(receiver), "--metrics_exporter", "otlp")
    check_equal(len(receiver.sockets), 1, "connections")
    check_equal(receiver.count(), 2, "requests")


@test("h2")
def signals_are_switched_off(run):
    with GrpcReceiver() as receiver:
        replay(run, endpoint(receiver), "--traces_exporter", "none", "--metrics_exporter", "none")
    check_equal(receiver.count(), 0, "requests")


@test()
def endless_answers(run):
    """Not read to their end; their status holds."""
    with HttpReceiver("endless:503", "endless:200") as receiver:
        daemon = replay(run, endpoint(receiver), protocol="http/protobuf")
    check_equal(outcome(daemon), ALL, "delivered, lost, causes")
    check_equal(receiver.count(), 2, "requests")
    check("503 Service Unavailable" in daemon.stderr(), "no word of the status")
    check(not receiver.overfed, "64 MiB of an answer were read")


@test()
def no_such_host(run):
    daemon = replay(run, "http://collector.invalid:4317")
    check_equal(outcome(daemon), (0, 9, "undelivered at exit 9"), "delivered, lost, causes")
    check("StatusCode.UNAVAILABLE" in daemon.stderr(), "no word of it")


@test()
def proxys_password(run):
    daemon = replay(run, "https://127.0.0.1:1", protocol="http/protobuf",
                    env={"https_proxy": "http://user:s3cret@127.0.0.1:99999"})
    check_equal(outcome(daemon), (0, 9, "undelivered at exit 9"), "delivered, lost, causes")
    check("proxy" in daemon.stderr(), "no word of the proxy")
    check("s3cret" not in daemon.stderr(), "a secret was printed")


@test()
def unusable_options(run):
    for flag, value, said in (
            ("--exporter_otlp_endpoint", "ftp://s3cret@x", "the endpoint of traces cannot be used"),
            ("--exporter_otlp_certificate", "/nowhere.pem", "cannot read the authorities")):
        daemon = replay(run, "http://127.0.0.1:1", flag, value, wait=False)
        check_equal(daemon.wait_exit(), 1, "status with " + flag)
        check(said in daemon.stderr(), "%r was not said" % said)
        if "s3cret" in daemon.stderr():
            raise Failure("a secret was printed")

