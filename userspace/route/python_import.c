// SPDX-License-Identifier: Apache-2.0
#include "route/python_core.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static void module__free(struct py_module *module)
{
	buf__free(&module->text);
	py_source__free(&module->source);
	free(module->ran);
	free(module);
}

void py_run__free(struct py_run *run)
{
	while (run->modules) {
		struct py_module *next = run->modules->next;

		module__free(run->modules);
		run->modules = next;
	}
	arena__free(&run->mem);
}

static int read_source(struct py_run *run, const char *path, struct buf *out)
{
	int err = -EINVAL;

	if (run->looks++ < ROUTE_LOOKS_MAX && run->bytes <= ROUTE_BYTES_MAX)
		err = run->process->read(run->process->owner, path, out);
	run->bytes += (u32)out->len;
	/* a file there is and that cannot be read may hold any route */
	run->failed |= err && err != -ENOENT;
	return err;
}

/* Reads and scans; the module is listed in any case that it is there. */
static struct py_module *load(struct py_run *run, struct str name, const char *path)
{
	struct py_module *module = calloc(1, sizeof(*module));

	if (!module)
		return NULL;
	if (read_source(run, path, &module->text)) {
		module__free(module);
		return NULL;
	}
	module->next = run->modules;
	run->modules = module;
	module->name = arena__dup(&run->mem, name);
	module->path = arena__dup(&run->mem, str_from(path));
	if (!module->name.p || !module->path.p ||
	    py_source__scan(&module->source, buf__view(&module->text)))
		run->failed = true;
	module->ran = calloc(module->source.statement_cnt + 1, sizeof(*module->ran));
	if (!module->ran)
		run->failed = true;
	return module;
}

static struct py_module *find_module(const struct py_run *run, struct str name)
{
	struct py_module *module = run->modules;

	while (module && !str_eq(module->name, name))
		module = module->next;
	return module;
}

/* DIR/a/b/__init__.py or DIR/a/b.py */
static struct py_module *load_from(struct py_run *run, struct str folder, struct str name)
{
	char path[PATH_MAX], file[PATH_MAX];
	struct py_module *module;
	int len;

	while (folder.len > 1 && folder.p[folder.len - 1] == '/')
		folder.len--;
	len = snprintf(path, sizeof(path), "%.*s/%.*s", STR_ARG(folder), STR_ARG(name));
	if (len < 0 || len > PATH_MAX - 32)
		return NULL;
	for (char *c = path + folder.len; *c; c++)
		*c = *c == '.' ? '/' : *c;
	snprintf(file, sizeof(file), "%.*s/__init__.py", len, path);
	module = load(run, name, file);
	if (module) {
		module->is_package = true;
		return module;
	}
	snprintf(file, sizeof(file), "%.*s.py", len, path);
	return load(run, name, file);
}

/* Where Python looks before it comes to what is installed. */
static struct py_module *load_named(struct py_run *run, struct str name)
{
	struct str rest = route_process__variable(run->process, "PYTHONPATH");
	struct py_module *module = load_from(run, run->path, name);

	while (!module && rest.len) {
		ssize_t colon = str_find(rest, ':', 0);
		struct str folder = str_sub(rest, 0, colon < 0 ? rest.len : (size_t)colon);

		if (str_starts(folder, STR("/")))
			module = load_from(run, folder, name);
		rest = str_sub(rest, folder.len + 1, rest.len);
	}
	return module;
}

struct py_module *py_run__import(struct py_run *run, struct str name)
{
	struct py_module *module = NULL;
	size_t end = 0;

	/* a package before what is in it */
	while (end < name.len && !run->failed) {
		ssize_t dot = str_find(name, '.', end);
		struct str part;

		end = dot < 0 ? name.len : (size_t)dot;
		part = str_sub(name, 0, end++);
		module = find_module(run, part);
		if (module)
			continue;
		module = load_named(run, part);
		if (module && !run->failed)
			py_module__run(run, module);
	}
	return run->failed ? NULL : module;
}

struct py_module *py_run__script(struct py_run *run, struct str path)
{
	char text[PATH_MAX];
	struct py_module *module;

	if (path.len >= sizeof(text))
		return NULL;
	snprintf(text, sizeof(text), "%.*s", STR_ARG(path));
	module = load(run, STR("__main__"), text);
	if (module && !run->failed)
		py_module__run(run, module);
	return module;
}

