// SPDX-License-Identifier: Apache-2.0
/*
 * Which application a Python process serves, by its command line:
 *
 *	flask run, python -m flask --app shop run	FLASK_APP, app.py, wsgi.py
 *	gunicorn shop:app, uvicorn shop.main:app	as named
 *	python manage.py runserver			the settings' ROOT_URLCONF
 *	python shop.py, python -m shop			the one it runs, or the only one
 *
 * Each runs its modules from the folder that Python would look in first.
 */
#include <errno.h>

#include "route/python_core.h"

#define WORDS_MAX 128

struct command {
	struct py_run *run;
	struct str words[WORDS_MAX];
	u32 cnt;
	u32 program;	/* the word that names what Python runs */
	bool is_module; /* it stood behind -m */
};

static struct str next_word(struct str *rest)
{
	ssize_t end = str_find(*rest, '\0', 0);
	struct str word = str_sub(*rest, 0, end < 0 ? rest->len : (size_t)end);

	*rest = str_sub(*rest, word.len + 1, rest->len);
	return word;
}

struct str route_process__variable(const struct route_process *process, const char *name)
{
	struct str rest = process->environ, key = str_from(name);

	while (rest.len) {
		struct str item = next_word(&rest);

		if (str_starts(item, key) && item.len > key.len && item.p[key.len] == '=')
			return str_sub(item, key.len + 1, item.len);
	}
	return STR_NONE;
}

static struct str base_of(struct str path)
{
	const char *slash = path.len ? memrchr(path.p, '/', path.len) : NULL;

	return slash ? str_sub(path, (size_t)(slash - path.p) + 1, path.len) : path;
}

static struct str folder_of(struct str path)
{
	const char *slash = path.len ? memrchr(path.p, '/', path.len) : NULL;

	return slash ? str_sub(path, 0, (size_t)(slash - path.p)) : STR("");
}

static bool ends_with(struct str s, struct str tail)
{
	return s.len >= tail.len && str_eq(str_sub(s, s.len - tail.len, tail.len), tail);
}

/* "python3.11 -X dev -m flask run": finds flask. False if it runs nothing that has a file. */
static bool find_program(struct command *command)
{
	u32 i = 1;

	if (!command->cnt || !str_starts(base_of(command->words[0]), STR("python")))
		return false;
	for (; i < command->cnt && command->words[i].len > 1 && command->words[i].p[0] == '-';
	     i++) {
		char last = command->words[i].p[command->words[i].len - 1];

		if (command->words[i].p[1] == '-')
			return false;
		if (last == 'c')
			return false;
		if (last == 'm') {
			command->is_module = true;
			i++;
			break;
		}
		if (str_eq(command->words[i], STR("-X")) || str_eq(command->words[i], STR("-W")))
			i++;
	}
	command->program = i;
	return i < command->cnt && command->words[i].len;
}

/* The value of the first of these options: "--app x", "--app=x", "-A x". */
static struct str option(const struct command *command, const char *name, const char *brief)
{
	for (u32 i = command->program + 1; i < command->cnt; i++) {
		struct str word = command->words[i], key = str_from(name);

		if ((str_eq(word, key) || (brief && str_eq(word, str_from(brief)))) &&
		    i + 1 < command->cnt)
			return command->words[i + 1];
		if (str_starts(word, key) && word.len > key.len && word.p[key.len] == '=')
			return str_sub(word, key.len + 1, word.len);
	}
	return STR_NONE;
}

static bool has_word(const struct command *command, const char *text)
{
	for (u32 i = command->program + 1; i < command->cnt; i++)
		if (str_eq(command->words[i], str_from(text)))
			return true;
	return false;
}

static struct str absolute(struct py_run *run, struct str path)
{
	if (str_starts(path, STR("/")))
		return path;
	while (str_starts(path, STR("./")))
		path = str_sub(path, 2, path.len);
	if (!path.len || str_eq(path, STR(".")))
		return run->process->cwd;
	return py_join(run, py_join(run, run->process->cwd, STR("/")), path);
}

/* The only application there is, or the one that was told to a server. */
static struct py_object *only_application(struct py_run *run)
{
	struct py_object *found = NULL;

	if (run->served || run->two_served)
		return run->two_served ? NULL : run->served;
	for (struct py_object *object = run->objects; object; object = object->next) {
		if (object->kind == PY_BLUEPRINT || object->kind == PY_ROUTER)
			continue;
		if (found)
			return NULL;
		found = object;
	}
	return found;
}

/* What a name stands for: an application, or a function that makes one. */
static struct py_object *application_of(struct py_run *run, struct py_value value)
{
	if (value.kind == PY_FUNCTION)
		value = py_run__call(run, value);
	return value.kind == PY_OBJECT ? value.object : NULL;
}

