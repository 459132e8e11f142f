// SPDX-License-Identifier: Apache-2.0
#include "base/kernel.h"

#include <stdio.h>
#include <sys/utsname.h>

u32 kernel_parse(const char *release)
{
	u32 major, minor, patch = 0;

	if (sscanf(release, "%3u.%3u.%3u", &major, &minor, &patch) < 2)
		return 0;
	return KERNEL_RELEASE(major, minor, patch);
}

u32 kernel_running(void)
{
	struct utsname name;

	return uname(&name) ? 0 : kernel_parse(name.release);
}
