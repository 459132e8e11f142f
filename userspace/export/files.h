// SPDX-License-Identifier: Apache-2.0
/*
 * struct files: the outputs of all exporters that write into files, each to one of its own: OTLP's
 * file format holds one signal a file.
 */
#ifndef FILES_H
#define FILES_H

#include "export/output.h"

/* More than exporters can be asked for. */
#define FILES_MAX 16

struct files;

/* queue_bytes, of each, and wait as output__new() has them. */
int files__new(struct files **out, size_t queue_bytes, bool wait);
/* The output of a file, which stays the list's. 0 or negative errno; complains itself. */
int files__open(struct files *files, struct str path, struct output **out);
/* As output__flush(), all within timeout_ms. */
void files__flush(struct files *files, int timeout_ms);
/* Adds to *counts. */
void files__counts(struct files *files, struct output_counts *counts);
/* NULL is fine. */
void files__free(struct files *files);

#endif
