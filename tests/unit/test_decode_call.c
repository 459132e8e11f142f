// SPDX-License-Identifier: Apache-2.0
/* capture/decode.c: calls of functions. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>

#include "../../bpf/event.h"
#include "capture/capture.h"

#define OFFSET 1000000

struct seen {
	struct buf text;
	u32 cnt;
};

static void on_call(void *owner, const struct function_call *call)
{
	struct seen *seen = owner;

	seen->cnt++;
	buf__printf(&seen->text,
		    "call %llu of %u in %llu from %llu to %llu by %u/%u values %llu %llu \"%.*s\"",
		    (unsigned long long)call->id, call->function, (unsigned long long)call->parent,
		    (unsigned long long)call->start_ns, (unsigned long long)call->end_ns,
		    call->tgid, call->tid, (unsigned long long)call->values[0],
		    (unsigned long long)call->values[1], STR_ARG(call->texts[0]));
	for (u32 i = 0; i < call->request_cnt; i++)
		buf__printf(&seen->text, " request %llu at %llu",
			    (unsigned long long)call->requests[i].conn,
			    (unsigned long long)call->requests[i].ts);
	buf__char(&seen->text, '\n');
}

static int decode(struct seen *seen, const struct ev_call *call)
{
	static const struct capture_ops ops = {NULL, NULL, NULL, NULL, on_call};
	struct ev_call *copy = malloc(sizeof(*copy));
	int err;

	if (!copy)
		abort();
	*copy = *call;
	seen->cnt = 0;
	buf__reset(&seen->text);
	err = decode_record((struct str){(const char *)copy, sizeof(*copy)}, OFFSET, &ops, seen);
	free(copy);
	return err;
}

static struct ev_call call_of(void)
{
	struct ev_call call = {
		.hdr = {.type = EV_CALL, .size = sizeof(call), .ts = 950, .tgid = 10, .tid = 11},
		.id = 7,
		.parent = 6,
		.start = 900,
		.function = 3,
		.request_cnt = 1,
		.requests = {{.conn = 77, .ts = 800}},
		.values = {5, 2},
		.texts = {"ab"},
	};

	return call;
}

static void calls(void)
{
	struct ev_call call = call_of();
	struct seen seen = {0};

	CHECK(!decode(&seen, &call) && seen.cnt == 1);
	CHECK_STR(buf__view(&seen.text),
		  "call 7 of 3 in 6 from 1000900 to 1000950 by 10/11 values 5 2 "
		  "\"ab\" request 77 at 1000800\n");
	call.request_cnt = CALL_REQUESTS + 1;
	CHECK(decode(&seen, &call) == -EBADMSG);
	call = call_of();
	call.function = FUNCTIONS_MAX;
	CHECK(decode(&seen, &call) == -EBADMSG);
	call = call_of();
	memset(call.texts, 'x', sizeof(call.texts)); /* no end anywhere */
	CHECK(!decode(&seen, &call));
	buf__free(&seen.text);
}

int main(void)
{
	RUN(calls);
	return test_status();
}
