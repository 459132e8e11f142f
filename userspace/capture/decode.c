// SPDX-License-Identifier: Apache-2.0
/* Ring buffer records into capture_ops. Every length is checked here, once. */
#include "capture/capture.h"

#include <errno.h>
#include <stddef.h>

#include "event.h"
#include "model/utf8.h"

static u64 unix_ns(u64 mono, s64 offset)
{
	return mono ? mono + (u64)offset : 0;
}

static int decode_family(u16 family, enum family *out)
{
	switch (family) {
	case EVENT_UNIX:
		*out = FAMILY_UNIX;
		return 0;
	case EVENT_INET:
		*out = FAMILY_INET;
		return 0;
	case EVENT_INET6:
		*out = FAMILY_INET6;
		return 0;
	default:
		return -EBADMSG;
	}
}

struct decoder {
	const struct capture_ops *ops;
	void *owner;
	s64 offset;
};

static int decode_open(const struct decoder *to, const struct ev_open *ev, u32 size)
{
	struct capture_open out = {
		.conn = ev->hdr.conn,
		.ts = unix_ns(ev->hdr.ts, to->offset),
		.tgid = ev->hdr.tgid,
		.local.port = ev->local_port,
		.remote.port = ev->remote_port,
	};

	if (size < sizeof(*ev) || ev->path_len > size - sizeof(*ev) ||
	    ev->path_len > sizeof(out.path) || decode_family(ev->family, &out.family))
		return -EBADMSG;
	memcpy(out.local.addr, ev->local, sizeof(out.local.addr));
	memcpy(out.remote.addr, ev->remote, sizeof(out.remote.addr));
	memcpy(out.path, ev->path, ev->path_len);
	if (ev->path_len && !out.path[0])
		out.path[0] = '@';
	out.path[sizeof(out.path) - 1] = '\0';
	to->ops->open(to->owner, &out);
	return 0;
}

static int decode_data(const struct decoder *to, const struct ev_data *ev, u32 size)
{
	struct capture_data out = {
		.conn = ev->hdr.conn,
		.ts = unix_ns(ev->hdr.ts, to->offset),
		.tgid = ev->hdr.tgid,
		.tid = ev->hdr.tid,
		.out = ev->hdr.type == EV_OUT,
		.turn = ev->hdr.flags & EVENT_TURN,
		.confirmed = ev->hdr.flags & EVENT_CONFIRMED,
	};
	u32 overlap;

	if (size < sizeof(*ev) || ev->cap > size - sizeof(*ev) ||
	    ev->tail > size - sizeof(*ev) - ev->cap || ev->cap > ev->len || ev->tail > ev->len)
		return -EBADMSG;
	out.rx_off = ev->rx_off;
	out.tx_off = ev->tx_off;
	out.moved_ts = unix_ns(ev->moved_ts, to->offset);
	out.len = ev->len;
	out.head = (struct str){(const char *)ev->bytes, ev->cap};
	out.tail = (struct str){(const char *)ev->bytes + ev->cap, ev->tail};
	/* the tail is always the last bytes, even where the head reaches into them */
	overlap = ev->cap + ev->tail > ev->len ? ev->cap + ev->tail - ev->len : 0;
	out.tail = str_sub(out.tail, overlap, ev->tail);
	to->ops->data(to->owner, &out);
	return 0;
}

static int decode_state(const struct decoder *to, const struct ev_state *ev, u32 size)
{
	struct capture_state out;

	if (size < sizeof(*ev) || ev->err > 4095 || (ev->tail_end && ev->tail_end < EVENT_TAIL))
		return -EBADMSG;
	out = (struct capture_state){
		.conn = ev->hdr.conn,
		.ts = unix_ns(ev->hdr.ts, to->offset),
		.closed = ev->hdr.type == EV_CLOSE,
		.rx_off = ev->rx_off,
		.tx_off = ev->tx_off,
		.moved_ts = unix_ns(ev->moved_ts, to->offset),
		.tail_end = ev->tail_end,
		.tail = {(const char *)ev->tail, EVENT_TAIL},
		.err = (int)ev->err,
	};
	to->ops->state(to->owner, &out);
	return 0;
}

