// SPDX-License-Identifier: Apache-2.0
/*
 * A conversation, one step a line:
 *
 *	# comment                       and empty lines are left out
 *	< GET / HTTP/1.1\r\n\r\n        bytes of the client; C escapes \r \n \t \0 \\ \xHH
 *	<turn GET / HTTP/1.1\r\n\r\n    the same with FEED_TURN; the first < after > has it
 *	> HTTP/1.1 200 OK\r\n\r\n       bytes of the server
 *	<gap 100      >gap 100          bytes that were not captured
 *	<lost 100     >lost 100         bytes that were lost
 *	match \x16\x03\x01              what proto_match() says of a client that begins like this
 *	close         close ECONNRESET
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/proto.h"

enum op_kind { OP_BYTES, OP_GAP, OP_LOST, OP_MATCH, OP_CLOSE };

struct op {
	enum op_kind kind;
	enum side from;
	bool turn;
	u32 line;
	u64 n;	    /* OP_GAP, OP_LOST */
	char *text; /* owned; OP_BYTES, OP_MATCH: unescaped. OP_CLOSE: why */
	size_t len;
};

#define SCRIPT_OPS 200

struct script {
	struct op ops[SCRIPT_OPS];
	u32 cnt;
};

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? at - digits : -1;
}

/* In place; -EINVAL for an escape that is none. */
static int unescape(char *text, size_t *len)
{
	static const char names[] = "rnt\\0", values[] = "\r\n\t\\\0";
	char *to = text;

	for (const char *from = text; *from; from++) {
		const char *name;

		if (*from != '\\') {
			*to++ = *from;
			continue;
		}
		from++;
		name = *from ? strchr(names, *from) : NULL;
		if (name) {
			*to++ = values[name - names];
			continue;
		}
		if (*from != 'x' || hex(from[1]) < 0 || hex(from[2]) < 0)
			return -EINVAL;
		*to++ = hex(from[1]) << 4 | hex(from[2]);
		from += 2;
	}
	*len = to - text;
	return 0;
}

/* The text after prefix, or NULL. */
static char *after(char *line, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(line, prefix, len) ? NULL : line + len;
}

static int parse_side(struct op *op, char *line)
{
	char *rest;

	op->from = line[0] == '<' ? SIDE_CLIENT : SIDE_SERVER;
	line++;
	if ((rest = after(line, "gap ")) || (rest = after(line, "lost "))) {
		op->kind = line[0] == 'g' ? OP_GAP : OP_LOST;
		op->n = strtoull(rest, NULL, 10);
		return op->n ? 0 : -EINVAL;
	}
	rest = after(line, "turn ");
	op->turn = rest != NULL;
	if (!rest)
		rest = after(line, " ");
	if (!rest)
		return -EINVAL;
	op->kind = OP_BYTES;
	op->text = strdup(rest);
	return op->text ? unescape(op->text, &op->len) : -ENOMEM;
}

static int parse_line(struct op *op, char *line)
{
	char *rest;

	if (line[0] == '<' || line[0] == '>')
		return parse_side(op, line);
	if ((rest = after(line, "match "))) {
		op->kind = OP_MATCH;
		op->text = strdup(rest);
		return op->text ? unescape(op->text, &op->len) : -ENOMEM;
	}
	if ((rest = after(line, "close"))) {
		op->kind = OP_CLOSE;
		op->text = *rest == ' ' ? strdup(rest + 1) : NULL;
		return 0;
	}
	return -EINVAL;
}

static inline void script__free(struct script *script)
{
	for (u32 i = 0; i < script->cnt; i++)
		free(script->ops[i].text);
	free(script);
}

static int read_lines(struct script *script, FILE *file)
{
	char line[4096];

	for (u32 number = 1; fgets(line, sizeof(line), file); number++) {
		struct op *op = &script->ops[script->cnt];

		line[strcspn(line, "\n")] = '\0';
		if (!line[0] || line[0] == '#')
			continue;
		if (script->cnt == SCRIPT_OPS)
			return -E2BIG;
		script->cnt++;
		op->line = number;
		if (parse_line(op, line)) {
			fprintf(stderr, "line %u: cannot read: %s\n", number, line);
			return -EINVAL;
		}
	}
	return 0;
}

/* The server's process reads, sends, reads: a turn is the first read after something was sent. */
static void set_turns(struct script *script)
{
	bool sent = false;

	for (u32 i = 0; i < script->cnt; i++) {
		struct op *op = &script->ops[i];

		if (op->kind == OP_MATCH || op->kind == OP_CLOSE)
			continue;
		op->turn |= sent && op->from == SIDE_CLIENT;
		sent = op->from == SIDE_SERVER;
	}
}

static inline int script__new(struct script **out, const char *path)
{
	FILE *file = fopen(path, "r");
	int err;

	if (!file)
		return -errno;
	*out = calloc(1, sizeof(**out));
	err = *out ? read_lines(*out, file) : -ENOMEM;
	fclose(file);
	if (err) {
		script__free(*out);
		return err;
	}
	set_turns(*out);
	return 0;
}

#endif
