// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzzing of model/regex: a pattern, a NUL, a text. Beyond not crashing, what matches as a whole is
 * also found by a search.
 */
#include <assert.h>

#include "model/regex.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct str input = {(const char *)data, size}, text = STR_NONE;
	ssize_t nul = str_find(input, '\0', 1);
	bool ignore_case = size && data[0] & 1;
	struct regex *regex;

	if (!size)
		return 0;
	if (nul > 0)
		text = str_sub(input, (size_t)nul + 1, size);
	if (regex__new(&regex, str_sub(input, 1, nul > 0 ? (size_t)nul - 1 : size), ignore_case))
		return 0;
	if (regex__matches_all(regex, text))
		assert(regex__search(regex, text));
	regex__free(regex);
	return 0;
}
