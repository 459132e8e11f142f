// SPDX-License-Identifier: Apache-2.0
#include "proc/container.h"

#include "model/hex.h"

#define ID_LEN 64

/*
 * What a runtime calls the cgroup of a container. Its other cgroups do not match, since something
 * stands between: libpod-conmon-<id>.scope, kubepods-pod<uid>.slice.
 */
static const struct {
	struct str before, behind;
} runtimes[] = {
	{STR("docker-"), STR(".scope")},	 /* Docker, by systemd */
	{STR("cri-containerd-"), STR(".scope")}, /* containerd for Kubernetes, by systemd */
	{STR("crio-"), STR(".scope")},		 /* CRI-O, by systemd */
	{STR("crio-"), STR("")},		 /* CRI-O, by itself */
	{STR("libpod-"), STR(".scope")},	 /* Podman, by systemd */
	{STR("libpod-"), STR("")},		 /* Podman, by itself */
	{STR("nerdctl-"), STR(".scope")},	 /* containerd for nerdctl, by systemd */
	{STR(""), STR("")},			 /* Docker, containerd, by themselves */
};

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (hex_digit(s.p[i]) < 0)
			return false;
	return true;
}

static bool ends_with(struct str s, struct str end)
{
	return s.len >= end.len && str_eq(str_sub(s, s.len - end.len, end.len), end);
}

static struct str id_of(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++) {
		struct str id = str_sub(name, runtimes[i].before.len, ID_LEN);

		if (name.len == runtimes[i].before.len + ID_LEN + runtimes[i].behind.len &&
		    str_starts(name, runtimes[i].before) && ends_with(name, runtimes[i].behind) &&
		    is_hex(id))
			return id;
	}
	return STR_NONE;
}

/* 8-4-4-4-12 digits; systemd's names have '_' for '-', which stands for '/' there. */
static bool is_uuid(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (hyphen ? s.p[i] != '-' && s.p[i] != '_' : hex_digit(s.p[i]) < 0)
			return false;
	}
	return s.len == POD_UID_LEN;
}

/* "pod<uid>" or "kubepods-burstable-pod<uid>.slice" */
static struct str pod_of(struct str name)
{
	static const struct str pod = STR("pod"), slice = STR(".slice");

	if (ends_with(name, slice))
		name.len -= slice.len;
	for (size_t at = 0; at < name.len; at++) {
		struct str uid = str_sub(name, at + pod.len, name.len);

		if ((!at || name.p[at - 1] == '-') &&
		    str_starts(str_sub(name, at, name.len), pod) &&
		    (is_uuid(uid) || (uid.len == 32 && is_hex(uid))))
			return uid;
	}
	return STR_NONE;
}

static void take_pod(struct container *container, struct str uid)
{
	for (size_t i = 0; i < uid.len; i++)
		container->uid[i] = uid.p[i] == '_' ? '-' : uid.p[i];
	if (uid.len)
		container->pod = (struct str){container->uid, uid.len};
}

/* Names are parted by '/', and by ':' where a cgroup driver took systemd's form for a path. */
static void parse_path(struct container *container, struct str path)
{
	size_t len = 0;

	for (; path.len; path = str_sub(path, len + 1, path.len)) {
		struct str id;

		for (len = 0; len < path.len && path.p[len] != '/' && path.p[len] != ':';)
			len++;
		id = id_of(str_sub(path, 0, len));
		if (id.len)
			container->id = id;
		take_pod(container, pod_of(str_sub(path, 0, len)));
	}
}

void container_parse(struct container *container, struct str cgroup)
{
	*container = (struct container){0};
	while (cgroup.len && !container->id.len) {
		ssize_t end = str_find(cgroup, '\n', 0);
		struct str line = end < 0 ? cgroup : str_sub(cgroup, 0, (size_t)end);
		ssize_t slash = str_find(line, '/', 0);

		cgroup = str_sub(cgroup, line.len + 1, cgroup.len);
		if (slash >= 0)
			parse_path(container, str_sub(line, (size_t)slash, line.len));
	}
}
