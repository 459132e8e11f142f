/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only thing that kernel side and user space share: what a ring buffer record looks like.
 *
 * A record is one event or several, each 8-byte aligned and beginning with struct event. The fast
 *path is such a record of two: a request that was held in the socket's storage and the answer that
 *followed.
 *
 *	| event DATA in | bytes | pad | event DATA out | bytes |
 *
 * Offsets count the bytes of each direction of a connection since it was established (or, for unix
 * sockets, since we first saw it). Every event tells both, so whatever was lost shows as a hole.
 * Times are CLOCK_MONOTONIC ns. A change here bumps EVENT_VERSION; values are never reused.
 */
#ifndef EVENT_H
#define EVENT_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define EVENT_VERSION 1

enum event_type {
	EV_OPEN = 1,	  /* struct ev_open: a connection is seen for the first time */
	EV_IN = 2,	  /* struct ev_data: bytes read by the process */
	EV_OUT = 3,	  /* struct ev_data: bytes the process wants sent */
	EV_STATE = 4,	  /* struct ev_state: how far a connection is, from the sweep */
	EV_CLOSE = 5,	  /* struct ev_state: the process closed it, or shut down sending */
	EV_FORK = 6,	  /* struct ev_process: tgid is new, a child of parent */
	EV_EXEC = 7,	  /* struct ev_process */
	EV_EXIT = 8,	  /* struct ev_process: its last thread is gone */
	EV_CANDIDATE = 9, /* struct ev_candidate: traced from now on, until user space has decided
			   */
	EV_MAPPED = 10,	  /* struct ev_process: its loader has mapped or unmapped libraries */
	EV_CALL = 16,	  /* struct ev_call: a function returned */
	EV_PYTHON = 17,	  /* struct ev_python: Python code is called that may be asked for */
	EV_PYTHON_PLACE = 18, /* struct ev_python_place: a call of such code is not followed */
	EV_COUNT = 19, /* struct ev_count: a Python application adds to a counter of its own */
};

enum event_flag {
	EVENT_TURN = 1 << 0,	  /* IN: the first read since the process sent something */
	EVENT_CONFIRMED = 1 << 1, /* OUT: len bytes did move; else they are only wanted */
	EVENT_IO_URING = 1 << 2,  /* IN: bytes not taken, io_uring read them */
	EVENT_FAULT = 1 << 3,	  /* some bytes were not readable */
	EVENT_PYTHON = 1 << 4,	  /* CALL: of Python code, its number is one of EV_PYTHON's */
	EVENT_NAMED = 1 << 5,	  /* CALL: a span that a Python application makes; texts hold its
				     name as struct python_text has it */
	EVENT_MOMENT = 1 << 6,	  /* CALL: only its beginning, or its end, is known */
};

struct event {
	__u16 type;  /* enum event_type */
	__u16 flags; /* enum event_flag */
	__u32 size;  /* of the whole event with its bytes, without padding */
	__u64 ts;
	__u64 conn; /* socket cookie; 0 for process events */
	__u32 tgid; /* the process and thread it happened in; of EV_STATE the sweeper's, without
		       meaning */
	__u32 tid;
};

enum event_family { EVENT_UNIX = 1, EVENT_INET = 2, EVENT_INET6 = 10 }; /* as AF_* on Linux */

struct ev_open {
	struct event hdr;
	__u16 family;		       /* enum event_family */
	__u16 local_port, remote_port; /* host order */
	__u16 path_len;		       /* unix: bytes of path that follow */
	__u8 local[16], remote[16];    /* network order; IPv4 in the first 4 */
	char path[];		       /* unix: the local name; begins with NUL if abstract */
};

struct ev_data {
	struct event hdr;
	__u64 rx_off;	/* IN: offset of its first byte. OUT: bytes read so far */
	__u64 tx_off;	/* OUT: offset of its first byte. IN: bytes sent so far */
	__u64 moved_ts; /* when the last of the tx_off bytes was handed over; 0 if none was */
	__u32 len;	/* bytes moved or wanted */
	__u32 cap;	/* the first cap of them follow */
	__u32 tail;	/* after those, the last tail of them; 0 if cap == len */
	__u32 pad;
	__u8 bytes[];
};

#define EVENT_TAIL 16

struct ev_state {
	struct event hdr;
	__u64 rx_off, tx_off;
	__u64 moved_ts; /* as in struct ev_data */
	__u64 tail_end; /* the offset after the last send whose record was thinned out; 0 if none */
	__u8 tail[EVENT_TAIL]; /* its last bytes */
	__u32 err;	       /* errno of the socket, 0 if none */
	__u32 pad;
};

struct ev_process {
	struct event hdr;
	__u32 parent; /* EV_FORK */
	__u32 pad;
};

