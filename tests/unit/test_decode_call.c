// SPDX-License-Identifier: Apache-2.0
/* capture/decode.c: calls of functions, and Python code that is met. */
#include "test.h"

#include <errno.h>
#include <stddef.h>
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
	if (call->python)
		buf__printf(&seen->text, " in Python");
	if (call->moment)
		buf__printf(&seen->text, ", a moment");
	buf__char(&seen->text, '\n');
}

static void on_python(void *owner, const struct python_code *code)
{
	struct seen *seen = owner;
	const struct python_key *key = (const struct python_key *)code->id.p;

	CHECK(code->id.len == sizeof(*key) && key->code == 0xc0de);
	seen->cnt++;
	buf__printf(&seen->text, "code %u of %u: \"%.*s\" in \"%.*s\", line %u\n", code->number,
		    code->tgid, STR_ARG(code->name), STR_ARG(code->file), code->line);
}

static void on_python_place(void *owner, const struct python_place_asked *place)
{
	struct seen *seen = owner;

	seen->cnt++;
	buf__printf(&seen->text, "place %llx of %u, probes %u\n",
		    (unsigned long long)place->address, place->tgid, place->process);
}

static void on_count(void *owner, const struct function_call *call,
		     const struct python_count *count)
{
	struct seen *seen = owner;

	seen->cnt++;
	buf__printf(&seen->text, "%.*s \"%.*s\" in %.*s by ", STR_ARG(count->name),
		    STR_ARG(count->description), STR_ARG(count->unit));
	if (count->whole)
		buf__printf(&seen->text, "%lld", (long long)count->amount.i);
	else
		buf__printf(&seen->text, "%g", count->amount.d);
	buf__printf(&seen->text, "%s within %llu of %u:", count->monotonic ? "" : ", or less,",
		    (unsigned long long)call->parent, call->tgid);
	for (u32 i = 0; i < count->attr_cnt; i++) {
		const struct attr *attr = &count->attrs[i];

		buf__printf(&seen->text, " %.*s=", STR_ARG(attr->key));
		if (attr->type == ATTR_STR)
			buf__printf(&seen->text, "\"%.*s\"", STR_ARG(attr->s));
		else if (attr->type == ATTR_BOOL)
			buf__printf(&seen->text, "%s", attr->b ? "true" : "false");
		else if (attr->type == ATTR_INT)
			buf__printf(&seen->text, "%lld", (long long)attr->i);
		else
			buf__printf(&seen->text, "%g", attr->d);
	}
	buf__char(&seen->text, '\n');
}

/* A copy of its own size, so that a byte read behind it is found. */
static int decode(struct seen *seen, const void *event, size_t size)
{
	static const struct capture_ops ops = {.call = on_call,
					       .python = on_python,
					       .python_place = on_python_place,
					       .count = on_count};
	char *copy = malloc(size);
	int err;

	if (!copy)
		abort();
	memcpy(copy, event, size);
	seen->cnt = 0;
	buf__reset(&seen->text);
	err = decode_record((struct str){copy, size}, OFFSET, &ops, seen);
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

	CHECK(!decode(&seen, &call, sizeof(call)) && seen.cnt == 1);
	CHECK_STR(buf__view(&seen.text),
		  "call 7 of 3 in 6 from 1000900 to 1000950 by 10/11 values 5 2 "
		  "\"ab\" request 77 at 1000800\n");
	call.request_cnt = CALL_REQUESTS + 1;
	CHECK(decode(&seen, &call, sizeof(call)) == -EBADMSG);
	call = call_of();
	call.function = FUNCTIONS_MAX;
	CHECK(decode(&seen, &call, sizeof(call)) == -EBADMSG);
	call = call_of();
	memset(call.texts, 'x', sizeof(call.texts)); /* no end anywhere */
	CHECK(!decode(&seen, &call, sizeof(call)));
	buf__free(&seen.text);
}

/* A span of the application's own: its name is a str of Python. */
static void named_calls(void)
{
	struct ev_call call = call_of();
	struct seen seen = {0};

	call.hdr.flags = EVENT_PYTHON | EVENT_NAMED;
	call.function = 0;
	call.values[0] = 8;
	call.values[1] = 4;
	memcpy(call.texts, "\xdf\0\0\0\x00\xf6\x01\0", 8); /* U+DF, U+1F600 */
	CHECK(!decode(&seen, &call, sizeof(call)) && seen.cnt == 1);
	CHECK_STR(buf__view(&seen.text),
		  "call 7 of 0 in 6 from 1000900 to 1000950 by 10/11 values 8 4 "
		  "\"\xc3\x9f\xf0\x9f\x98\x80\" request 77 at 1000800 in Python\n");
	call.hdr.flags |= EVENT_MOMENT;
	CHECK(!decode(&seen, &call, sizeof(call)) && seen.cnt == 1);
	CHECK_STR(buf__view(&seen.text),
		  "call 7 of 0 in 6 from 1000900 to 1000950 by 10/11 values 8 4 "
		  "\"\xc3\x9f\xf0\x9f\x98\x80\" request 77 at 1000800 in Python, a moment\n");
	call.values[1] = 3; /* no str is so wide */
	CHECK(decode(&seen, &call, sizeof(call)) == -EBADMSG);
	call.values[1] = 1;
	call.values[0] = sizeof(call.texts) + 1;
	CHECK(decode(&seen, &call, sizeof(call)) == -EBADMSG);
	memset(call.texts, 0xff, sizeof(call.texts)); /* two bytes each in UTF-8 */
	call.values[0] = sizeof(call.texts);
	CHECK(!decode(&seen, &call, sizeof(call)) && seen.cnt == 1);
	buf__free(&seen.text);
}