/* The module, or a name for what is not ours. */
static struct py_value import_value(struct py_run *run, struct str name)
{
	struct py_module *module = py_run__import(run, name);

	if (module)
		return (struct py_value){.kind = PY_MODULE, .module = module};
	return (struct py_value){.kind = PY_EXTERNAL, .text = name};
}

/* a, a.b, a as c, a.b as c */
static void import_one(struct py_frame *frame, struct py_span span)
{
	const struct py_source *source = &frame->module->source;
	u32 as = py_find(source, span, "as");
	struct str name = py_dotted(source, (struct py_span){span.from, as}, &frame->run->mem);
	struct py_value value;

	if (!name.p)
		return;
	value = import_value(frame->run, name);
	if (as + 1 < span.to) {
		py_bind(frame->run, frame->scope, source->tokens[as + 1].text, value);
		return;
	}
	/* "import a.b" binds a */
	name = source->tokens[span.from].text;
	py_bind(frame->run, frame->scope, name, import_value(frame->run, name));
}

/* The package that dots in front of a name lead to; p NULL beyond the top. */
static struct str parent_package(const struct py_module *module, u32 dots)
{
	struct str name = module->name;

	if (!module->is_package)
		dots++;
	while (--dots) {
		const char *dot = memrchr(name.p, '.', name.len);

		if (!dot && (dots > 1 || !name.len))
			return STR_NONE;
		name.len = dot ? (size_t)(dot - name.p) : 0;
	}
	return name;
}

/* The module behind "from"; *at is then at "import". */
static struct str source_of(struct py_frame *frame, struct py_span span, u32 *at)
{
	const struct py_source *source = &frame->module->source;
	struct str name, package;
	u32 dots = 0, i = span.from;

	for (; py_is(source, span, i, "."); i++)
		dots++;
	*at = py_find(source, span, "import");
	name = py_dotted(source, (struct py_span){i, *at}, &frame->run->mem);
	if (!dots)
		return name;
	package = parent_package(frame->module, dots);
	if (!package.len || !name.p)
		return package.len ? package : STR_NONE;
	return py_join(frame->run, py_join(frame->run, package, STR(".")), name);
}

/* A name of a module, or a module in a package. */
static struct py_value import_from(struct py_run *run, struct py_value from, struct str name)
{
	struct py_value value = {0};
	struct str dotted;

	if (from.kind == PY_MODULE)
		value = py_module__get(from.module, name);
	if (value.kind != PY_UNKNOWN)
		return value;
	dotted = from.kind == PY_MODULE ? from.module->name : from.text;
	dotted = py_join(run, py_join(run, dotted, STR(".")), name);
	if (from.kind == PY_MODULE && !from.module->is_package)
		return value;
	value = import_value(run, dotted);
	if (value.kind == PY_EXTERNAL && from.kind == PY_MODULE)
		value.kind = PY_UNKNOWN;
	return value;
}

static void import_names(struct py_frame *frame, struct py_value from, struct py_span names)
{
	const struct py_source *source = &frame->module->source;
	struct py_item item;

	py_brackets(source, names, '(', &names);
	if (py_is(source, names, names.from, "*")) {
		if (from.kind == PY_MODULE)
			py_bind_all(frame->run, frame->scope, &from.module->scope);
		return;
	}
	while (py_next_item(source, &names, &item)) {
		u32 as = py_find(source, item.value, "as");
		struct str name = source->tokens[item.value.from].text;
		struct str bound = as + 1 < item.value.to ? source->tokens[as + 1].text : name;

		if (item.value.from < item.value.to && name.len)
			py_bind(frame->run, frame->scope, bound,
				import_from(frame->run, from, name));
	}
}

void py_import_statement(struct py_frame *frame, struct py_span span)
{
	const struct py_source *source = &frame->module->source;
	bool from = py_is(source, span, span.from, "from");
	struct py_item item;
	struct str name;
	u32 at;

	span.from++;
	if (!from) {
		while (py_next_item(source, &span, &item))
			import_one(frame, item.value);
		return;
	}
	name = source_of(frame, span, &at);
	span.from = at + 1;
	if (name.p && span.from < span.to)
		import_names(frame, import_value(frame->run, name), span);
}
