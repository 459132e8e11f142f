// SPDX-License-Identifier: Apache-2.0
/* USDT probes (SystemTap's sys/sdt.h): where an argument is, and what a site is to tell. */
#ifndef USDT_H
#define USDT_H

#include "base/types.h"

enum usdt_arg_kind {
	USDT_ARG_UNKNOWN, /* floating point, a symbol, or what we do not understand */
	USDT_ARG_VALUE,	  /* value + base + index << shift */
	USDT_ARG_MEMORY,  /* what lies at that address */
};

#define USDT_NO_REGISTER 0xff

struct usdt_arg {
	u8 kind;	/* enum usdt_arg_kind */
	u8 size;	/* of its C type: 1, 2, 4 or 8 bytes */
	bool is_signed; /* its C type */
	u8 base, index; /* registers as <sys/reg.h> counts them, or USDT_NO_REGISTER */
	u8 shift;	/* of index */
	s64 value;	/* the constant, or what is added */
	bool is_float;	/* its C type */
	u8 text;	/* 1, 2: it points to the first, second text of the values; 0: to none */
};

/* Arguments that are taken of a probe, of a span's two together: as of a function's call. */
#define USDT_ARGS_MAX  4
#define USDT_TEXTS_MAX 2

enum usdt_role {
	USDT_EVENT, /* something happened */
	USDT_BEGIN, /* of a span */
	USDT_END,
};

/* A place in a program's code where a probe is. */
struct usdt_site {
	u32 function; /* number of what it tells of, see FUNCTION_USDT in model/function.h */
	u8 role;      /* enum usdt_role */
	u8 first;     /* the number of its first value */
	u8 arg_cnt;
	struct usdt_arg args[USDT_ARGS_MAX];
};

#endif