/* A rule may want this process, or want it no longer. What it was then, in case it is gone when
 * user space looks. */
struct ev_candidate {
	struct event hdr;
	__u16 port; /* that it begins to listen on; 0: it does not, or the kernel will choose */
	__u16 pad;
	__u32 asked;   /* what live__asked() says until the next candidate with this tgid */
	char comm[16]; /* "": not told */
	char exe[256]; /* as exec was given it, maybe relative; "": this is no exec */
};

/* Functions that can be asked for at once, in all processes. */
#define FUNCTIONS_MAX 1024
/* Arguments and results taken of one call, those of them that are texts, and bytes of a text. */
#define CALL_VALUES   4
#define CALL_TEXTS    2
#define CALL_TEXT_MAX 64
/* Requests that may be open in one thread for its calls to be told apart by user space. */
#define CALL_REQUESTS 4

/* What is taken of the calls of a function; written by user space. */
enum call_value_kind { CALL_NOTHING, CALL_NUMBER, CALL_TEXT };
struct function_spec {
	__u8 kinds[CALL_VALUES];   /* enum call_value_kind */
	__u8 sources[CALL_VALUES]; /* 1..5: an argument's number; 0: the result */
};

/* Of ev_call: from here on numbers are those of USDT probes. */
#define CALL_USDT (1 << 24)
/* Places of USDT probes that can be asked for at once. */
#define USDT_SITES_MAX 4096

enum call_operand_kind { OPERAND_NONE, OPERAND_VALUE, OPERAND_MEMORY };
/* An argument: value + base + index << shift, or what lies at that address. */
struct call_operand {
	__u8 kind;	  /* enum call_operand_kind */
	__u8 size;	  /* bytes of its type, 1 to 8 */
	__u8 is_signed;	  /* its type */
	__u8 base, index; /* places in struct pt_regs; others than there are stand for 0 */
	__u8 shift;
	__u8 text; /* 1.. CALL_TEXTS: it points to that text; 0: to none */
	__u8 pad;
	__s64 value;
};

enum call_site_role { SITE_EVENT, SITE_BEGIN, SITE_END };
/* What a place means; written by user space. */
struct call_site {
	__u32 function; /* ev_call.function, from CALL_USDT on */
	__u8 role;	/* enum call_site_role */
	__u8 first;	/* the values are those from this one on */
	__u8 arg_cnt;
	__u8 pad;
	struct call_operand args[CALL_VALUES];
};

struct call_request {
	__u64 conn;
	__u64 ts; /* when its first byte was read: ts of the IN event */
};

/* A call that is over, or what a USDT probe told: it ended at hdr.ts. hdr.conn is 0. */
struct ev_call {
	struct event hdr;
	__u64 id;	/* unique in its process */
	__u64 parent;	/* id of the call it was made in, 0: none that is traced */
	__u64 start;	/* ts of its entry */
	__u32 function; /* number given when it was attached */
	__u16 request_cnt;
	__u16 missing; /* a bit for each of the values that could not be had; of USDT probes */
	struct call_request requests[CALL_REQUESTS]; /* open in its thread at its entry */
	__u64 values[CALL_VALUES];		     /* of texts: their length, or -1 unreadable */
	__u8 texts[CALL_TEXTS][CALL_TEXT_MAX];	     /* in the order of the values */
};

/* A str of CPython: the first of its characters, each of width bytes. */
#define PYTHON_NAME_MAX 128
#define PYTHON_FILE_MAX 256
struct python_text {
	__u32 len; /* bytes that follow */
	__u16 width;
	__u16 cut; /* there were more */
};

/* A code object of one process. One that is freed and its place taken by another differs in line or
 * file, or is the same code. */
struct python_key {
	__u32 process; /* number that its probes were given when attached */
	__u32 line;
	__u64 code, file; /* addresses */
};

/* How calls of Python code are treated. */
enum python_verdict {
	PYTHON_OTHER = 1, /* not asked for */
	PYTHON_ASKED = 2, /* traced until user space has decided */
	PYTHON_WANTED = 3,
	PYTHON_SPAN = 4,   /* begins a span of the application's own */
	PYTHON_EXIT = 5,   /* may end one */
	PYTHON_STARTS = 6, /* begins one that is ended by hand */
};

/* Code that may be asked for is called for the first time, in hdr.tgid; or that begins spans of the
 * application's own, which has no number. */
struct ev_python {
	struct event hdr;
	struct python_key key;
	__u32 number; /* of its calls: ev_call.function */
	__u32 pad;
	struct python_text name, file;
	__u8 name_bytes[PYTHON_NAME_MAX], file_bytes[PYTHON_FILE_MAX];
};

/* What calls of Python code return to, in one process. */
struct python_place {
	__u64 address;
	__u64 process; /* number that its probes were given when attached */
};
#define PYTHON_PLACES_MAX 16 /* of a process */

