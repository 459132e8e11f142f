# SPDX-License-Identifier: Apache-2.0
"""TLS: chain and name are verified, our certificate is shown when asked for."""
import re
import subprocess

from harness import check, check_equal, test
from certificates import Authority, server_context
from exports import SPANS, endpoint, outcome, replay
from receivers import GrpcReceiver, HttpReceiver

LOST = (0, SPANS, "undelivered at exit 9")


def over_tls(name, said=None, alternatives="DNS:localhost,IP:127.0.0.1", trust="ca",
             mutual=False, shown=True, kinds=("grpc", "http/protobuf"), protocols=("h2",),
             host="127.0.0.1"):
    """said: why it fails, by kind; None: it does not."""
    for kind in kinds:
        def exchange(run, kind=kind):
            ca = Authority(run.tmp)
            Authority(run.tmp, "other")
            client = ca.issue("client")
            context = server_context(ca.issue("server", alternatives),
                                     # HTTP/1.1 is spoken though HTTP/2 is offered
                                     protocols if kind == "grpc" else ("h2", "http/1.1"),
                                     ca.cert if mutual else None)
            flags = ["--exporter_otlp_certificate", run.tmp / (trust + ".pem")]
            if mutual and shown:
                flags += ["--exporter_otlp_client_certificate", client[0],
                          "--exporter_otlp_client_key", client[1]]
            receiver = (GrpcReceiver if kind == "grpc" else HttpReceiver)(context=context)
            with receiver:
                daemon = replay(run, endpoint(receiver, "https", host), *flags, protocol=kind)
            check_equal(outcome(daemon), LOST if said else (SPANS, 0, ""), "delivered, lost")
            check_equal(len(receiver.ids()), 0 if said else SPANS, "spans received")
            check(not said or said[kind] in daemon.stderr(), "not said: %s" % said)
        needs = ["openssl"] + (["h2"] if kind == "grpc" else [])
        test(*needs, name="tls_%s_%s" % (name, kind.replace("/", "_")))(exchange)


over_tls("by_address")
over_tls("by_name", host="localhost")
over_tls("mutual", mutual=True)
over_tls("unknown_authority", trust="other",
         said={"grpc": "certificate not accepted: unable to get local issuer certificate",
               "http/protobuf": "unable to get local issuer certificate"})
over_tls("wrong_name", alternatives="DNS:elsewhere.test",
         said={"grpc": "certificate not accepted: IP address mismatch",
               "http/protobuf": "no alternative certificate subject name matches"})
over_tls("certificate_not_shown", mutual=True, shown=False,
         said={"grpc": "Transient error StatusCode.UNAVAILABLE",
               "http/protobuf": "Transient error StatusCode.UNAVAILABLE"})
over_tls("no_http2", protocols=(), kinds=("grpc",),
         said={"grpc": "TLS: the server does not speak HTTP/2"})


@test("openssl", "h2")
def a_wrong_port_or_scheme_is_guessed(run):
    """Who speaks to somebody else than meant reads what it most likely is."""
    authority = Authority(run.tmp)
    pair = authority.issue("server", "IP:127.0.0.1")
    grpc, http = (GrpcReceiver, "grpc", ("h2",)), (HttpReceiver, "http/protobuf", ())
    tls, no_tls = "does it want TLS (https://)?", "is it a port without TLS (http://)?"
    for there, ours, secure, scheme, said in (
            (grpc, grpc, False, "https", no_tls), (http, http, False, "https", no_tls),
            (grpc, grpc, True, "http", tls), (http, http, True, "http", tls),
            (http, grpc, False, "http", "is it OTLP/HTTP's port (http/protobuf, 4318)?"),
            (grpc, http, False, "http", "is it OTLP/gRPC's port (grpc, 4317), or " + tls)):
        context = server_context(pair, there[2], None) if secure else None
        with there[0](context=context) as receiver:
            daemon = replay(run, endpoint(receiver, scheme), "--exporter_otlp_certificate",
                            authority.cert, protocol=ours[1], wait=False)
            daemon.wait_text(r"[a-z.\d]; %s\n" % re.escape(said))


@test("openssl")
def unusable_files(run):
    """Said at the start, whatever the protocol, and nobody is asked for a passphrase."""
    ca = Authority(run.tmp)
    cert, key = ca.issue("client")
    other = ca.issue("other")[1]
    locked = run.tmp / "locked.key"
    subprocess.run(["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:abcd", "-out",
                    locked], check=True, capture_output=True)
    for options, said in (({"certificate": run.tmp}, "cannot use the authorities in"),
                          ({"client_certificate": cert}, "cannot use the client key in"),
                          ({"client_key": key}, "no certificate assigned"),
                          ({"client_certificate": cert, "client_key": other}, "mismatch"),
                          ({"client_certificate": cert, "client_key": locked}, "with a passphrase")):
        flags = [part for name, path in options.items()
                 for part in ("--exporter_otlp_" + name, path)]
        for kind in ("grpc", "http/protobuf"):
            daemon = replay(run, "https://127.0.0.1:1", *flags, protocol=kind, wait=False)
            check_equal(daemon.wait_exit(), 1, "status with %s over %s" % (options, kind))
            check(said in daemon.stderr(), "%r was not said" % said)


@test("h2")
def tls_to_a_plain_server(run):
    with GrpcReceiver() as receiver:
        daemon = replay(run, endpoint(receiver, "https"))
    check_equal(outcome(daemon), LOST, "delivered, lost, causes")
    check("TLS: " in daemon.stderr(), "not said that it was TLS")


@test("h2", "openssl")
def tls_is_the_default_without_a_scheme(run):
    ca = Authority(run.tmp)
    with GrpcReceiver(context=server_context(ca.issue("server"))) as receiver:
        daemon = replay(run, "localhost:%d" % receiver.port, "--exporter_otlp_certificate", ca.cert)
    check_equal(outcome(daemon), (SPANS, 0, ""), "delivered, lost, causes")
    with GrpcReceiver() as receiver:
        daemon = replay(run, "0.0.0.0:%d" % receiver.port, "--exporter_otlp_insecure", "true")
    check_equal(outcome(daemon), (SPANS, 0, ""), "delivered in plain text")
