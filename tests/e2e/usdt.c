// SPDX-License-Identifier: Apache-2.0
/*
 * A server with USDT probes (provider "twin"), one request a time, each on a connection of its own:
 *
 *	GET /args	event args: arguments wherever the compiler puts them
 *	GET /pair	span work with an event inside within it, of its own semaphore
 *	GET /typed	event typed: texts and floating point; span text, a text at both its ends
 *	GET /deep/N	span level, N times one in the other
 *	any		event after, behind the answer
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sdt.h"

SDT_SEMAPHORE(twin_inside);

struct item {
	int64_t number;
};

/* Not inlined, and asked from outside what it gets: nothing of it is known to the compiler. */
__attribute__((noinline)) static void tell_args(int small, unsigned char byte,
						const struct item *items, long index)
{
	volatile short on_stack = -300;

	SDT_PROBE("twin", "args", "0", "-4@%0 1@%1 8@%2 -2@%3", "r"(small), "q"(byte),
		  "m"(items[index].number), "m"(on_stack));
	SDT_PROBE("twin", "more", "0", "-8@%0 4@%1 8f@%2 -8@8(%3,%4,8)", "i"(-7), "i"(0xfffffff0u),
		  "x"(1.5), "r"(items), "r"(index));
}

/* Arguments of floating point lie in memory, as they do in functions that are not optimised. */
__attribute__((noinline)) static void tell_typed(const char *text, double number)
{
	volatile double wide = number * 2;
	volatile float narrow = 0.5f;

	SDT_PROBE("twin", "typed", "0", "8@%0 8f@%1 4f@%2 8@%3", "nor"(text), "m"(wide),
		  "m"(narrow), "i"(16));
	SDT_PROBE("twin", "text__begin", "0", "8@%0 -4@%1", "nor"(text), "i"(5));
	SDT_PROBE("twin", "text__end", "0", "8@%0", "nor"(text + 4));
}

__attribute__((noinline)) static int work(int n)
{
	SDT_PROBE("twin", "work__start", "0", "-4@%0", "nor"(n));
	if (twin_inside)
		SDT_PROBE("twin", "inside", "twin_inside", "-4@%0", "nor"(n + 1));
	SDT_PROBE("twin", "work__done", "0", "-4@%0", "nor"(n * 2));
	return n * 2;
}

__attribute__((noinline)) static int go_down(int level)
{
	int below;

	SDT_PROBE("twin", "level__entry", "0", "-4@%0", "nor"(level));
	below = level > 1 ? go_down(level - 1) : 0;
	SDT_PROBE("twin", "level__return", "0", "-4@%0", "nor"(level));
	return below + 1;
}

static void serve(int fd, int number)
{
	static const struct item items[] = {{1}, {-5000000000}, {3}};
	char request[1024] = "", answer[128], path[64] = "";
	ssize_t n = read(fd, request, sizeof(request) - 1);
	int result = 0;

	if (n <= 0 || sscanf(request, "GET %63[^ ?]", path) != 1)
		return;
	if (!strcmp(path, "/args"))
		tell_args(-number, 200, items, strlen(path) - 4);
	else if (!strcmp(path, "/pair"))
		result = work(number);
	else if (!strcmp(path, "/typed"))
		tell_typed("SELECT größe FROM a_table WHERE its_name_is_longer_than_63_bytes = 1",
			   number * 0.75);
	else if (!strncmp(path, "/deep/", 6))
		result = go_down(atoi(path + 6));
	n = snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n%08d\n",
		     result);
	if (write(fd, answer, (size_t)n) != n)
		return;
	SDT_PROBE("twin", "after", "0", "-4@%0", "nor"(number));
}

int main(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)&address, &len))
		return 1;
	printf("listening on 127.0.0.1:%d, semaphore at %p\n", ntohs(address.sin_port),
	       (void *)&twin_inside);
	fflush(stdout);
	for (int number = 1;; number++) {
		int client = accept(fd, NULL, NULL);

		if (client < 0)
			return 1;
		serve(client, number);
		close(client);
	}
}
