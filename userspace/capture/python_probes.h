// SPDX-License-Identifier: Apache-2.0
/*
 * Probes in the Python interpreter of a process (bpf/python.bpf.h): where it calls code, and, only
 * as long as they are asked for, where generators end, which is most of what they cost; for globs
 * where any code returns.
 */
#ifndef PYTHON_PROBES_H
#define PYTHON_PROBES_H

#include "model/function.h"

struct otel_ebpf;
struct python_probes;

/* Once, when all is loaded. 0 or negative errno. */
int python_probes_prepare(struct otel_ebpf *skel);
/* number: of the process, given away once. skel lives longer. 0; -ENOTSUP: no such version. */
int python_probes__new(struct python_probes **out, struct otel_ebpf *skel, u32 number,
		       const struct python_sites *sites);
/* Of spans that the application makes. NULL: none any more. 0 or negative errno. */
int python_probes__ends(struct python_probes *probes, const struct python_sites *sites);
/*
 * What calls return to is probed from now on, in this file. 0;
 * -ESTALE: it was asked for by probes that are gone; or another negative errno.
 */
int python_probes__place(struct python_probes *probes, const struct python_place_asked *asked,
			 const char *path, const struct python_return *at);
/* Detaches. NULL is fine. */
void python_probes__free(struct python_probes *probes);

#endif
