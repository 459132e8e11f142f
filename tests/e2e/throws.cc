// SPDX-License-Identifier: Apache-2.0
/*
 * A server in C++: GET /N is answered by 2N, which throw_outer() has from throw_inner(), by an
 * exception that it catches; built without exceptions, by a result. Then it bears a symbol that Rust's
 * programs have, even those whose panics end them at once.
 */
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

extern "C" int throw_inner(int n);
extern "C" int throw_outer(int n);

/* What compilers cannot see through. */
static int (*volatile identity)(int n) = abs;
static int (*volatile inner)(int n) = throw_inner;
static int (*volatile outer)(int n) = throw_outer;

#ifdef __cpp_exceptions
int throw_inner(int n)
{
	throw identity(n) + n;
}

int throw_outer(int n)
{
	try {
		return inner(n);
	} catch (int caught) {
		return identity(caught);
	}
}
#else
extern "C" void rust_eh_personality() {}

int throw_inner(int n)
{
	return identity(n) + n;
}

int throw_outer(int n)
{
	return identity(inner(n));
}
#endif

static void serve(int fd)
{
	char request[1024] = "";
	int n = 0;

	if (read(fd, request, sizeof(request) - 1) <= 0 || sscanf(request, "GET /%d", &n) != 1)
		return;
	std::string body = std::to_string(outer(n)), answer = "HTTP/1.1 200 OK\r\nContent-Length: ";

	answer += std::to_string(body.size()) + "\r\n\r\n" + body;
	if (write(fd, answer.data(), answer.size()) < 0)
		abort();
}

int main()
{
	sockaddr_in address = {};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (sockaddr *)&address, len) || listen(fd, 64) ||
	    getsockname(fd, (sockaddr *)&address, &len))
		return 1;
	printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		int client = accept(fd, nullptr, nullptr);

		if (client < 0)
			return 1;
		serve(client);
		close(client);
	}
}
