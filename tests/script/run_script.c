// SPDX-License-Identifier: Apache-2.0
/*
 * Runs conversations (script.h) through the HTTP/1 parser: a script is NAME.txt, what the parser
 *says of it must be its golden, NAME.out.
 *
 * Time is the line number in milliseconds. Every script runs as written, with each text cut in two
 * at every position, and byte by byte: the output must not change.
 *
 *	run_script [--update] NAME.txt...	--update writes the goldens anew
 *	run_script --corpus DIR NAME.txt...	writes them as inputs of http1_fuzz
 */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "proto/proto.h"
#include "script.h"

/* Where one text is cut: op `op` after `at` bytes; every text into single bytes if `each`. */
struct cut {
	u32 op;
	size_t at;
	bool each;
};

/* One run of a script. */
struct run {
	struct call_sink sink;
	const struct proto *proto;
	void *state;
	struct buf left[2]; /* by side: what the parser did not consume yet */
	struct buf *out;
	u32 line;
	bool gone; /* the parser gave up */
};

/* -- output -- */

static void print_str(struct buf *out, const char *name, struct str s)
{
	buf__printf(out, " %s=", name);
	if (!s.p)
		buf__char(out, '-');
	for (size_t i = 0; i < s.len; i++) {
		u8 c = s.p[i];

		if (c <= ' ' || c >= 0x7f || c == '\\')
			buf__printf(out, "\\x%02x", c);
		else
			buf__char(out, c);
	}
}

static void on_begin(struct call_sink *sink, struct http_call *call)
{
	struct run *run = container_of(sink, struct run, sink);
	struct buf *out = run->out;

	buf__printf(out, "%u begin", run->line);
	print_str(out, "method", call->method);
	print_str(out, "target", call->target);
	print_str(out, "version", call->version);
	print_str(out, "host", call->host);
	if (call->user_agent.p)
		print_str(out, "user_agent", call->user_agent);
	if (call->traceparent.p)
		print_str(out, "traceparent", call->traceparent);
	if (call->tracestate.p)
		print_str(out, "tracestate", call->tracestate);
	if (call->marks & HTTP_REQUEST_TRUNCATED)
		buf__str(out, STR(" truncated"));
	buf__printf(out, " head=%zu start=%llu\n", call->request_head.len,
		    (unsigned long long)(call->start_ns / NSEC_PER_MSEC));
}

/* Said of what has a body, or one of unknown size. */
static void print_body(struct buf *out, const char *name, s64 size)
{
	if (size > 0)
		buf__printf(out, " %s=%lld", name, (long long)size);
	else if (size < 0)
		buf__printf(out, " %s=?", name);
}

static void on_end(struct call_sink *sink, struct http_call *owned)
{
	struct run *run = container_of(sink, struct run, sink);
	struct buf *out = run->out;

	buf__printf(out, "%u end", run->line);
	print_str(out, "target", owned->target);
	buf__printf(out, " status=%u request=%llu response=%llu head=%zu start=%llu end=%llu",
		    owned->status, (unsigned long long)owned->request_size,
		    (unsigned long long)owned->response_size, owned->response_head.len,
		    (unsigned long long)(owned->start_ns / NSEC_PER_MSEC),
		    (unsigned long long)(owned->end_ns / NSEC_PER_MSEC));
	print_body(out, "request_body", owned->request_body);
	print_body(out, "response_body", owned->response_body);
	if (owned->error)
		buf__printf(out, " error=%s", owned->error);
	if (owned->marks) {
		buf__str(out, STR(" marks="));
		http_print_marks(out, owned->marks, ',');
	}
	buf__char(out, '\n');
	http_call__free(owned);
}

static void on_discard(struct call_sink *sink, struct http_call *owned, enum discard why)
{
	struct run *run = container_of(sink, struct run, sink);

	buf__printf(run->out, "%u discard", run->line);
	print_str(run->out, "target", owned->target);
	buf__printf(run->out, " %s\n", why == DISCARD_CLOSING ? "closing" : "unsynchronised");
	http_call__free(owned);
}

/* -- running -- */

static void give_up(struct run *run)
{
	buf__printf(run->out, "%u gave up, %u open\n", run->line, run->proto->open_cnt(run->state));
	run->gone = true;
}

