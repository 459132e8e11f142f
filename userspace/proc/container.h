// SPDX-License-Identifier: Apache-2.0
/*
 * The container and the pod that a process runs in, as the names of its cgroups tell:
 *
 *	0::/system.slice/docker-<id>.scope
 *	0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod<uid>.slice/cri-containerd-<id>.scope
 *	5:memory:/kubepods/besteffort/pod<uid>/<id>
 */
#ifndef CONTAINER_H
#define CONTAINER_H

#include "base/str.h"

#define POD_UID_LEN 36

/* Of containers in containers it is the innermost. Parts of the text or the struct; empty: none. */
struct container {
	struct str id;	/* 64 hexadecimal digits */
	struct str pod; /* a UUID with its hyphens, or the 32 digits of a static pod */
	char uid[POD_UID_LEN];
};

/* cgroup: /proc/TGID/cgroup. The text must live as long as *container. */
void container_parse(struct container *container, struct str cgroup);

#endif
