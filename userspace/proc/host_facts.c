// SPDX-License-Identifier: Apache-2.0
#include "proc/host_facts.h"

#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "proc/procfs.h"

static int from_uname(size_t offset, struct buf *out)
{
	struct utsname names;

	if (uname(&names))
		return -errno;
	return buf__str(out, str_from((const char *)&names + offset));
}

int fact_host_name(const char *rest, struct buf *out)
{
	(void)rest;
	return from_uname(offsetof(struct utsname, nodename), out);
}

int fact_host_machine(const char *rest, struct buf *out)
{
	(void)rest;
	return from_uname(offsetof(struct utsname, machine), out);
}

int fact_host_release(const char *rest, struct buf *out)
{
	(void)rest;
	return from_uname(offsetof(struct utsname, release), out);
}

/* machine-id(5): 32 hexadecimal digits, or "uninitialized" while an image is made. */
int fact_host_id(const char *rest, struct buf *out)
{
	FILE *file __cleanup(procfs_close) = fopen("/etc/machine-id", "re");
	char id[33];

	(void)rest;
	if (!file || fscanf(file, "%32[0-9a-f]", id) != 1 || strlen(id) != 32)
		return -ENOENT;
	return buf__append(out, id, 32);
}

/* os-release(5): PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"; names hold no escapes. */
int fact_host_os(const char *rest, struct buf *out)
{
	FILE *file __cleanup(procfs_close) = fopen("/etc/os-release", "re");
	char line[512], name[256];

	(void)rest;
	if (!file)
		file = fopen("/usr/lib/os-release", "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "PRETTY_NAME=%*[\"']%255[^\"'\n]", name) == 1 ||
		    sscanf(line, "PRETTY_NAME=%255[^\"'\n]", name) == 1)
			return buf__str(out, str_from(name));
	return -ENOENT;
}
