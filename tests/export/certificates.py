# SPDX-License-Identifier: Apache-2.0
"""Authorities and certificates for a minute, made by openssl."""
import ssl
import subprocess


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    def __init__(self, tmp, name="ca"):
        self.tmp, self.cert, self.key = tmp, tmp / (name + ".pem"), tmp / (name + ".key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", 2, "-subj", "/CN=" + name, "-keyout", self.key, "-out", self.cert)

    def issue(self, name, alternatives="DNS:localhost,IP:127.0.0.1"):
        """(certificate, key)"""
        cert, key, request = (self.tmp / (name + end) for end in (".pem", ".key", ".csr"))
        extensions = self.tmp / (name + ".ext")
        extensions.write_text("subjectAltName=" + alternatives)
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/CN=" + name, "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key,
                "-CAcreateserial", "-days", 2, "-extfile", extensions, "-out", cert)
        return cert, key


def server_context(pair, protocols=("h2", "http/1.1"), clients=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    if protocols:
        context.set_alpn_protocols(protocols)
    if clients:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