/* Their ends would be seen if this place were probed, which is in hdr.tgid. */
struct ev_python_place {
	struct event hdr;
	struct python_place place;
};

/* What a Python object is: none of these, if of a class that is not exactly so. */
enum python_kind {
	PYTHON_OBJECT,
	PYTHON_INT,
	PYTHON_BOOL,
	PYTHON_FLOAT,
	PYTHON_STR,
	PYTHON_DICT,
	PYTHON_NO_VALUE
};

struct python_attr {
	struct python_text key, text; /* text: of PYTHON_STR */
	__u32 kind;		      /* enum python_kind */
	__u32 pad;
	__u64 number; /* of the others: its value, or the bits of a double */
	__u8 key_bytes[CALL_TEXT_MAX], text_bytes[CALL_TEXT_MAX];
};

/* Attributes of an addition, and bytes of its counter's texts; the name has 255 at most by
 * OpenTelemetry's rules, the unit 63. */
#define COUNT_ATTRS	      8
#define COUNT_NAME_MAX	      256
#define COUNT_UNIT_MAX	      64
#define COUNT_DESCRIPTION_MAX 256

/* counter.add(amount, attributes) of the bare OpenTelemetry API. call: where and when, as if that
 * was a call of its own. Attributes behind attr_cnt are not sent. */
struct ev_count {
	struct ev_call call;
	__u16 kind; /* of amount: PYTHON_INT or PYTHON_FLOAT */
	__u16 monotonic;
	__u32 attr_cnt;
	__u64 amount;
	struct python_text name, unit, description;
	__u8 name_bytes[COUNT_NAME_MAX], unit_bytes[COUNT_UNIT_MAX];
	__u8 description_bytes[COUNT_DESCRIPTION_MAX];
	struct python_attr attrs[COUNT_ATTRS];
};

/* Written by user space. */
struct python_known {
	__u32 number;
	__u32 verdict; /* enum python_verdict */
};

#define PYTHON_NONE 0xffffffffu
/* Where things lie in one version of CPython. */
struct python_layout {
	__u32 function_code, function_name; /* PyFunctionObject */
	__u32 code_flags, code_line, code_file, code_name;
	__u32 ascii, wide;  /* where the characters of a str begin */
	__u32 thread_frame; /* PyThreadState: the frame, or what holds it at .. */
	__u32 frame_within; /* .. this offset; PYTHON_NONE: the frame itself */
	__u32 frame_locals, frame_code, frame_back;
	/* PyGenObject, with its frame within; 0: coroutines are not followed */
	__u32 generator_code, generator_state, generator_frame;
	/* of a class: the names of its instances' attributes; 0: calls of methods are seen */
	__u32 class_keys;
};
#define PYTHON_LAYOUTS_MAX 8

/* Where a process keeps its current PyThreadState. */
struct python_process {
	__u64 place;   /* address */
	__u32 through; /* what is there points to what holds it, at offset */
	__u32 offset;
	__u32 ends;	  /* of the application's own spans are probed */
	__u32 counted_by; /* 3, 5: this argument of calls tells how many Python has; 0: none does */
};
#define PYTHON_PROCESSES_MAX 1024

/* Counters of one CPU; the kernel side only adds, user space only reads. */
struct cpu_stats {
	__u64 lost_records; /* the ring buffer was full */
	__u64 lost_begins;  /* ... and the record held the begin of a request */
	__u64 faults;	    /* user memory not readable */
	__u64 no_storage;   /* no memory for a connection's state */
	__u64 io_uring;	    /* reads whose bytes were not taken */
	__u64 lost_calls;   /* of functions: too deep, no memory, or the ring was full */
	__u64 stray_calls;  /* on a stack above that of calls which are still to return */
	__u64 left_calls;   /* that never returned */
};

enum presence {
	PRESENCE_NONE = 0,
	PRESENCE_UNIX = 1, /* unix sockets have no close hook: those not told of are gone */
	PRESENCE_ALL = 2,  /* closes may have been lost with their records */
};

/* Knobs that user space turns while programs run, and what they tell it outside the ring. */
struct control {
	__u32 mute_generation; /* grows when the map `muted` does */
	__u32 response_head; /* bytes of an answer's first send to copy; grows with what is seen */
	__u32 presence;	     /* enum presence: whom the sweep tells of even without news */
	__u32 activity;	     /* something was held or left to tell since user space cleared it */
	__u32 woken;	     /* a wakeup was sent and user space has not yet come */
	__u32 met;	     /* a process has a connection for the first time: a wakeup is due */
	__u32 unix_sends; /* the hook on sends of unix sockets is there: their reads may be told */
};

/* Longest run of bytes one event carries. */
#define EVENT_BYTES_MAX 16384

#endif
