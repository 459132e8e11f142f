# SPDX-License-Identifier: Apache-2.0
"""OTLP receivers that misbehave as they are told. Each request uses up one mode, the last one
repeats; what was taken is kept as the ids of its spans.

    with HttpReceiver("503:1", "ok") as receiver: ...

Modes of both:  ok | partial:N:TEXT | hang | close | poison:HEX (refused while it holds that id)
of HTTP:        STATUS | STATUS:RETRY_AFTER | short | junk | chunked | close-after |
                endless:STATUS | flood:KIND (of HTTP_FLOODS)
of HTTP/2:      status:CODE | retry:CODE:SECONDS | only:CODE | rst:CODE | goaway | drain |
                no-status | no-trailers | split | gzip | long | junk | http:STATUS |
                flood:KIND (of FLOODS, until the client has had enough)
"""
import base64
import contextlib
import gzip
import http.server
import json
import socket
import ssl
import struct
import threading
import zlib

try:
    from h2.exceptions import ProtocolError
except ImportError:  # only GrpcReceiver needs h2
    class ProtocolError(Exception):
        pass


def fields(message):
    """(number, value) of each field of a protobuf message; of varints and fixed ones, too."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 5: 4}.get(kind) or varint()
        yield key >> 3, message[at:at + size]
        at += size


def inside(messages, number):
    return [value for message in messages for n, value in fields(message) if n == number]


def span_ids(body):
    """Those of an ExportTraceServiceRequest, in protobuf or JSON."""
    if body[:1] == b"{":
        return [span["spanId"] for resource in json.loads(body)["resourceSpans"]
                for scope in resource["scopeSpans"] for span in scope["spans"]]
    spans = inside(inside(inside([body], 1), 2), 2)
    return [span_id.hex() for span_id in inside(spans, 2)]


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def member(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def partial(count, text):
    return member(1, member(1, int(count)) + member(2, text.encode()))


def status_with_retry(code, seconds):
    """A google.rpc.Status with RetryInfo."""
    info = member(1, member(1, int(seconds)))
    any_ = member(1, b"type.googleapis.com/google.rpc.RetryInfo") + member(2, info)
    return member(1, int(code)) + member(2, b"come again") + member(3, any_)


def unpack(body, encoding):
    if encoding == "gzip":
        return gzip.decompress(body)
    return zlib.decompress(body) if encoding == "deflate" else body


class Receiver:
    """What both have in common: modes, and what was received."""

    def __init__(self, *modes, port=0, context=None):
        self.lock = threading.Lock()
        self.modes = list(modes) or ["ok"]
        self.requests = []  # (mode, path, headers, body)
        self.taken = []  # ids of spans
        self.stopped = threading.Event()
        self.overfed = False  # an endless answer was read on and on
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.sockets = []

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.sockets.append(sock)
            threading.Thread(target=self.guarded, args=(sock,), daemon=True).start()

    def guarded(self, sock):
        try:
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
            self.serve(sock)
        except (OSError, ssl.SSLError, ProtocolError):
            pass  # the client has gone or does not speak HTTP/2, or we were stopped
        finally:
            sock.close()

    def __exit__(self, *_):
        self.stopped.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for sock in self.sockets:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # closed already

    def next_mode(self, path, headers, body):
        """The mode of this request; "poison" is settled here, into ok or bad."""
        with self.lock:
            mode = self.modes.pop(0) if len(self.modes) > 1 else self.modes[0]
            ids = span_ids(body) if "trace" in path.lower() else []
            if mode.startswith("poison:"):
                mode = "bad" if mode[7:] in ids else "ok"
            if mode.split(":")[0] in ("ok", "partial", "drain", "split", "gzip", "chunked",
                                      "close-after", "long", "junk"):
                self.taken += ids
            self.requests.append((mode, path, headers, body))
        return mode.split(":")

    def count(self):
        with self.lock:
            return len(self.requests)

    def ids(self):
        with self.lock:
            return list(self.taken)


HTTP_FLOODS = {
    "interim": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"),
    "header": (b"HTTP/1.1 200 OK\r\nx: ", b"y"),
}


class HttpReceiver(Receiver):
    def serve(self, sock):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver.answer(self)

            def log_message(self, *_):
                pass

        Handler(sock, None, None)

    def answer(self, handler):
        raw = handler.rfile.read(int(handler.headers["content-length"]))
        headers = {k.lower(): v for k, v in handler.headers.items()}
        body = unpack(raw, headers.get("content-encoding"))
        what, *arg = self.next_mode(handler.path, headers, body)
        kind = headers["content-type"]

        def reply(status, data, *more):
            handler.send_response(status)
            for name, value in (("content-type", kind), ("content-length", len(data)), *more):
                handler.send_header(name, str(value))
            handler.end_headers()
            handler.wfile.write(data)

        if what == "hang":
            self.stopped.wait()
        elif what == "close":
            handler.close_connection = True
        elif what == "bad":
            reply(400, b"a span is bad")
        elif what.isdigit():
            reply(int(what), b"as asked", *([("retry-after", ":".join(arg))] if arg else []))
        elif what == "partial" and "json" in kind:
            reply(200, json.dumps({"partialSuccess": {
                "rejectedSpans": arg[0], "errorMessage": arg[1]}}).encode())
        elif what == "partial":
            reply(200, partial(*arg))
        elif what == "short":
            handler.send_response(200)
            handler.send_header("content-length", "1000")
            handler.end_headers()
            handler.wfile.write(b"x" * 500)
            handler.close_connection = True
        elif what == "junk":
            reply(200, b"\xff\xff\xff\xff")
        elif what == "chunked":
            handler.send_response(200)
            handler.send_header("transfer-encoding", "chunked")
            handler.end_headers()
            handler.wfile.write(b"2\r\n\x0a\x00\r\n0\r\n\r\n")
        elif what == "endless":
            handler.send_response(int(arg[0]))
            handler.send_header("content-length", str(1 << 40))
            handler.end_headers()
            self.flood(handler, b"", b"x")
        elif what == "flood":
            self.flood(handler, *HTTP_FLOODS[arg[0]])
        else:
            reply(200, b"", *([("connection", "close")] if what == "close-after" else []))

    def flood(self, handler, start, more):
        """Ends when the client has had enough, or at 64 MiB."""
        handler.close_connection = True
        handler.wfile.write(start)
        for _ in range(1024):
            try:
                handler.wfile.write(more * (65536 // len(more)))
            except OSError:
                return
        self.overfed = True


def frame(kind, payload=b"", flags=0, stream=0):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


# What may be sent for ever: all of it, or its start and then the rest of it. The call's stream is 1.
FLOODS = {
    "data": (frame(1, b"\x88", 4, 1), frame(0, 16384 * b"x", 0, 1)),
    "empty-data": (frame(1, b"\x88", 4, 1), frame(0, b"", 0, 1)),
    "data-of-nobody": (b"", frame(0, 16384 * b"x")),
    "interim": (b"", frame(1, b"\x48\x03103", 4, 1)),
    "continuation": (frame(1, b"\x88", 0, 1), frame(9, b"", 0, 1)),
    "reset": (b"", frame(3, struct.pack(">I", 8), 0, 1)),
    "settings": (b"", frame(4)),
    "ping": (b"", frame(6, b"12345678")),
    "pong": (b"", frame(6, b"12345678", 1)),
    "unknown": (b"", frame(99)),
}

HEAD = [(":status", "200"), ("content-type", "application/grpc")]


def framed(message, compressed=0):
    return struct.pack(">BI", compressed, len(message)) + message


class GrpcReceiver(Receiver):
    """gRPC as far as OTLP needs it, frame by frame, by the h2 package."""

    def __init__(self, *modes, window=0, **options):
        super().__init__(*modes, **options)
        self.window = window

    def serve(self, sock):
        import h2.config
        import h2.connection
        import h2.events
        import h2.settings
        peer = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, header_encoding="utf-8"))
        if self.window:
            peer.local_settings = h2.settings.Settings(client=False, initial_values={
                **dict(peer.local_settings),
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: self.window})
        peer.initiate_connection()
        sock.sendall(peer.data_to_send())
        calls = {}
        while data := sock.recv(65536):
            for event in peer.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    calls[event.stream_id] = (dict(event.headers), bytearray())
                elif isinstance(event, h2.events.DataReceived):
                    calls[event.stream_id][1].extend(event.data)
                    peer.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    if not self.act(sock, peer, event.stream_id, *calls.pop(event.stream_id)):
                        sock.sendall(peer.data_to_send())
                        return
            sock.sendall(peer.data_to_send())

    def act(self, sock, peer, stream, headers, body):
        """False: the connection ends."""
        message = unpack(bytes(body[5:]), headers.get("grpc-encoding") if body[0] else None)
        what, *arg = self.next_mode(headers[":path"], headers, message)

        def reply(data=framed(b""), head=HEAD, **trailers):
            peer.send_headers(stream, head)
            peer.send_data(stream, data)
            peer.send_headers(stream, [(k.replace("_", "-"), v) for k, v in
                                       (trailers or {"grpc_status": "0"}).items()], end_stream=True)

        if what == "hang":
            pass
        elif what in ("close", "goaway"):
            if what == "goaway":
                peer.close_connection(0, last_stream_id=0)
            return False
        elif what == "bad":
            reply(b"", grpc_status="3", grpc_message="a span is bad")
        elif what == "partial":
            reply(framed(partial(*arg)))
        elif what == "status":
            reply(b"", grpc_status=arg[0], grpc_message="as%20asked")
        elif what == "retry":
            details = base64.b64encode(status_with_retry(*arg)).decode().rstrip("=")
            reply(b"", grpc_status=arg[0], grpc_status_details_bin=details)
        elif what == "only":
            peer.send_headers(stream, HEAD + [("grpc-status", arg[0])], end_stream=True)
        elif what == "flood":
            self.flood(sock, peer.data_to_send(), *FLOODS[arg[0]])
            return False
        elif what == "rst":
            peer.reset_stream(stream, int(arg[0]))
        elif what == "drain":  # h2 sends nothing after its own GOAWAY: this one is written by hand
            sock.sendall(peer.data_to_send() + b"\0\0\x08\x07\0" + struct.pack(">III", 0, stream, 0))
            reply()
        elif what == "no-status":
            reply(x_nothing="1")
        elif what == "no-trailers":
            peer.send_headers(stream, HEAD)
            peer.send_data(stream, framed(b""), end_stream=True)
        elif what == "split":
            peer.send_headers(stream, HEAD)
            for byte in framed(b"\x0a\0"):
                peer.send_data(stream, bytes([byte]))
                sock.sendall(peer.data_to_send())
            peer.send_headers(stream, [("grpc-status", "0")], end_stream=True)
        elif what == "gzip":
            reply(framed(gzip.compress(b"\x0a\0"), 1), HEAD + [("grpc-encoding", "gzip")])
        elif what == "long":
            reply(struct.pack(">BI", 0, 16 << 20) + b"\x0a\0")
        elif what == "junk":
            reply(framed(b"\xff\xff\xff\xff"))
        elif what == "http":
            peer.send_headers(stream, [(":status", arg[0]), ("content-type", "text/html")])
            peer.send_data(stream, b"<html>as asked</html>", end_stream=True)
        else:
            reply()
        return True

    def flood(self, sock, before, start, more):
        """Ends when the client has had enough, or at 64 MiB; what it says is not waited for."""
        sock.sendall(before + start)
        block = more * (65536 // len(more) + 1)
        for _ in range(1024):
            sock.sendall(block)
            with contextlib.suppress(BlockingIOError):
                sock.recv(1 << 20, socket.MSG_DONTWAIT)
        self.overfed = True
