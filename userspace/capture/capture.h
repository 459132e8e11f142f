// SPDX-License-Identifier: Apache-2.0
/*
 * From the kernel to typed events, live or from a recording. Only this folder knows the BPF
 *skeleton and bpf/event.h; what leaves it has been checked once: lengths, types, and times in unix
 *ns.
 *
 *	kernel -> ring -> live --+--> decode -> struct capture_ops (conn/, proc/)
 *	              recording <-+--< replay
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "base/buf.h"
#include "model/function.h"
#include "model/peer.h"

/* A connection is seen for the first time. From its process's point of view: local and remote. */
struct capture_open {
	u64 conn, ts;
	u32 tgid;
	enum family family;
	struct endpoint local, remote;
	char path[108]; /* unix: "" or NUL-terminated, '@' for the leading NUL of an abstract name
			 */
};

struct capture_data {
	u64 conn, ts;
	u32 tgid, tid;
	bool out;	    /* sent by the process, else read by it */
	bool turn;	    /* read: the first since the process sent something */
	bool confirmed;	    /* sent: len bytes did move; else wanted */
	u64 rx_off, tx_off; /* see struct ev_data in bpf/event.h */
	u64 moved_ts;	    /* unix ns, 0 if nothing moved */
	u32 len;
	struct str head,
		tail; /* the first and the last bytes that were captured; they do not overlap */
};

struct capture_state {
	u64 conn, ts;
	bool closed;
	u64 rx_off, tx_off, moved_ts;
	u64 tail_end; /* 0, or the offset after tail, the last bytes of a send told by nothing else
		       */
	struct str tail;
	int err; /* errno of the socket, positive, or 0 */
};

enum capture_process_kind {
	CAPTURE_FORK,
	CAPTURE_EXEC,
	CAPTURE_EXIT,
	CAPTURE_MAPPED, /* libraries, or no longer */
};

struct capture_process {
	enum capture_process_kind kind;
	u64 ts;
	u32 tgid, parent;
};

/* Whose a record is, for who decides about it before it is decoded. */
enum capture_source_kind {
	SOURCE_CONN,	  /* of a connection, which any process may hold */
	SOURCE_DATA,	  /* bytes that tgid read or sent */
	SOURCE_FORK,	  /* tgid is new, a child of parent */
	SOURCE_EXEC,	  /* of a traced process; behind the SOURCE_CANDIDATE of the same exec */
	SOURCE_EXIT,	  /* of a traced process */
	SOURCE_CANDIDATE, /* a rule may want tgid, or want it no longer; no event for capture_ops */
};

struct capture_source {
	enum capture_source_kind kind;
	u64 ts; /* unix ns */
	u32 tgid, parent;
	/* of a candidate, when that was told: */
	u32 asked;     /* live__asked() then */
	u16 port;      /* that it begins to listen on, 0: none */
	char comm[16]; /* "": not known */
	char exe[256]; /* as exec was given it; "": not known */
};

/* Everything is borrowed for the call. */
struct capture_ops {
	void (*open)(void *owner, const struct capture_open *event);
	void (*data)(void *owner, const struct capture_data *event);
	void (*state)(void *owner, const struct capture_state *event);
	void (*process)(void *owner, const struct capture_process *event);
	void (*call)(void *owner, const struct function_call *call);
	void (*python)(void *owner, const struct python_code *code);
	void (*python_place)(void *owner, const struct python_place_asked *place);
	void (*count)(void *owner, const struct function_call *call,
		      const struct python_count *count);
};

/* Counters of the kernel side since it was loaded, summed over CPUs. */
struct capture_counts {
	u64 lost_records; /* the ring buffer was full */
	u64 lost_begins;  /* requests lost with them */
	u64 faults;	  /* user memory that could not be read */
	u64 no_storage;	  /* connections there was no memory for */
	u64 io_uring;	  /* reads whose bytes were not taken */
	u64 missed;	  /* program runs that the kernel skipped */
	u64 lost_calls;	  /* of functions */
	u64 stray_calls;  /* on other stacks than those they were made from */
	u64 left_calls;	  /* that never returned */
};

/* 0, or -EBADMSG if the record's first event does not decode. */
int decode_source(struct str record, s64 clock_offset, struct capture_source *out);
/*
 * One ring buffer record: one or more events. clock_offset is unix ns minus CLOCK_MONOTONIC. 0, or
 * -EBADMSG at the first event that does not decode; those before it were delivered.
 */
int decode_record(struct str record, s64 clock_offset, const struct capture_ops *ops, void *owner);

#endif
