// SPDX-License-Identifier: Apache-2.0
/*
 * Files in which functions are asked for: each is looked at once, however many processes run it,
 * and its functions numbered. Where there is no room for a file or its functions, those that nobody
 * has run for a minute are forgotten, and their numbers given away again.
 */
#ifndef FUNCTION_FILES_H
#define FUNCTION_FILES_H

#include "model/arena.h"
#include "probe/functions.h"

struct function_files;

/* A file, and the sites in it. */
struct function_file {
	struct binary *binary;
	struct str object;	     /* the spec's it was looked at for; empty: the executable */
	struct function_site *sites; /* owned */
	u32 cnt, cap;
	struct arena mem; /* of names */
	u32 users;	  /* processes in which it is probed */
	u64 used_ns;	  /* when it was last looked at, or left */
	bool danger_said;
};

/* env is borrowed for life. 0 or negative errno. */
int function_files__new(struct function_files **out, const struct functions_env *env);
/* NULL is fine. */
void function_files__free(struct function_files *files);
/*
 * The file at path, looked through already or now; what cannot be probed in it is said. NULL: there
 * is none, or no place for it.
 */
struct function_file *function_files__open(struct function_files *files, const char *path,
					   struct str object);
/* It is probed in one more process, in one less; it stays where it is while it is in one. */
void function_file__use(struct function_file *file);
void function_files__leave(struct function_files *files, struct function_file *file);
void function_files__tick(struct function_files *files, u64 now);
/* Is it still what is at path? */
bool function_file__is_at(const struct function_file *file, const char *path);
/* NULL: no function has this number. */
const struct function *function_files__function(const struct function_files *files, u32 number);
/* A warning that is given but once. */
void say_once(bool *said, const char *what);

#endif
