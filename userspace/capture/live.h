// SPDX-License-Identifier: Apache-2.0
/* struct live: the programs in the kernel, their ring buffer, and the processes they trace. */
#ifndef LIVE_H
#define LIVE_H

#include "capture/capture.h"
#include "capture/probes.h"
#include "model/usdt.h"

struct live;
struct python_probes;
struct python_sites;

/* Whom the kernel side calls a candidate (CAPTURE_CANDIDATE) and traces until live__untrace(). */
struct live_watch {
	bool strangers; /* processes that are not traced, too, not only those that are */
	bool execs;	/* ... when they become another program */
	bool listens;	/* ... begin to listen on TCP */
	bool renames;	/* ... change their name */
	bool cgroups;	/* ... move to another control group */
};

struct live_options {
	const char *hooks; /* name of a hook set, NULL or "auto": choose by trying */
	u64 ring_size;	   /* bytes, a power of two */
	u32 capture_head;  /* bytes of a request's reads that are copied */
	struct live_watch watch;
	struct probes_options probes; /* those that live__probe() will be called for */
};

/* False: enough for now, the next records are for another time. */
typedef bool (*live_record_fn)(void *owner, struct str record);

/*
 * Loads and attaches; nothing is traced yet. Complains itself. 0 or negative errno. on_record gets
 * every record of the ring (borrowed for the call) from live__consume().
 */
int live__new(struct live **out, const struct live_options *options, live_record_fn on_record,
	      void *owner);
void live__free(struct live *live);
const char *live__hooks(const struct live *live);

/* From now on all threads and children of tgid are traced. -ERANGE: not a process id. */
int live__trace(struct live *live, u32 tgid);
/* Grows with each candidate of this tgid (and of few others). */
u32 live__asked(const struct live *live, u32 tgid);
/*
 * The process is traced no longer, unless the kernel has called it a candidate again since
 * live__asked() said `asked`: then that is to be decided first.
 */
void live__untrace(struct live *live, u32 tgid, u32 asked);
/*
 * From now on unix sockets are traced, too. Not from the start, for the hook taxes every send on
 * TCP: call it when a traced process listens on one, or when the first is seen (capture_open). 0 or
 * negative errno.
 */
int live__trace_unix(struct live *live);
bool live__traces_unix(const struct live *live);
/* What is taken of the calls of a function, by its number. 0, or -ENOSPC: numbers end before. */
int live__describe(struct live *live, u32 number, const struct function *function);
/* What a USDT site means, by its number, which is its cookie; likewise. */
int live__describe_usdt(struct live *live, u32 number, const struct usdt_site *site);
/* Functions of a process; as probes__new(). Freed by probes__free(). */
int live__probe(struct live *live, struct probes **out, const struct probes_target *target);
int live__probe_usdt(struct live *live, struct probes **out, const struct probes_target *target);
/* Its dynamic loader; as probes__watch(). */
int live__watch(struct live *live, struct probes **out, const struct probes_target *target);
/* As python_probes__new(). */
int live__probe_python(struct live *live, struct python_probes **out,
		       const struct python_sites *sites);
/* Is the Python code, that was told of with this id and number, asked for? */
void live__judge(struct live *live, const struct python_code *code, bool wanted);
/* Nobody is traced any more; events that happened may still be in the ring. */
void live__stop(struct live *live);

/* Readable when the ring is filling fast; else nothing wakes us: call live__consume() at every
 * tick. */
int live__fd(const struct live *live);
/* Hands the records now in the ring to on_record. False: it had enough before the last of them. */
bool live__consume(struct live *live);
/* True if most of the ring is full. */
bool live__fills(const struct live *live);
/* Has the kernel tell of held requests and unconfirmed ends; consume afterwards. False: nothing to
 * tell. */
bool live__sweep(struct live *live, bool force);

/* No more events of this connection, please. */
void live__mute(struct live *live, u64 conn);
/* A head of an answer was longer than what was copied of its send: copy twice as much from now on.
 */
void live__want_response_head(struct live *live);
/* Whom the next sweeps tell of even without news, so that those not told of are known to be gone.
 */
enum live_presence { LIVE_NEWS_ONLY, LIVE_UNIX, LIVE_ALL };
void live__want_presence(struct live *live, enum live_presence presence);
void live__counts(struct live *live, struct capture_counts *counts);

#endif
