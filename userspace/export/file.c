// SPDX-License-Identifier: Apache-2.0
/*
 * The file exporters (OpenTelemetry specification, protocol/file-exporter): OTLP's JSON, one
 * message a line, of spans and of metrics; to a file, or without one to standard output.
 */
#include <errno.h>
#include <stdlib.h>

#include "export/metrics_export.h"
#include "export/otlp.h"

/* What this is called elsewhere: by the specification and by Python. */
static const char *const aliases[] = {"otlp/stdout", "otlp_json_file", NULL};

/* Of either signal. */
struct file {
	struct exporter exporter;
	struct metrics_exporter metrics_exporter;
	struct output *output;
	struct buf line;
};

static int open_file(struct file **out, const struct export_env *env)
{
	struct file *file = calloc(1, sizeof(*file));
	int err = 0;

	if (!file)
		return -ENOMEM;
	file->output = env->output;
	if (env->argument.len)
		err = files__open(env->files, env->argument, &file->output);
	if (err)
		free(file);
	else
		*out = file;
	return err;
}

static void close_file(struct file *file)
{
	buf__free(&file->line);
	free(file);
}

/* 0 or negative errno. */
static int write_line(struct file *file)
{
	buf__char(&file->line, '\n');
	return output__write_buf(file->output, &file->line);
}

static int file_open(struct exporter **out, const struct export_env *env)
{
	struct file *file;
	int err = open_file(&file, env);

	if (err)
		return err;
	file->exporter.ops = &export_file;
	file->exporter.component = "otlp_json_file_span_exporter";
	*out = &file->exporter;
	return 0;
}

static enum export_result file_send(struct exporter *exporter, const struct batch *batch)
{
	struct file *file = container_of(exporter, struct file, exporter);

	buf__reset(&file->line);
	otlp_encode_traces(&file->line, OTLP_JSON, (const struct span *const *)batch->spans,
			   batch->cnt);
	return exporter__count(exporter, batch->cnt, write_line(file));
}

static void file_close(struct exporter *exporter)
{
	close_file(container_of(exporter, struct file, exporter));
}

const struct export_ops export_file = {
	.name = "file",
	.aliases = aliases,
	.open = file_open,
	.send = file_send,
	.close = file_close,
	.tell = export_tell,
};

static int file_metrics_open(struct metrics_exporter **out, const struct export_env *env)
{
	struct file *file;
	int err = open_file(&file, env);

	if (err)
		return err;
	file->metrics_exporter.ops = &export_file_metrics;
	*out = &file->metrics_exporter;
	return 0;
}

static enum export_result file_metrics_send(struct metrics_exporter *exporter,
					    struct metrics *metrics)
{
	struct file *file = container_of(exporter, struct file, metrics_exporter);

	buf__reset(&file->line);
	otlp_encode_metrics(&file->line, OTLP_JSON, metrics);
	return write_line(file) ? EXPORT_DROP : EXPORT_OK;
}

static void file_metrics_close(struct metrics_exporter *exporter)
{
	close_file(container_of(exporter, struct file, metrics_exporter));
}

const struct metrics_export_ops export_file_metrics = {
	.name = "file",
	.aliases = aliases,
	.otlp = true,
	.open = file_metrics_open,
	.send = file_metrics_send,
	.close = file_metrics_close,
};
