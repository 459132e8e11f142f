// SPDX-License-Identifier: Apache-2.0
/*
 * struct output: one writer thread with a bounded queue in front of a file descriptor. The loop
 * hands over whole records and never waits; a record is one write(2), so it never splits a line of
 * another process on the same pipe (whole up to PIPE_BUF, a longer one as far as the kernel goes).
 * The descriptor is never set O_NONBLOCK: the traced child may share it.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "base/buf.h"
#include "export/append_file.h"

struct output;

/* What became of the records so far; read with output__counts(). */
struct output_counts {
	u64 written; /* records */
	u64 full;    /* dropped: the queue was full */
	u64 broken;  /* dropped: nobody reads any more (EPIPE) or the write failed */
	u64 failed;  /* dropped by a file, which is tried again with the next record */
};

/*
 * fd stays the caller's; SIGPIPE must be ignored. queue_bytes bounds the memory of the records
 * waiting and being written. wait: block when full (replays).
 */
int output__new(struct output **out, int fd, size_t queue_bytes, bool wait);
/* The same in front of a file, which is the output's own from now on, also on failure. */
int output__new_file(struct output **out, struct append_file *owned, size_t queue_bytes, bool wait);
/* 0, or -ENOBUFS / -EPIPE: dropped and counted. */
int output__write(struct output *output, struct str record);
/* The same; a buffer that failed to hold its record is dropped and counts as full. */
int output__write_buf(struct output *output, const struct buf *record);
/*
 * Waits until all is written (0), broken (-EPIPE), or timeout_ms is over (-ETIMEDOUT; the rest is
 * dropped and counts as full, but for a record that a write(2) already holds and may yet finish).
 * A negative timeout_ms is never over.
 */
int output__flush(struct output *output, int timeout_ms);
void output__counts(struct output *output, struct output_counts *counts);
/*
 * Ends the thread at once, even in the middle of a write, but for one to a file; what is queued is
 * gone. NULL is fine.
 */
void output__free(struct output *output);

#endif
