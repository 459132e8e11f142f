// SPDX-License-Identifier: Apache-2.0
/*
 * Functions of traced processes: what is known of one (struct function), and one call of it (struct
 * function_call), from its entry to its return.
 */
#ifndef FUNCTION_H
#define FUNCTION_H

#include "model/attrs.h"

struct scope;

#define FUNCTION_VALUES_MAX   4 /* taken of one call */
#define FUNCTION_REQUESTS_MAX 4 /* that may be open in one thread */

enum function_value_kind { VALUE_NONE, VALUE_INT, VALUE_BOOL, VALUE_TEXT, VALUE_DOUBLE };

/* An argument or the result that is to be an attribute. */
struct function_value {
	enum function_value_kind kind;
	u32 bits;     /* the width of the C type: VALUE_INT 8 to 64, signed, VALUE_DOUBLE 32, 64 */
	u32 argument; /* 1..5, 0: the result; of USDT probes 0..3 */
	struct str attr; /* its name */
};

/* Numbers from here on are those of USDT probes. */
#define FUNCTION_USDT (1u << 24)

enum function_kind {
	FUNCTION_CALL,	/* each of its calls is a span */
	FUNCTION_SPAN,	/* no function, but two USDT probes, between which there is a span */
	FUNCTION_EVENT, /* a USDT probe: an event of the span it is in */
};

/* Texts are owned by whoever holds it. */
struct function {
	struct str name;
	struct str object; /* how the library was asked for; empty: the executable */
	u64 offset, size;  /* of its code in the file; size 0: not known */
	struct str file;   /* of its source; empty, and line 0, if not known */
	u32 line;
	enum function_kind kind;
	struct function_value values[FUNCTION_VALUES_MAX]; /* up to VALUE_NONE */
	bool named; /* its calls are spans of the application's own: texts[0] names each */
};

/* Python code that a request came to for the first time in its process. */
struct python_code {
	u32 tgid;
	u32 number;    /* of its calls; 0: it begins spans of the application's own */
	struct str id; /* the kernel side's, for live__judge() */
	struct str name, file;
	u32 line;
};

/* Calls of such code return to an address that nobody probes yet. */
struct python_place_asked {
	u32 tgid;
	u32 process; /* number of its probes */
	u64 address;
};

/* What calls of such code return to, and where a probe sees that they have. */
struct python_return {
	u64 address; /* in the process */
	u64 offset;  /* in the file */
	u32 freed;   /* bytes that are off the stack by then */
};

/* Where in a process probes go that see its Python code (probe/python.h). */
#define PYTHON_ENDS_MAX	 2
#define PYTHON_BACKS_MAX 8
struct python_sites {
	const char *path; /* of the interpreter's file, as it was looked at */
	u32 tgid;
	u32 minor; /* of version 3 */
	/* where its code calls Python's, runs coroutines (both 0: not known), ends generators */
	u64 calls, sends, ends[PYTHON_ENDS_MAX];
	u32 end_cnt;
	/* the USDT probe where any code returns, and its semaphore; 0: there is none, or it is not
	 * asked for */
	u64 returns, semaphore;
	/* of those calls, as far as symbols tell; more are asked for (struct python_place_asked) */
	struct python_return backs[PYTHON_BACKS_MAX];
	u32 back_cnt;
	u64 place;    /* address of the current PyThreadState's address; 0: not known */
	bool through; /* what is there points to what holds it, at offset */
	u32 offset;
	u32 counted_by; /* argument of calls that tells how many Python has: 3, 5; 0: none does */
};

/* What a Python application adds to a counter of its own. Texts are borrowed. */
#define PYTHON_COUNT_ATTRS 8
struct python_count {
	struct str name, unit, description;
	bool monotonic;
	bool whole; /* the amount is .i, else .d */
	union {
		s64 i;
		double d;
	} amount;
	struct attr attrs[PYTHON_COUNT_ATTRS];
	u32 attr_cnt;
};

/* The same, ready for the metrics (app_python_counts.c). */
struct counted;

struct function_call {
	u32 tgid, tid;
	u64 start_ns, end_ns; /* unix */
	u64 id, parent;	      /* unique in its process; parent 0: called by no traced function */
	u32 function;	      /* its number */
	bool python;	 /* ... is one of struct python_code's, 0: the application's own span */
	bool moment;	 /* only when it began, or ended, is known: it can be an event alone */
	u32 request_cnt; /* requests open in its thread when it began */
	struct {
		u64 conn, ts; /* cookie, and when the first byte was read (unix ns) */
	} requests[FUNCTION_REQUESTS_MAX];
	u64 values[FUNCTION_VALUES_MAX]; /* raw; of texts -1 if not readable */
	u32 missing;			 /* a bit for each of the values that is not there */
	struct str texts[2];	 /* of those values that are texts, in their order; borrowed */
	struct counted *counted; /* not a call, but an addition made in its place; else NULL */
};

/* Of all that is made of calls. */
const struct scope *function_scope(void);
/* Bytes of its texts. */
size_t function_call__texts_len(const struct function_call *call);
/* Its texts, which were borrowed, move to room; what does not fit is cut off. */
void function_call__move_texts(struct function_call *call, char *room, size_t size);
/*
 * The value with that index as an attribute, its key and text borrowed of the two. False: there is
 * none, or it could not be read.
 */
bool function_attr(const struct function *function, const struct function_call *call, u32 index,
		   struct attr *out);

#endif
