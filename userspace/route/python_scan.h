// SPDX-License-Identifier: Apache-2.0
/*
 * Cuts Python source into tokens and these into statements; what a statement means is for others.
 *
 *	@app.route("/a",	PY_DECORATOR  @ app . route ( "/a" , methods = [ "GET" ] )
 *	           methods=["GET"])
 *	def a():		PY_DEF        def a ( )
 *	    return 1		PY_SIMPLE     return 1, its parent the def
 *
 * The source is anybody's: it need not be Python, and what is not understood is an error or ends
 * as tokens that mean nothing to anybody. A token tells where its bracket closes, so that whoever
 * reads can pass over what it does not know.
 */
#ifndef PYTHON_SCAN_H
#define PYTHON_SCAN_H

#include "model/arena.h"

/* Hand-written modules have a tenth of it; tokens take 32 bytes for each. */
#define PY_SOURCE_MAX (256u << 10)

enum py_token_kind { PY_NAME, PY_STRING, PY_TEMPLATE, PY_NUMBER, PY_OPERATOR };

struct py_token {
	enum py_token_kind kind; /* PY_TEMPLATE: a string with {} in it, or of bytes */
	u32 mate;		 /* of a bracket: the other one's index */
	struct str text;	 /* of strings with prefix and quotes */
};

enum py_statement_kind {
	PY_SIMPLE,
	PY_DECORATOR, /* without the "@" */
	PY_DEF,
	PY_CLASS,
	PY_WITH,
	PY_MAIN,   /* if __name__ == "__main__": */
	PY_BRANCH, /* all other blocks: may run once, often, or never */
};

/* Tokens from..to-1 of a source. */
struct py_span {
	u32 from, to;
};

struct py_statement {
	enum py_statement_kind kind;
	struct py_span span; /* a block's: without its colon */
	s32 parent;	     /* the block it stands in, -1: none */
	u32 line;	     /* where it begins, from 1 */
};

/* Owns its tokens, not their texts. */
struct py_source {
	struct py_token *tokens;
	struct py_statement *statements;
	u32 token_cnt, statement_cnt;
};

/* text is kept. 0, -EINVAL for what is no Python, -E2BIG, -ENOMEM; it is empty then. */
int py_source__scan(struct py_source *source, struct str text);
void py_source__free(struct py_source *source);

/* Is the token that operator or name? False past the end of the span. */
bool py_is(const struct py_source *source, struct py_span span, u32 index, const char *text);
/* The name that the span is, alone; p NULL if it is not one. */
struct str py_name(const struct py_source *source, struct py_span span);
/* "a.b.c": the same of several; p NULL. The text has no blanks, or is copied into arena. */
struct str py_dotted(const struct py_source *source, struct py_span span, struct arena *arena);
/* The value of one or more adjacent string literals, in arena; p NULL for all else. */
struct str py_string(const struct py_source *source, struct py_span span, struct arena *arena);
/* The inside of the brackets that the span is, whole: "(...)", "[...]", "{...}". */
bool py_brackets(const struct py_source *source, struct py_span span, char open,
		 struct py_span *inside);
/* "callee(arguments)", whole. */
bool py_call(const struct py_source *source, struct py_span span, struct py_span *callee,
	     struct py_span *arguments);

/* One of several, between commas. */
struct py_item {
	struct str keyword; /* p NULL: none */
	bool starred;	    /* *x or **x: stands for any number of items */
	struct py_span value;
};

/* Takes the next item off; false when there is no more. */
bool py_next_item(const struct py_source *source, struct py_span *rest, struct py_item *item);
/* Where the operator stands outside of brackets; span.to if nowhere. */
u32 py_find(const struct py_source *source, struct py_span span, const char *text);

#endif