static int print_application(struct py_run *run, struct py_object *object, struct buf *out)
{
	py_run__suspect(run);
	return object && !run->failed ? py_print_routes(run, object, out) : -ENOENT;
}

/* The environment goes first: setdefault() leaves it alone. */
static struct str django_settings(struct py_run *run)
{
	struct str settings = route_process__variable(run->process, "DJANGO_SETTINGS_MODULE");

	return settings.len ? settings : run->settings;
}

/* "shop.main:app", "shop:create()"; fallback: the name if there is none. Flask calls a function
 * that is named without parentheses, too; for others that is the application. */
static int find_named(struct py_run *run, struct str target, struct str fallback, struct buf *out)
{
	ssize_t colon = str_find(target, ':', 0);
	struct str name = fallback;
	struct py_module *module;
	struct py_value value;
	bool called;

	if (colon >= 0)
		name = str_sub(target, (size_t)colon + 1, target.len);
	target = str_sub(target, 0, colon < 0 ? target.len : (size_t)colon);
	called = ends_with(name, STR("()"));
	name.len -= called ? 2 : 0;
	module = py_run__import(run, target);
	if (!module)
		return -ENOENT;
	value = py_module__get(module, name);
	if (value.kind == PY_EXTERNAL && str_eq(value.text, STR(PY_DJANGO)))
		return py_print_django(run, django_settings(run), out);
	if (called != (value.kind == PY_FUNCTION) && (called || !run->flask_command))
		return -ENOENT;
	return print_application(run, application_of(run, value), out);
}

/* Flask's own guess: the names, then the only application, then functions that make one. */
static struct py_object *guess(struct py_run *run, const struct py_module *module)
{
	static const char *const names[] = {"app", "application"};
	static const char *const makers[] = {"create_app", "make_app"};
	struct py_object *object;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!py_find_local(&module->scope, str_from(names[i])))
			continue;
		/* whatever it is, Flask may take it */
		object = application_of(run, py_module__get(module, str_from(names[i])));
		return object && object->kind == PY_FLASK ? object : NULL;
	}
	object = only_application(run);
	for (size_t i = 0; i < ARRAY_SIZE(makers) && !object; i++)
		object = application_of(run, py_module__get(module, str_from(makers[i])));
	return object;
}

/* "shop.py" and "src/shop" are files: their folder is where modules are, up to the packages. */
static struct py_module *import_path(struct py_run *run, struct str path)
{
	struct str name;

	if (ends_with(path, STR(".py")))
		path.len -= 3;
	else if (str_find(path, '/', 0) < 0)
		return py_run__import(run, path);
	path = absolute(run, path);
	name = base_of(path);
	run->path = folder_of(path);
	return py_run__import(run, name);
}

static int find_flask(struct command *command, struct buf *out)
{
	static const char *const files[] = {"wsgi.py", "app.py"};
	struct py_run *run = command->run;
	struct str target = option(command, "--app", "-A");
	struct py_module *module = NULL;
	ssize_t colon;

	if (!has_word(command, "run"))
		return -ENOENT;
	run->absolute = true;
	run->flask_command = true;
	if (!target.len)
		target = route_process__variable(run->process, "FLASK_APP");
	for (size_t i = 0; i < ARRAY_SIZE(files) && !target.len && !module; i++)
		module = import_path(run, str_from(files[i]));
	colon = str_find(target, ':', 0);
	if (colon >= 0) {
		module = import_path(run, str_sub(target, 0, (size_t)colon));
		return module ? find_named(run,
					   py_join(run, module->name,
						   str_sub(target, (size_t)colon, target.len)),
					   STR("app"), out)
			      : -ENOENT;
	}
	if (target.len)
		module = import_path(run, target);
	return module ? print_application(run, guess(run, module), out) : -ENOENT;
}

static bool is_path_of_names(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] != '.' && s.p[i] != '_' && !(s.p[i] >= '0' && s.p[i] <= '9') &&
		    !((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'z'))
			return false;
	return s.len && !(s.p[0] >= '0' && s.p[0] <= '9');
}

/* "shop:app" among the words, if it is the only one of that kind. */
static struct str find_target(const struct command *command)
{
	struct str found = STR_NONE;

	for (u32 i = command->program + 1; i < command->cnt; i++) {
		struct str word = command->words[i], name;
		ssize_t colon = str_find(word, ':', 0);

		if (colon <= 0)
			continue;
		name = str_sub(word, (size_t)colon + 1, word.len);
		name.len -= ends_with(name, STR("()")) ? 2 : 0;
		if (!is_path_of_names(str_sub(word, 0, (size_t)colon)) || !is_path_of_names(name))
			continue;
		if (found.p)
			return STR_NONE;
		found = word;
	}
	return found;
}

