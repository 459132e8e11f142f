// SPDX-License-Identifier: Apache-2.0
/* Every protocol, in the order in which proto_match() asks them: parsers come first. */
PROTO(http1)
PROTO(http2)
PROTO(tls)
