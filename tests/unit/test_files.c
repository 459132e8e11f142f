// SPDX-License-Identifier: Apache-2.0
/* Telemetry in files: appended to, moved away by others, refused where it is not ours, full. */
#include "test.h"
#include "test_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export/export.h"
#include "export/metrics_export.h"

#define LONG_MS 60000

static char folder[] = "/tmp/otel-ebpf-files-XXXXXX";

static const char *path_of(const char *name)
{
	static char paths[4][128];
	static u32 next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void check_file(const char *name, const char *want)
{
	int fd = open(path_of(name), O_RDONLY);
	struct str text = read_all(fd);

	CHECK_STR(text, want);
	free((char *)text.p);
	close(fd);
}

static void put(struct output *output, const char *record)
{
	CHECK(!output__write(output, str_from(record)));
	CHECK(!output__flush(output, LONG_MS));
}

static void appends_and_follows_the_name(void)
{
	struct output *output;
	struct files *files;

	CHECK(!files__new(&files, 1 << 20, false));
	CHECK(!files__open(files, str_from(path_of("a")), &output));
	put(output, "one\n");
	CHECK(!rename(path_of("a"), path_of("a.1")));
	put(output, "two\n");
	CHECK(!unlink(path_of("a")));
	put(output, "three\n");
	files__free(files);
	check_file("a.1", "one\n");
	check_file("a", "three\n");

	CHECK(!files__new(&files, 1 << 20, true));
	CHECK(!files__open(files, str_from(path_of("a")), &output));
	CHECK(!output__write(output, STR("four\n")));
	files__flush(files, -1);
	files__free(files);
	check_file("a", "three\nfour\n");
}

static int try_open(struct files *files, const char *path)
{
	struct output *output;

	return files__open(files, str_from(path), &output);
}

static void refuses_what_is_not_ours(void)
{
	struct files *files;
	int fd = open(path_of("plain"), O_WRONLY | O_CREAT, 0600);

	close(fd);
	CHECK(!link(path_of("plain"), path_of("second")));
	CHECK(!symlink(path_of("plain"), path_of("symlink")));
	CHECK(!mkfifo(path_of("fifo"), 0600));
	CHECK(!files__new(&files, 1 << 20, false));
	CHECK(try_open(files, path_of("second")) == -EMLINK);
	CHECK(try_open(files, path_of("symlink")) == -ELOOP);
	CHECK(try_open(files, path_of("fifo")) < 0);
	CHECK(try_open(files, folder) == -EISDIR);
	CHECK(try_open(files, "/dev/null") < 0);
	CHECK(try_open(files, path_of("no/folder")) == -ENOENT);
	if (!geteuid()) {
		CHECK(!unlink(path_of("second")) && !chown(path_of("plain"), 1, 1));
		CHECK(try_open(files, path_of("plain")) == -EPERM);
	}
	files__free(files);
}

static void one_signal_a_file(void)
{
	struct files *files;

	CHECK(!files__new(&files, 1 << 20, false));
	CHECK(!try_open(files, path_of("b")));
	CHECK(try_open(files, path_of("./b")) == -EEXIST);
	CHECK(!try_open(files, path_of("c")));
	files__free(files);
}

/* A full disk: half a record, whole ones lost; then there is room again. */
static void full_and_room_again(void)
{
	struct rlimit before, limit;
	struct output_counts counts = {0};
	struct output *output;
	struct files *files;

	getrlimit(RLIMIT_FSIZE, &before);
	limit = (struct rlimit){10, before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	CHECK(!files__new(&files, 1 << 20, false));
	CHECK(!files__open(files, str_from(path_of("full")), &output));
	put(output, "12345\n");
	setrlimit(RLIMIT_FSIZE, &limit);
	put(output, "67890\n");
	put(output, "lost\n");
	setrlimit(RLIMIT_FSIZE, &before);
	put(output, "abc\n");
	put(output, "def\n");
	files__counts(files, &counts);
	CHECK(counts.written == 3 && counts.failed == 2 && !counts.broken && !counts.full);
	files__free(files);
	check_file("full", "12345\n6789\nabc\ndef\n");
}

static void exporters_take_a_path(void)
{
	const struct metrics_export_ops *metrics_ops = metrics_export_find(STR("otlp/stdout"));
	const struct export_ops *ops = export_find(STR("otlp_json_file"));
	struct export_env env = {0};
	struct metrics_exporter *metrics_exporter;
	struct batch *batch = batch__new(1);
	struct metrics *metrics = metrics__new(0);
	struct exporter *exporter;

	CHECK(ops == export_find(STR("file")) && metrics_ops == metrics_export_find(STR("file")));
	CHECK(!files__new(&env.files, 1 << 20, false));
	env.argument = str_from(path_of("spans"));
	CHECK(!ops->open(&exporter, &env));
	CHECK(metrics_ops->open(&metrics_exporter, &env) == -EEXIST);
	env.argument = str_from(path_of("metrics"));
	CHECK(!metrics_ops->open(&metrics_exporter, &env));
	CHECK(ops->send(exporter, batch) == EXPORT_OK);
	CHECK(metrics_ops->send(metrics_exporter, metrics) == EXPORT_OK);
	files__flush(env.files, LONG_MS);
	ops->close(exporter);
	metrics_ops->close(metrics_exporter);
	files__free(env.files);
	batch__put(batch);
	metrics__put(metrics);
	check_file("spans", "{}\n");
	check_file("metrics", "{}\n");
}

int main(void)
{
	static const char *const names[] = {"a", "a.1", "plain", "second", "symlink", "fifo",
					    "b", "c",	"full",	 "spans",  "metrics"};

	alarm(60);
	if (!mkdtemp(folder)) {
		printf("FAIL test_files: no folder %s\n", folder);
		return 1;
	}
	/* what is refused here is said on stderr */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	RUN(appends_and_follows_the_name);
	RUN(refuses_what_is_not_ours);
	RUN(one_signal_a_file);
	RUN(full_and_room_again);
	RUN(exporters_take_a_path);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlink(path_of(names[i]));
	return rmdir(folder) ? 1 : test_status();
}
