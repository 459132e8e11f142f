// SPDX-License-Identifier: Apache-2.0
/*
 * Baggage: what a caller wants to be known about its request all the way down, as a list of names
 * and values. It is no attribute of anything by itself (W3C Baggage; OpenTelemetry, baggage/api).
 */
#ifndef BAGGAGE_H
#define BAGGAGE_H

#include "model/arena.h"

/* Python's limits; W3C Baggage asks for 64 members and 8192 bytes. More is left out. */
#define BAGGAGE_MEMBERS 180
#define BAGGAGE_BYTES	8192

struct baggage_member {
	struct str key;
	struct str value;      /* percent-decoded, UTF-8 */
	struct str properties; /* as sent, "a=1;b"; empty if there are none */
};

/* Zero-initialised is empty and ready. Texts live in the head they came from and in the arena. */
struct baggage {
	struct baggage_member v[BAGGAGE_MEMBERS]; /* each key once */
	u32 cnt;
	u32 bytes; /* of the fields taken in, at most BAGGAGE_BYTES */
};

/*
 * Adds the members of a "baggage" field: key=value;property,... A member that is not well-formed is
 * passed over; one whose key is there replaces the value. A field that is too long by itself or
 * together with those before it is left out whole.
 */
void baggage__add_list(struct baggage *baggage, struct str list, struct arena *arena);

/* Adds one member by its key, in any case, and its percent-encoded value, as Jaeger sends them. */
void baggage__add_pair(struct baggage *baggage, struct str key, struct str value,
		       struct arena *arena);

#endif
