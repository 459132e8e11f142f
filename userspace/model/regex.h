// SPDX-License-Identifier: Apache-2.0
/*
 * struct regex: a regular expression in Python's syntax, for options that users know from Python.
 *
 * Requests supply what is matched, so time and memory are bounded by construction: the pattern is
 * compiled once into a small machine, and a match follows all of its states at once, in
 * time pattern x text and in memory fixed before. regexec() of glibc was measured on 8 KiB of
 * hostile text: 0.25 s for "x.*y", and 20 MiB kept for good for ".*(a.{20}c)".
 *
 * What it knows: | * + ? {m,n} and their lazy forms, (...) (?:...) (?P<name>...) [...] . ^ $ and
 * \d \w \s \D \W \S \b \B \A \Z \n \r \t \f \v \xHH. Look-around, back-references, possessive
 * forms and inline flags it refuses. It reads bytes: letters and digits are those of ASCII.
 */
#ifndef REGEX_H
#define REGEX_H

#include "base/str.h"

/* A machine's states; more is no pattern for a name or a URL. It bounds time and stack of a match.
 */
#define REGEX_STATES_MAX 1024
/* Bytes of a text that are looked at: as long a request line as servers accept (gunicorn 4094). */
#define REGEX_TEXT_MAX 8192

struct regex;

/* -EINVAL: not an expression; -ENOTSUP: of a kind we refuse; -E2BIG: too large; -ENOMEM. */
int regex__new(struct regex **out, struct str pattern, bool ignore_case);
void regex__free(struct regex *regex);

/* Does it match anywhere in the text, of which what exceeds REGEX_TEXT_MAX is not there? */
bool regex__search(const struct regex *regex, struct str text);
/* Does it match the whole text? */
bool regex__matches_all(const struct regex *regex, struct str text);

#endif