/* Gives the parser what is left and more, and keeps what it leaves. */
static void feed(struct run *run, enum side from, struct str more, u32 flags)
{
	struct buf *left = &run->left[from];
	ssize_t n;

	if (run->gone)
		return;
	buf__str(left, more);
	if (!left->len)
		return;
	n = run->proto->feed(run->state, from, buf__view(left), run->line * NSEC_PER_MSEC, flags);
	if (n < 0) {
		give_up(run);
		return;
	}
	if (n > (ssize_t)left->len || (flags & FEED_GAP_FOLLOWS && n != (ssize_t)left->len))
		buf__printf(run->out, "%u BAD LENGTH %zd of %zu\n", run->line, n, left->len);
	buf__consume(left, n);
}

static void gap(struct run *run, const struct op *op)
{
	feed(run, op->from, STR_NONE, FEED_GAP_FOLLOWS);
	if (!run->gone && run->proto->gap(run->state, op->from, op->n, run->line * NSEC_PER_MSEC,
					  op->kind == OP_LOST))
		give_up(run);
}

static void close_conn(struct run *run, const char *why)
{
	if (!run->state)
		return;
	feed(run, SIDE_CLIENT, STR_NONE, FEED_GAP_FOLLOWS);
	feed(run, SIDE_SERVER, STR_NONE, FEED_GAP_FOLLOWS);
	if (run->proto->tunnel(run->state))
		buf__printf(run->out, "%u tunnel\n", run->line);
	run->proto->close(run->state, run->line * NSEC_PER_MSEC, why);
	run->state = NULL;
}

/* A prefix must not say no, or another name, before the whole text says yes. */
static void match(struct run *run, const struct op *op)
{
	static const char *const words[] = {"no", "maybe", "yes"};
	struct str text = {op->text, op->len};
	const struct proto *proto = NULL;
	enum match last = MATCH_MAYBE;

	for (size_t len = 0; len <= text.len; len++) {
		enum match now;
		const struct proto *found = proto_match(str_sub(text, 0, len), false, &now);

		if (last != MATCH_MAYBE && (now != last || found != proto))
			buf__printf(run->out, "%u MATCH CHANGED at %zu\n", run->line, len);
		last = now;
		proto = found;
	}
	buf__printf(run->out, "%u match %s %s\n", run->line, words[last],
		    proto ? proto->name : "-");
}

static void run_bytes(struct run *run, const struct op *op, u32 index, const struct cut *cut)
{
	size_t step = cut->each ? 1 : cut->op == index && cut->at ? cut->at : op->len;
	struct str text = {op->text, op->len};
	u32 flags = op->turn ? FEED_TURN : 0;

	for (size_t at = 0; at < text.len; at += step, flags = 0) {
		if (!cut->each && at)
			step = text.len - at;
		feed(run, op->from, str_sub(text, at, step), flags);
	}
}

static void run_op(struct run *run, const struct op *op, u32 index, const struct cut *cut)
{
	run->line = op->line;
	switch (op->kind) {
	case OP_BYTES:
		run_bytes(run, op, index, cut);
		break;
	case OP_GAP:
	case OP_LOST:
		gap(run, op);
		break;
	case OP_MATCH:
		match(run, op);
		break;
	case OP_CLOSE:
		close_conn(run, op->text);
		break;
	}
}

static int run_script(const struct script *script, const struct cut *cut, struct buf *out)
{
	struct peer peer = {0};
	enum match match;
	struct run run = {
		.sink = {on_begin, on_end, on_discard},
		.proto = proto_match(STR("GET / HTTP/1.1\r\n"), false, &match),
		.out = out,
	};

	if (!run.proto || run.proto->open(&run.state, &peer, &run.sink))
		return -ENOMEM;
	for (u32 i = 0; i < script->cnt && run.state; i++)
		run_op(&run, &script->ops[i], i, cut);
	if (run.state)
		buf__printf(out, "%u open at the end\n", run.proto->open_cnt(run.state));
	close_conn(&run, NULL);
	buf__free(&run.left[SIDE_CLIENT]);
	buf__free(&run.left[SIDE_SERVER]);
	return out->failed ? -ENOMEM : 0;
}

/* True if the script's output does not depend on this cut. */
static bool same(const struct script *script, const struct cut *cut, struct str want)
{
	struct buf out = {0};
	bool ok = !run_script(script, cut, &out) && str_eq(buf__view(&out), want);

	if (!ok)
		fprintf(stderr, "want:\n%.*sgot:\n%.*s", STR_ARG(want), STR_ARG(buf__view(&out)));
	buf__free(&out);
	return ok;
}