static int decode_process(const struct decoder *to, const struct ev_process *ev, u32 size)
{
	struct capture_process out = {
		.ts = unix_ns(ev->hdr.ts, to->offset),
		.tgid = ev->hdr.tgid,
	};

	if (size < sizeof(*ev))
		return -EBADMSG;
	out.parent = ev->parent;
	out.kind = ev->hdr.type == EV_FORK     ? CAPTURE_FORK
		   : ev->hdr.type == EV_EXEC   ? CAPTURE_EXEC
		   : ev->hdr.type == EV_MAPPED ? CAPTURE_MAPPED
					       : CAPTURE_EXIT;
	to->ops->process(to->owner, &out);
	return 0;
}

/* A str of CPython as UTF-8. False: it is not what it says. */
static bool decode_python_text(const struct python_text *text, const u8 *bytes, u32 max, char *out,
			       struct str *told)
{
	size_t len = 0;

	if (text->len > max || (text->width != 1 && text->width != 2 && text->width != 4))
		return false;
	for (u32 at = 0; at + text->width <= text->len; at += text->width) {
		u32 code = 0;

		memcpy(&code, bytes + at, text->width);
		len += utf8_put(out + len, code);
	}
	*told = (struct str){out, len};
	return true;
}

/* One byte of a str becomes at most two. */
#define PYTHON_UTF8 2

static int decode_python(const struct decoder *to, const struct ev_python *ev, u32 size)
{
	char name[PYTHON_UTF8 * PYTHON_NAME_MAX], file[PYTHON_UTF8 * PYTHON_FILE_MAX];
	struct python_code out = {.tgid = ev->hdr.tgid};

	if (size < sizeof(*ev) ||
	    !decode_python_text(&ev->name, ev->name_bytes, PYTHON_NAME_MAX, name, &out.name) ||
	    !decode_python_text(&ev->file, ev->file_bytes, PYTHON_FILE_MAX, file, &out.file))
		return -EBADMSG;
	out.id = (struct str){(const char *)&ev->key, sizeof(ev->key)};
	out.number = ev->number;
	out.line = ev->key.line;
	to->ops->python(to->owner, &out);
	return 0;
}

static int decode_python_place(const struct decoder *to, const struct ev_python_place *ev, u32 size)
{
	struct python_place_asked out;

	if (size < sizeof(*ev))
		return -EBADMSG;
	out = (struct python_place_asked){
		.tgid = ev->hdr.tgid,
		.process = (u32)ev->place.process,
		.address = ev->place.address,
	};
	to->ops->python_place(to->owner, &out);
	return 0;
}

/* Where and when a call was made, of which function, with its raw values. False: it is no call. */
static bool decode_place(const struct decoder *to, const struct ev_call *ev,
			 struct function_call *out)
{
	*out = (struct function_call){
		.tgid = ev->hdr.tgid,
		.tid = ev->hdr.tid,
		.start_ns = unix_ns(ev->start, to->offset),
		.end_ns = unix_ns(ev->hdr.ts, to->offset),
		.id = ev->id,
		.parent = ev->parent,
		.function = ev->function,
		.python = ev->hdr.flags & EVENT_PYTHON,
		.moment = ev->hdr.flags & EVENT_MOMENT,
		.missing = ev->missing,
		.request_cnt = ev->request_cnt,
	};
	if (ev->request_cnt > CALL_REQUESTS)
		return false;
	for (u32 i = 0; i < ev->request_cnt; i++) {
		out->requests[i].conn = ev->requests[i].conn;
		out->requests[i].ts = unix_ns(ev->requests[i].ts, to->offset);
	}
	memcpy(out->values, ev->values, sizeof(out->values));
	return true;
}

