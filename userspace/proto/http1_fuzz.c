// SPDX-License-Identifier: Apache-2.0
/*
 * Any conversation, fed once as it is cut and once byte by byte: nothing crashes, both say the
 * same, and every call that began ends or is discarded, once.
 *
 * Input: { op, length (two bytes, little endian), bytes if op is of bytes } ...
 * With -DFUZZ_MAIN an ordinary program: http1_fuzz FILE..., or the input on stdin.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "proto/proto.h"

/* op: kind in bits 0 and 1, the server's side in bit 2, FEED_TURN in bit 3. */
enum { OP_BYTES, OP_GAP, OP_LOST };

struct fuzz {
	struct call_sink sink;
	const struct proto *proto;
	void *state;
	struct buf left[2];
	u64 ts;
	u64 digest; /* of all that was said */
	u32 open;
	bool gone;
};

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

/* FNV-1a. */
static void digest(struct fuzz *fuzz, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fuzz->digest = (fuzz->digest ^ ((const u8 *)bytes)[i]) * 0x100000001b3ULL;
}

static void digest_str(struct fuzz *fuzz, struct str s)
{
	digest(fuzz, &s.len, sizeof(s.len));
	digest(fuzz, s.p, s.len);
}

static void digest_call(struct fuzz *fuzz, const struct http_call *call, char what)
{
	u64 facts[] = {what,
		       fuzz->ts,
		       call->status,
		       call->start_ns,
		       call->end_ns,
		       call->request_size,
		       call->response_size,
		       call->marks,
		       call->error != NULL};

	digest(fuzz, facts, sizeof(facts));
	digest_str(fuzz, call->request_head);
	digest_str(fuzz, call->method);
	digest_str(fuzz, call->target);
	digest_str(fuzz, call->version);
	digest_str(fuzz, call->host);
	digest_str(fuzz, call->user_agent);
	digest_str(fuzz, call->traceparent);
	digest_str(fuzz, call->tracestate);
	digest_str(fuzz, call->response_head);
}

static void on_begin(struct call_sink *sink, struct http_call *call)
{
	struct fuzz *fuzz = container_of(sink, struct fuzz, sink);

	fuzz->open++;
	assert(call->method.len && call->target.len && call->start_ns <= fuzz->ts);
	digest_call(fuzz, call, 'b');
}

static void on_end(struct call_sink *sink, struct http_call *owned)
{
	struct fuzz *fuzz = container_of(sink, struct fuzz, sink);

	assert(fuzz->open--);
	assert(owned->end_ns >= owned->start_ns && owned->end_ns <= fuzz->ts);
	assert(owned->request_size >= owned->request_head.len);
	assert(owned->error || owned->status || owned->marks & HTTP_HOLE);
	digest_call(fuzz, owned, 'e');
	http_call__free(owned);
}

static void on_discard(struct call_sink *sink, struct http_call *owned, enum discard why)
{
	struct fuzz *fuzz = container_of(sink, struct fuzz, sink);

	assert(fuzz->open--);
	/* Up to which byte it was counted does depend on the cut, and nobody is told. */
	digest(fuzz, &why, sizeof(why));
	digest_str(fuzz, owned->request_head);
	http_call__free(owned);
}

static void feed(struct fuzz *fuzz, enum side from, struct str more, u32 flags)
{
	struct buf *left = &fuzz->left[from];
	ssize_t n;

	assert(!buf__str(left, more));
	if (fuzz->gone || !left->len)
		return;
	n = fuzz->proto->feed(fuzz->state, from, buf__view(left), fuzz->ts, flags);
	fuzz->gone = n < 0;
	assert(n <= (ssize_t)left->len);
	assert(n < 0 || !(flags & FEED_GAP_FOLLOWS) || n == (ssize_t)left->len);
	if (n > 0)
		buf__consume(left, n);
}

static void feed_pieces(struct fuzz *fuzz, u8 op, struct str text, bool each)
{
	size_t step = each ? 1 : text.len;
	u32 flags = op & 8 ? FEED_TURN : 0;

	for (size_t at = 0; at < text.len; at += step, flags = 0)
		feed(fuzz, op >> 2 & 1, str_sub(text, at, step), flags);
}

static void gap(struct fuzz *fuzz, u8 op, u64 n)
{
	enum side from = op >> 2 & 1;

	feed(fuzz, from, STR_NONE, FEED_GAP_FOLLOWS);
	if (!fuzz->gone)
		fuzz->gone = fuzz->proto->gap(fuzz->state, from, n, fuzz->ts, (op & 3) == OP_LOST);
}

static u64 run(struct str in, bool each)
{
	struct peer peer = {0};
	enum match match;
	struct fuzz fuzz = {
		.sink = {on_begin, on_end, on_discard},
		.proto = proto_match(STR("GET / HTTP/1.1\r\n"), false, &match),
	};

	assert(!fuzz.proto->open(&fuzz.state, &peer, &fuzz.sink));
	while (in.len >= 3 && !fuzz.gone) {
		u8 op = in.p[0];
		size_t n = (u8)in.p[1] | (u8)in.p[2] << 8;
		struct str text = str_sub(in, 3, n);

		fuzz.ts++;
		if ((op & 3) == OP_GAP || (op & 3) == OP_LOST) {
			gap(&fuzz, op, n);
			text.len = 0;
		} else {
			feed_pieces(&fuzz, op, text, each);
		}
		assert(fuzz.proto->open_cnt(fuzz.state) == fuzz.open);
		assert(!fuzz.gone || !fuzz.open);
		in = str_sub(in, 3 + text.len, in.len);
	}
	fuzz.ts++;
	feed(&fuzz, SIDE_CLIENT, STR_NONE, FEED_GAP_FOLLOWS);
	feed(&fuzz, SIDE_SERVER, STR_NONE, FEED_GAP_FOLLOWS);
	fuzz.proto->close(fuzz.state, fuzz.ts, in.len & 1 ? "ECONNRESET" : NULL);
	assert(!fuzz.open);
	buf__free(&fuzz.left[SIDE_CLIENT]);
	buf__free(&fuzz.left[SIDE_SERVER]);
	return fuzz.digest;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct str in = {(const char *)data, len};

	if (run(in, false) != run(in, true))
		abort();
	return 0;
}

#ifdef FUZZ_MAIN
static int run_file(FILE *file)
{
	struct buf input = {0};
	char bytes[4096];
	size_t n;

	while ((n = fread(bytes, 1, sizeof(bytes), file)))
		buf__append(&input, bytes, n);
	LLVMFuzzerTestOneInput((const u8 *)input.p, input.len);
	buf__free(&input);
	return 0;
}

int main(int argc, char **argv)
{
	int err = argc > 1 ? 0 : run_file(stdin);

	for (int i = 1; i < argc && !err; i++) {
		FILE *file = fopen(argv[i], "r");

		err = file ? run_file(file) : 1;
		if (file)
			fclose(file);
	}
	return err;
}
#endif