/* Gunicorn takes "shop.wsgi" for "shop.wsgi:application"; it comes last, behind no option. */
static struct str last_target(const struct command *command)
{
	struct str last = command->words[command->cnt - 1];
	bool alone = command->cnt - 2 == command->program ||
		     !str_starts(command->words[command->cnt - 2], STR("-"));

	return command->cnt - 1 > command->program && alone && is_path_of_names(last) ? last
										      : STR_NONE;
}

/* Gunicorn's own workers split targets of any form; among those it can be told to use, pywsgi's
 * does not. */
static bool is_plain_gunicorn(const struct command *command)
{
	const struct route_process *process = command->run->process;
	struct buf path __cleanup(buf__free) = {0}, text __cleanup(buf__free) = {0};

	if (!str_eq(base_of(command->words[command->program]), STR("gunicorn")) ||
	    route_process__variable(process, "GUNICORN_CMD_ARGS").len)
		return false;
	for (u32 i = command->program + 1; i < command->cnt; i++)
		if (str_starts(command->words[i], STR("-k")) ||
		    str_starts(command->words[i], STR("--worker-c")) ||
		    str_starts(command->words[i], STR("--chd")))
			return false;
	return !buf__printf(&path, "%.*s/gunicorn.conf.py%c", STR_ARG(process->cwd), 0) &&
	       process->read(process->owner, path.p, &text) == -ENOENT;
}

static int find_server(struct command *command, struct buf *out)
{
	struct py_run *run = command->run;
	struct str target = find_target(command), folder = option(command, "--chdir", NULL);

	if (!target.p)
		target = last_target(command);
	if (!folder.len)
		folder = option(command, "--app-dir", NULL);
	if (folder.len)
		run->path = absolute(run, folder);
	run->absolute = is_plain_gunicorn(command);
	/* these change what the application sees of a path, or where it is */
	if (!target.len || option(command, "--root-path", NULL).p ||
	    has_word(command, "--factory") || has_word(command, "-c") ||
	    option(command, "--config", NULL).p || option(command, "--pythonpath", NULL).p ||
	    route_process__variable(run->process, "SCRIPT_NAME").len)
		return -ENOENT;
	return find_named(run, target, STR("application"), out);
}

static int find_manage(struct command *command, struct buf *out)
{
	struct py_run *run = command->run;
	struct str settings = option(command, "--settings", NULL);
	struct str path = absolute(run, command->words[command->program]);

	run->path = folder_of(path);
	if (!has_word(command, "runserver") || !py_run__script(run, path))
		return -ENOENT;
	return py_print_django(run, settings.len ? settings : django_settings(run), out);
}

static int find_script(struct command *command, struct buf *out)
{
	struct py_run *run = command->run;
	struct str path = absolute(run, command->words[command->program]);

	if (command->is_module) {
		path = py_join(run, py_join(run, run->path, STR("/")),
			       command->words[command->program]);
		for (size_t i = run->path.len; i < path.len; i++)
			((char *)path.p)[i] = path.p[i] == '.' ? '/' : path.p[i];
		path = py_join(run, path, STR(".py"));
	} else {
		run->path = folder_of(path);
	}
	if (!py_run__script(run, path))
		return -ENOENT;
	if (run->served_name.len)
		return find_named(run, run->served_name, STR("app"), out);
	run->absolute = run->by_werkzeug && !run->by_another;
	return print_application(run, only_application(run), out);
}

static int find_program_routes(struct command *command, struct buf *out)
{
	struct str program = base_of(command->words[command->program]);

	if (str_eq(program, STR("flask")))
		return find_flask(command, out);
	if (str_eq(program, STR("gunicorn")) || str_eq(program, STR("uvicorn")))
		return find_server(command, out);
	if (str_eq(program, STR("manage.py")))
		return find_manage(command, out);
	return find_script(command, out);
}

int route_python_find(const struct route_process *process, struct buf *out);

int route_python_find(const struct route_process *process, struct buf *out)
{
	struct py_run run = {.process = process, .path = process->cwd};
	struct command command = {.run = &run};
	struct str rest = process->cmdline;
	int err = -ENOENT;

	while (rest.len && command.cnt < WORDS_MAX)
		command.words[command.cnt++] = next_word(&rest);
	if (!rest.len && find_program(&command))
		err = find_program_routes(&command, out);
	py_run__free(&run);
	return err;
}