/* False, and where in why, if a cut changes the output. */
static bool cuts_agree(const struct script *script, struct str want, char *why, size_t why_sz)
{
	snprintf(why, why_sz, "byte by byte differs");
	if (!same(script, &(struct cut){.op = script->cnt, .each = true}, want))
		return false;
	for (u32 i = 0; i < script->cnt; i++) {
		const struct op *op = &script->ops[i];

		for (size_t at = 1; op->kind == OP_BYTES && at < op->len; at++) {
			snprintf(why, why_sz, "line %u cut after %zu bytes differs", op->line, at);
			if (!same(script, &(struct cut){.op = i, .at = at}, want))
				return false;
		}
	}
	return true;
}

/* -- goldens -- */

static int read_file(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "r");
	char bytes[4096];
	size_t n;

	if (!file)
		return -errno;
	while ((n = fread(bytes, 1, sizeof(bytes), file)))
		buf__append(out, bytes, n);
	fclose(file);
	return out->failed ? -ENOMEM : 0;
}

static int write_file(const char *path, struct str text)
{
	FILE *file = fopen(path, "w");
	bool ok;

	if (!file)
		return -errno;
	ok = !text.len || fwrite(text.p, 1, text.len, file) == text.len;
	return fclose(file) || !ok ? -EIO : 0;
}

/* DIR/NAME.ext of path's NAME; beside path if dir is NULL. */
static void sibling(char out[512], const char *path, const char *dir, const char *ext)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int stem = strcspn(name, ".");

	if (dir)
		snprintf(out, 512, "%s/%.*s%s", dir, stem, name, ext);
	else
		snprintf(out, 512, "%.*s%.*s%s", (int)(name - path), path, stem, name, ext);
}

static bool check(const char *path, const struct script *script, struct str got)
{
	char golden[512], name[512], why[128] = "output is not the golden file's";
	struct buf want = {0};
	bool ok;

	sibling(golden, path, NULL, ".out");
	sibling(name, path, "script", "");
	ok = !read_file(golden, &want) && str_eq(buf__view(&want), got);
	if (!ok)
		fprintf(stderr, "want:\n%.*sgot:\n%.*s", STR_ARG(buf__view(&want)), STR_ARG(got));
	ok = ok && cuts_agree(script, got, why, sizeof(why));
	if (ok)
		printf("ok %s\n", name);
	else
		printf("FAIL %s: %s\n", name, why);
	buf__free(&want);
	return ok;
}

/* As http1_fuzz.c reads it: op, length (two bytes, little endian), bytes if it has any. */
static int write_corpus(const char *path, const char *dir, const struct script *script)
{
	struct buf out = {0};
	char seed[512];
	int err;

	for (u32 i = 0; i < script->cnt; i++) {
		const struct op *op = &script->ops[i];
		u64 n = op->kind == OP_BYTES ? op->len : op->n;

		if (op->kind > OP_LOST)
			continue;
		buf__char(&out, op->kind | op->from << 2 | op->turn << 3);
		buf__char(&out, n & 0xff);
		buf__char(&out, n >> 8 & 0xff);
		buf__append(&out, op->text, op->kind == OP_BYTES ? op->len : 0);
	}
	sibling(seed, path, dir, "");
	err = out.failed ? -ENOMEM : write_file(seed, buf__view(&out));
	buf__free(&out);
	return err;
}

static bool run_path(const char *path, bool update, const char *corpus)
{
	struct script *script = NULL;
	struct buf out = {0};
	char golden[512];
	bool ok;

	if (script__new(&script, path)) {
		printf("FAIL %s: cannot be read\n", path);
		return false;
	}
	sibling(golden, path, NULL, ".out");
	if (corpus)
		ok = !write_corpus(path, corpus, script);
	else if (run_script(script, &(struct cut){.op = script->cnt}, &out))
		ok = false;
	else if (update)
		ok = !write_file(golden, buf__view(&out));
	else
		ok = check(path, script, buf__view(&out));
	buf__free(&out);
	script__free(script);
	return ok;
}

int main(int argc, char **argv)
{
	bool update = argc > 1 && !strcmp(argv[1], "--update");
	const char *corpus = argc > 2 && !strcmp(argv[1], "--corpus") ? argv[2] : NULL;
	int failed = 0;

	for (int i = 1 + update + 2 * !!corpus; i < argc; i++)
		failed |= !run_path(argv[i], update, corpus);
	return failed;
}