/* Which values are texts only who asked for them knows; they lie in the order of the values. */
static int decode_call(const struct decoder *to, const struct ev_call *ev, u32 size)
{
	char name[PYTHON_UTF8 * sizeof(ev->texts)];
	struct function_call out;

	if (size < sizeof(*ev) || !decode_place(to, ev, &out) ||
	    (!out.python && ev->function >= FUNCTIONS_MAX && ev->function < CALL_USDT))
		return -EBADMSG;
	if (ev->hdr.flags & EVENT_NAMED) {
		const struct python_text text = {(u32)ev->values[0], (u16)ev->values[1], 0};

		if (!decode_python_text(&text, ev->texts[0], sizeof(ev->texts), name,
					&out.texts[0]))
			return -EBADMSG;
		to->ops->call(to->owner, &out);
		return 0;
	}
	for (u32 i = 0; i < CALL_TEXTS; i++) {
		const char *text = (const char *)ev->texts[i];

		out.texts[i] = (struct str){text, strnlen(text, CALL_TEXT_MAX)};
	}
	to->ops->call(to->owner, &out);
	return 0;
}

/* Texts of an attribute as UTF-8. */
struct attr_texts {
	char key[PYTHON_UTF8 * CALL_TEXT_MAX], text[PYTHON_UTF8 * CALL_TEXT_MAX];
};

static bool decode_attr(const struct python_attr *attr, struct attr_texts *texts, struct attr *out)
{
	if (!decode_python_text(&attr->key, attr->key_bytes, CALL_TEXT_MAX, texts->key, &out->key))
		return false;
	switch (attr->kind) {
	case PYTHON_INT:
		out->type = ATTR_INT;
		out->i = (s64)attr->number;
		return true;
	case PYTHON_BOOL:
		out->type = ATTR_BOOL;
		out->b = attr->number;
		return true;
	case PYTHON_FLOAT:
		out->type = ATTR_DOUBLE;
		memcpy(&out->d, &attr->number, sizeof(out->d));
		return true;
	case PYTHON_STR:
		out->type = ATTR_STR;
		return decode_python_text(&attr->text, attr->text_bytes, CALL_TEXT_MAX, texts->text,
					  &out->s);
	default:
		return false;
	}
}

static bool decode_amount(const struct ev_count *ev, struct python_count *out)
{
	out->whole = ev->kind == PYTHON_INT;
	memcpy(&out->amount, &ev->amount, sizeof(out->amount));
	return out->whole || ev->kind == PYTHON_FLOAT;
}

static int decode_count(const struct decoder *to, const struct ev_count *ev, u32 size)
{
	char name[PYTHON_UTF8 * COUNT_NAME_MAX], unit[PYTHON_UTF8 * COUNT_UNIT_MAX];
	char description[PYTHON_UTF8 * COUNT_DESCRIPTION_MAX];
	struct attr_texts texts[COUNT_ATTRS];
	struct python_count out = {0};
	struct function_call call;

	if (size < offsetof(struct ev_count, attrs) || ev->attr_cnt > COUNT_ATTRS ||
	    size < offsetof(struct ev_count, attrs[ev->attr_cnt]) ||
	    !decode_place(to, &ev->call, &call) || !decode_amount(ev, &out) ||
	    !decode_python_text(&ev->name, ev->name_bytes, COUNT_NAME_MAX, name, &out.name) ||
	    !decode_python_text(&ev->unit, ev->unit_bytes, COUNT_UNIT_MAX, unit, &out.unit) ||
	    !decode_python_text(&ev->description, ev->description_bytes, COUNT_DESCRIPTION_MAX,
				description, &out.description))
		return -EBADMSG;
	out.monotonic = ev->monotonic;
	for (out.attr_cnt = 0; out.attr_cnt < ev->attr_cnt; out.attr_cnt++)
		if (!decode_attr(&ev->attrs[out.attr_cnt], &texts[out.attr_cnt],
				 &out.attrs[out.attr_cnt]))
			return -EBADMSG;
	to->ops->count(to->owner, &call, &out);
	return 0;
}

