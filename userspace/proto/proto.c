// SPDX-License-Identifier: Apache-2.0
/* Which protocol a connection speaks, told by its client's first bytes, never by a port number. */
#include "proto/proto.h"

#define PROTO(name) extern const struct proto proto_##name;
#include "proto/list.h"
#undef PROTO

static const struct proto *const protos[] = {
#define PROTO(name) &proto_##name,
#include "proto/list.h"
#undef PROTO
};

const struct proto *proto_match(struct str head, bool cut, enum match *match)
{
	for (size_t i = 0; i < ARRAY_SIZE(protos); i++) {
		*match = protos[i]->match(head, cut);
		/* One that may still match goes first, or a cut would change the answer. */
		if (*match != MATCH_NO)
			return *match == MATCH_YES ? protos[i] : NULL;
	}
	return NULL;
}
