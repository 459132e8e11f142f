// SPDX-License-Identifier: Apache-2.0
/*
 * How old the running kernel is. What can be tried is tried instead; this is for what would harm
 * if it were.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include "base/types.h"

/* As LINUX_VERSION_CODE. */
#define KERNEL_RELEASE(major, minor, patch) \
	((u32)(major) << 16 | (u32)(minor) << 8 | ((patch) < 255 ? (u32)(patch) : 255u))

/* "6.12.107+deb13-amd64"; 0, as old as can be, if it is no release. */
u32 kernel_parse(const char *release);
u32 kernel_running(void);

#endif
