// SPDX-License-Identifier: Apache-2.0
/*
 * A recording holds all that makes output differ: the ring buffer's records, the counters of drops,
 * the clock offset, the seed of the ids, the facts read from /proc and the environment, and the
 *times of the daemon's ticks. Replayed through the whole daemon it yields the same bytes, without
 *root.
 *
 *	| struct recording_head | frame: u32 type, u32 len, u64 time, bytes[len] | frame | ...
 *
 * Native byte order; the head tells it. A file cut short replays up to its last whole frame.
 */
#ifndef RECORDING_H
#define RECORDING_H

#include "base/buf.h"
#include "capture/capture.h"

struct recording_head {
	char magic[8];	   /* "otelebpf" */
	u32 byte_order;	   /* 0x01020304 as written */
	u32 event_version; /* EVENT_VERSION of bpf/event.h */
	s64 clock_offset;  /* unix ns minus CLOCK_MONOTONIC */
	u64 seed;
	u32 capture_head; /* bytes of a request's reads that the kernel copied */
	u32 pad;
};

struct recorder;

/* Creates or truncates path, readable by its owner only: it holds what clients sent. */
int recorder__new(struct recorder **out, const char *path, struct recording_head *head);
void recorder__record(struct recorder *recorder, struct str record);
void recorder__counts(struct recorder *recorder, const struct capture_counts *counts);
/* The end of a tick at unix time now. swept: 0 to 3, as the caller likes; see app_on_tick(). */
void recorder__tick(struct recorder *recorder, u64 now, u32 swept);
/* What ticks come now are the last. */
void recorder__ending(struct recorder *recorder);
/* answer: p NULL if there was none. */
void recorder__fact(struct recorder *recorder, const char *key, struct str answer);
/* A process traced from now on, see process_table__add(). */
void recorder__process(struct recorder *recorder, u32 tgid, u32 parent);
/* It is traced no longer, from ts (unix ns) on. */
void recorder__left(struct recorder *recorder, u32 tgid, u64 ts);
/* Flushes and closes. 0, or the negative errno of the first write that failed: then it is not
 * whole. */
int recorder__close(struct recorder *recorder);

struct replay;

struct replay_ops {
	void (*record)(void *owner, struct str record);
	void (*counts)(void *owner, const struct capture_counts *counts);
	void (*tick)(void *owner, u64 now, u32 swept);
	void (*process)(void *owner, u32 tgid, u32 parent);
	void (*left)(void *owner, u32 tgid, u64 ts);
	void (*ending)(void *owner);
};

/* 0; -EBADMSG: not a recording, or of another version or byte order; or another negative errno. */
int replay__new(struct replay **out, const char *path, struct recording_head *head);
/* Delivers all frames in order. 0, or -EBADMSG at a frame that makes no sense. */
int replay__run(struct replay *replay, const struct replay_ops *ops, void *owner);
/* A facts_fn: owner is the replay. */
int replay_fact(void *owner, const char *key, struct buf *out);
void replay__free(struct replay *replay);

#endif
