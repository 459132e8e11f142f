// SPDX-License-Identifier: Apache-2.0
#include "proc/language.h"

/* Keys are those of telemetry.sdk.language (semconv 1.44), runtimes what each SDK calls its own. */
static const struct language languages[] = {
	{STR("python"), STR("libpython"), STR("python"), STR("cpython")},
	{STR("pypy"), STR("libpypy"), STR("python"), STR("pypy")},
	{STR("node"), STR("libnode"), STR("nodejs"), STR("nodejs")},
	{STR("nodejs"), STR("libnode"), STR("nodejs"), STR("nodejs")},
	{STR("java"), STR("libjvm"), STR("java"), STR("")},
	{STR("ruby"), STR("libruby"), STR("ruby"), STR("ruby")},
	{STR("php"), STR("libphp"), STR("php"), STR("")},
	{STR("php-fpm"), STR("libphp"), STR("php"), STR("")},
	{STR("php-cgi"), STR("libphp"), STR("php"), STR("")},
	{STR("dotnet"), STR("libcoreclr"), STR("dotnet"), STR("")},
	{STR("beam.smp"), STR("beam.smp"), STR("erlang"), STR("BEAM")},
};

/* node_exporter is no node, and libjvmti.so no JVM. */
static bool is_version(struct str rest)
{
	return !rest.len || (rest.p[0] >= '0' && rest.p[0] <= '9');
}

const struct language *language_of_executable(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(languages); i++)
		if (str_starts(name, languages[i].executable) &&
		    is_version(str_sub(name, languages[i].executable.len, name.len)))
			return &languages[i];
	return NULL;
}

/* libphp8.so, libruby-3.1.so.3.1, libjvm.so */
static const struct language *language_of_library(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(languages); i++) {
		struct str rest = str_sub(name, languages[i].library.len, name.len);

		if (str_starts(name, languages[i].library) &&
		    (is_version(rest) || rest.p[0] == '.' || rest.p[0] == '-'))
			return &languages[i];
	}
	return NULL;
}

const struct language *language_of_libraries(struct str names)
{
	const struct language *found = NULL, *row;

	while (names.len) {
		ssize_t end = str_find(names, '\n', 0);
		size_t len = end < 0 ? names.len : (size_t)end;

		row = language_of_library(str_sub(names, 0, len));
		names = str_sub(names, len + 1, names.len);
		if (row && found && !str_eq(row->key, found->key))
			return NULL;
		found = row ? row : found;
	}
	return found;
}

const struct language *language_go(void)
{
	static const struct language go = {.key = STR("go"), .runtime = STR("go")};

	return &go;
}
