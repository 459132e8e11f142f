// SPDX-License-Identifier: Apache-2.0
/* The facts of proc/facts.h that stand in /proc/TGID. rest: the key from TGID on. 0, negative
 * errno. */
#ifndef PROCESS_FACTS_H
#define PROCESS_FACTS_H

#include "base/buf.h"

int fact_exe(const char *rest, struct buf *out);
int fact_environ(const char *rest, struct buf *out);
int fact_argv0(const char *rest, struct buf *out);
int fact_args(const char *rest, struct buf *out);
int fact_parent(const char *rest, struct buf *out);
int fact_birth(const char *rest, struct buf *out);
int fact_owner(const char *rest, struct buf *out);
int fact_cgroup(const char *rest, struct buf *out);
int fact_libs(const char *rest, struct buf *out);

#endif
