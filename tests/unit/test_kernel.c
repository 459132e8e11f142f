// SPDX-License-Identifier: Apache-2.0
/* How old a kernel is by its name, and which ones would have probes kill what is probed. */
#include "base/kernel.h"

#include "capture/probes.h"
#include "test.h"

static void releases(void)
{
	CHECK(kernel_parse("6.12.107+deb13-cloud-amd64") == KERNEL_RELEASE(6, 12, 107));
	CHECK(kernel_parse("6.8.0-45-generic") == KERNEL_RELEASE(6, 8, 0));
	CHECK(kernel_parse("6.14-rc1") == KERNEL_RELEASE(6, 14, 0));
	CHECK(kernel_parse("7.2.13") > kernel_parse("6.255.0"));
	CHECK(kernel_parse("5.10.262") < kernel_parse("5.11.0"));
	CHECK(kernel_parse("5.10.300") == KERNEL_RELEASE(5, 10, 255));
	CHECK(kernel_parse("Linux") == 0);
	CHECK(kernel_parse("") == 0);
	CHECK(kernel_running() >= KERNEL_RELEASE(5, 0, 0));
}

static void harm(void)
{
	static const char *const harmless[] = {
		"5.15.0-91-generic",
		"6.1.0-50-cloud-amd64",
		"6.10.14",
		"6.12.14",
		"6.12.107+deb13",
		"6.13.3",
		"6.14-rc1",
		"6.18.44",
		"7.2.13",
	};
	static const char *const harmful[] = {
		"6.11-rc1", "6.11.0-29-generic", "6.11.11", "6.12.0", "6.12.13-amd64", "6.13.0",
		"6.13.2",
	};

	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		CHECK(probes_are_harmless(kernel_parse(harmless[i])));
	for (size_t i = 0; i < ARRAY_SIZE(harmful); i++)
		CHECK(!probes_are_harmless(kernel_parse(harmful[i])));
}

int main(void)
{
	RUN(releases);
	RUN(harm);
	return test_status();
}
