/*
 * net serve PORT: on 127.0.0.1, "e" is answered with a byte, "b" with zeroes
 * for as long as they are read, and after "k", a byte, the connection stays.
 * net bulk MB ADDR PORT [CONNECT-TO]: read so much and print MB/s.
 * net conns SECONDS ADDR PORT [CONNECT-TO]: 8 processes connect, ask "e" and
 * close; print how often a second.
 * net hold N ADDR PORT [CONNECT-TO]: open N connections, exchange a byte on each,
 * print N, and keep them until standard input ends.
 * CONNECT-TO: through an HTTP proxy.
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char block[256 * 1024];

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sockaddr_in
address(const char *addr, const char *port)
{
	struct sockaddr_in sin;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = inet_addr(addr);
	sin.sin_port = htons((unsigned short)strtol(port, NULL, 10));
	return sin;
}

static void
limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

static void
serve(const char *port)
{
	struct sockaddr_in sin = address("127.0.0.1", port);
	int s, fd, one = 1;
	char c;

	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	s = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(s, 4096) == -1)
		err(1, "listen");
	limit();
	for (;;) {
		if ((fd = accept(s, NULL, NULL)) == -1)
			continue;
		if (recv(fd, &c, 1, MSG_PEEK) == 1 && c == 'b') {
			if (fork() == 0)
				for (;;)
					if (write(fd, block, sizeof(block)) <= 0)
						_exit(0);
		} else if (read(fd, &c, 1) == 1 && write(fd, "x", 1) != 1)
			warn("write");
		if (c != 'k')
			close(fd);
	}
}

static int
dial(char *const *to)
{
	struct sockaddr_in sin = address(to[0], to[1]);
	char head[4096];
	int fd, n, len = 0;

	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "connect");
	if (to[2] == NULL)
		return fd;
	dprintf(fd, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", to[2], to[2]);
	/* nothing follows the head before we have spoken */
	do {
		n = (int)read(fd, head + len, sizeof(head) - (size_t)len);
		if (n <= 0)
			errx(1, "proxy hung up: %.*s", len, head);
		len += n;
	} while (len < 4 || memcmp(head + len - 4, "\r\n\r\n", 4) != 0);
	if (memcmp(head + 8, " 200", 4) != 0)
		errx(1, "proxy: %.*s", len, head);
	return fd;
}

static void
bulk(double mb, char *const *to)
{
	double got = 0, start;
	ssize_t n;
	int fd = dial(to);

	if (write(fd, "b", 1) != 1)
		err(1, "write");
	start = now();
	while (got < mb * 1e6) {
		if ((n = read(fd, block, sizeof(block))) <= 0)
			err(1, "read");
		got += (double)n;
	}
	printf("%.0f\n", got / 1e6 / (now() - start));
}

static void
conns(double seconds, char *const *to)
{
	struct linger hard = { 1, 0 };
	double start = now();
	int p[2], i, fd, count = 0, total = 0;
	char c;

	if (pipe(p) == -1)
		err(1, "pipe");
	for (i = 0; i < 8; i++) {
		if (fork() != 0)
			continue;
		while (now() - start < seconds) {
			fd = dial(to);
			if (write(fd, "e", 1) != 1 || read(fd, &c, 1) != 1)
				err(1, "echo");
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard,
			    sizeof(hard));
			close(fd);
			count++;
		}
		if (write(p[1], &count, sizeof(count)) != sizeof(count))
			_exit(1);
		_exit(0);
	}
	close(p[1]);
	while (read(p[0], &count, sizeof(count)) == sizeof(count))
		total += count;
	printf("%.0f\n", total / (now() - start));
}

static void
hold(int n, char *const *to)
{
	char c;
	int i, fd;

	limit();
	for (i = 0; i < n; i++) {
		fd = dial(to);
		if (write(fd, "k", 1) != 1 || read(fd, &c, 1) != 1)
			err(1, "connection %d", i);
	}
	printf("%d\n", n);
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
}

int
main(int argc, char *argv[])
{
	if (argc == 3)
		serve(argv[2]);
	if (argc < 5)
		return 100;
	if (strcmp(argv[1], "bulk") == 0)
		bulk(strtod(argv[2], NULL), argv + 3);
	else if (strcmp(argv[1], "hold") == 0)
		hold((int)strtol(argv[2], NULL, 10), argv + 3);
	else
		conns(strtod(argv[2], NULL), argv + 3);
	return 0;
}