static void python_code(void)
{
	struct ev_python code = {
		.hdr = {.type = EV_PYTHON, .size = sizeof(code), .tgid = 10},
		.key = {.process = 1, .line = 33, .code = 0xc0de},
		.number = 5,
		.name = {5, 1, 0},
		.file = {8, 2, 0},
		.name_bytes = "gr\xf6\xdf"
			      "e",
		.file_bytes = "a\0.\0\x3d\xd8y\0", /* half a pair is no character */
	};
	struct seen seen = {0};

	CHECK(!decode(&seen, &code, sizeof(code)) && seen.cnt == 1);
	CHECK_STR(buf__view(&seen.text), "code 5 of 10: \"gr\xc3\xb6\xc3\x9f"
					 "e\" in "
					 "\"a.\xef\xbf\xbdy\", line 33\n");
	code.file.len = PYTHON_FILE_MAX + 1;
	CHECK(decode(&seen, &code, sizeof(code)) == -EBADMSG);
	code.file.len = 0;
	code.name.width = 0;
	CHECK(decode(&seen, &code, sizeof(code)) == -EBADMSG);
	code.name.width = 1;
	code.hdr.size = sizeof(code) - 8;
	CHECK(decode(&seen, &code, sizeof(code) - 8) == -EBADMSG);
	buf__free(&seen.text);
}

static void python_place(void)
{
	const struct ev_python_place place = {
		.hdr = {.type = EV_PYTHON_PLACE, .size = sizeof(place), .tgid = 10},
		.place = {0x56a381, 3},
	};
	struct ev_python_place cut = place;
	struct seen seen = {0};

	CHECK(!decode(&seen, &place, sizeof(place)) && seen.cnt == 1);
	CHECK_STR(buf__view(&seen.text), "place 56a381 of 10, probes 3\n");
	cut.hdr.size = sizeof(cut) - 8;
	CHECK(decode(&seen, &cut, sizeof(cut) - 8) == -EBADMSG);
	buf__free(&seen.text);
}

static struct python_attr attr_of(const char *key, u32 kind, u64 number)
{
	struct python_attr attr = {.key = {(u32)strlen(key), 1, 0}, .kind = kind, .number = number};

	memcpy(attr.key_bytes, key, strlen(key));
	return attr;
}

static u64 bits_of(double d)
{
	u64 bits;

	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static struct ev_count new_count(u32 attr_cnt)
{
	struct ev_count count = {
		.call = {.hdr = {.type = EV_COUNT, .tgid = 10}, .id = 2, .parent = 1},
		.kind = PYTHON_INT,
		.monotonic = 1,
		.attr_cnt = attr_cnt,
		.amount = 3,
		.name = {4, 1, 0},
		.name_bytes = "dice",
		.unit = {1, 1, 0},
		.unit_bytes = "s",
		.description = {2, 2, 0},
		.description_bytes = "\x13\x27",
		.attrs = {attr_of("a", PYTHON_INT, (u64)-7), attr_of("b", PYTHON_BOOL, 1),
			  attr_of("c", PYTHON_FLOAT, bits_of(1.5)), attr_of("d", PYTHON_STR, 0)},
	};

	count.attrs[3].text = (struct python_text){1, 1, 0};
	count.attrs[3].text_bytes[0] = 0xfc;
	count.call.hdr.size = (u32)offsetof(struct ev_count, attrs[attr_cnt]);
	return count;
}

static void counts(void)
{
	struct ev_count count = new_count(4);
	struct seen seen = {0};

	CHECK(!decode(&seen, &count, count.call.hdr.size) && seen.cnt == 1);
	CHECK_STR(buf__view(&seen.text), "dice \"\xe2\x9c\x93\" in s by 3 within 1 of 10: a=-7 "
					 "b=true c=1.5 d=\"\xc3\xbc\"\n");
	count = new_count(0);
	count.monotonic = 0;
	count.kind = PYTHON_FLOAT;
	count.amount = bits_of(-0.5);
	CHECK(!decode(&seen, &count, count.call.hdr.size) && seen.cnt == 1);
	CHECK_STR(buf__view(&seen.text),
		  "dice \"\xe2\x9c\x93\" in s by -0.5, or less, within 1 of 10:\n");
	buf__free(&seen.text);
}

/* Each of them spoils what is whole else. */
static void bad_counts(void)
{
	struct seen seen = {0};

	for (u32 i = 0; i < 9; i++) {
		struct ev_count count = new_count(4);

		count.kind = i == 0 ? PYTHON_STR : count.kind;
		count.attr_cnt = i == 1 ? COUNT_ATTRS + 1 : i == 2 ? 5 : count.attr_cnt;
		count.name.len = i == 3 ? COUNT_NAME_MAX + 1 : count.name.len;
		count.unit.width = i == 4 ? 3 : count.unit.width;
		count.attrs[3].kind = i == 5 ? PYTHON_DICT : count.attrs[3].kind;
		count.attrs[3].text.len = i == 6 ? CALL_TEXT_MAX + 1 : 1;
		count.attrs[0].key.len = i == 7 ? CALL_TEXT_MAX + 1 : 1;
		count.call.request_cnt = i == 8 ? CALL_REQUESTS + 1 : 0;
		CHECK(decode(&seen, &count, count.call.hdr.size) == -EBADMSG);
	}
	CHECK(!seen.cnt);
}

int main(void)
{
	RUN(counts);
	RUN(bad_counts);
	RUN(calls);
	RUN(named_calls);
	RUN(python_code);
	RUN(python_place);
	return test_status();
}