static int decode_event(const struct decoder *to, const struct event *ev)
{
	switch (ev->type) {
	case EV_OPEN:
		return decode_open(to, (const struct ev_open *)ev, ev->size);
	case EV_IN:
	case EV_OUT:
		return decode_data(to, (const struct ev_data *)ev, ev->size);
	case EV_STATE:
	case EV_CLOSE:
		return decode_state(to, (const struct ev_state *)ev, ev->size);
	case EV_FORK:
	case EV_EXEC:
	case EV_EXIT:
	case EV_MAPPED:
		return decode_process(to, (const struct ev_process *)ev, ev->size);
	case EV_CALL:
		return decode_call(to, (const struct ev_call *)ev, ev->size);
	case EV_PYTHON:
		return decode_python(to, (const struct ev_python *)ev, ev->size);
	case EV_COUNT:
		return decode_count(to, (const struct ev_count *)ev, ev->size);
	case EV_PYTHON_PLACE:
		return decode_python_place(to, (const struct ev_python_place *)ev, ev->size);
	default:
		return -EBADMSG;
	}
}

static int source_of_candidate(const struct ev_candidate *ev, u32 size, struct capture_source *out)
{
	if (size < sizeof(*ev) || ev->comm[sizeof(ev->comm) - 1] || ev->exe[sizeof(ev->exe) - 1])
		return -EBADMSG;
	out->kind = SOURCE_CANDIDATE;
	out->asked = ev->asked;
	out->port = ev->port;
	memcpy(out->comm, ev->comm, sizeof(out->comm));
	memcpy(out->exe, ev->exe, sizeof(out->exe));
	return 0;
}

static int source_of(const struct event *ev, struct capture_source *out)
{
	out->tgid = ev->tgid;
	switch (ev->type) {
	case EV_IN:
	case EV_OUT:
		out->kind = SOURCE_DATA;
		return 0;
	case EV_FORK:
		if (ev->size < sizeof(struct ev_process))
			return -EBADMSG;
		out->kind = SOURCE_FORK;
		out->parent = ((const struct ev_process *)ev)->parent;
		return 0;
	case EV_EXEC:
		out->kind = SOURCE_EXEC;
		return 0;
	case EV_EXIT:
		out->kind = SOURCE_EXIT;
		return 0;
	case EV_CANDIDATE:
		return source_of_candidate((const struct ev_candidate *)ev, ev->size, out);
	default:
		out->kind = SOURCE_CONN;
		return 0;
	}
}

/* Of several events those with bytes count: who tells of a connection need not be who uses it. */
int decode_source(struct str record, s64 clock_offset, struct capture_source *out)
{
	size_t at = 0;

	*out = (struct capture_source){.kind = SOURCE_CONN};
	do {
		const struct event *ev = (const struct event *)(record.p + at);

		if (record.len - at < sizeof(*ev) || !ev->size)
			return at ? 0 : -EBADMSG;
		if (ev->size < sizeof(*ev) || ev->size > record.len - at || source_of(ev, out))
			return -EBADMSG;
		out->ts = unix_ns(ev->ts, clock_offset);
		at += (ev->size + 7u) & ~7u;
	} while (out->kind == SOURCE_CONN && at < record.len);
	return 0;
}

int decode_record(struct str record, s64 clock_offset, const struct capture_ops *ops, void *owner)
{
	const struct decoder to = {ops, owner, clock_offset};
	size_t at = 0;

	while (at < record.len) {
		const struct event *ev = (const struct event *)(record.p + at);

		/* a reserved record may be larger than its event */
		if (record.len - at < sizeof(*ev) || !ev->size)
			return at ? 0 : -EBADMSG;
		if (ev->size < sizeof(*ev) || ev->size > record.len - at || decode_event(&to, ev))
			return -EBADMSG;
		at += (ev->size + 7u) & ~7u;
	}
	return 0;
}
