// SPDX-License-Identifier: Apache-2.0
/* Fuzz target: bytes as the code of a function; a site lies in it and is no worse than was asked.
 */
#include <stdlib.h>

#include "probe/site.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct str code = {(const char *)data, len};

	for (int i = 0; i < 4; i++) {
		struct site_need need = {i & 1, i & 2};
		struct site site;
		const char *why = NULL;

		if (site_choose(code, 0x1000, need, &site, &why)) {
			if (!why)
				abort();
		} else if (site.offset < 0x1000 || site.offset - 0x1000 >= len ||
			   (site.slow && (!need.slow || !site.returns))) {
			abort();
		}
	}
	return 0;
}
