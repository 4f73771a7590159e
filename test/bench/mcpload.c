/*
 * mcpload: keep-alive POSTs of one body on some connections at once.
 *
 * usage: mcpload PORT CONNECTIONS SECONDS TOKEN BODY
 *
 * Prints requests a second, and the median and 99th percentile in
 * microseconds.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CONNS	512
#define SAMPLES	4000000

struct conn {
	int	 fd;
	size_t	 got;
	double	 since;
	char	 in[8192];
};

static struct conn conn[CONNS];
static float *sample;
static size_t nsample;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
ask(struct conn *c, const char *request, size_t n)
{
	c->got = 0;
	c->since = now();
	if (write(c->fd, request, n) != (ssize_t)n)
		err(111, "write");
}

/* 1 when the whole answer is there. */
static int
answered(struct conn *c)
{
	const char *end, *len;
	ssize_t r;

	r = read(c->fd, c->in + c->got, sizeof(c->in) - 1 - c->got);
	if (r <= 0)
		errx(111, "the server closed a connection");
	c->got += (size_t)r;
	c->in[c->got] = '\0';
	if ((end = strstr(c->in, "\r\n\r\n")) == NULL)
		return 0;
	if (strncmp(c->in, "HTTP/1.1 200", 12) != 0)
		errx(111, "the server said: %s", c->in);
	if ((len = strcasestr(c->in, "\r\ncontent-length:")) != NULL &&
	    len < end)
		return c->got >= (size_t)(end + 4 - c->in) +
		    strtoul(len + 17, NULL, 10);
	return strstr(end, "\r\n0\r\n\r\n") != NULL;
}

static int
compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void
connect_to(struct conn *c, int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int on = 1;

	sin.sin_port = htons((unsigned short)port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((c->fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    connect(c->fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(111, "connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

int
main(int argc, char *argv[])
{
	static char request[65536];
	struct pollfd p[CONNS];
	double start, end, t;
	int i, n, len, open;

	if (argc != 6 || (n = (int)strtol(argv[2], NULL, 10)) < 1 || n > CONNS)
		errx(100, "usage: mcpload PORT CONNECTIONS SECONDS TOKEN BODY");
	len = snprintf(request, sizeof(request), "POST /mcp HTTP/1.1\r\n"
	    "Host: localhost\r\nContent-Type: application/json\r\n"
	    "Accept: application/json, text/event-stream\r\n"
	    "Authorization: Bearer %s\r\n"
	    "Content-Length: %zu\r\n\r\n%s", argv[4], strlen(argv[5]), argv[5]);
	if ((sample = calloc(SAMPLES, sizeof(*sample))) == NULL)
		err(111, "calloc");
	start = now();
	end = start + strtod(argv[3], NULL);
	for (i = 0; i < n; i++) {
		connect_to(&conn[i], (int)strtol(argv[1], NULL, 10));
		ask(&conn[i], request, (size_t)len);
		p[i] = (struct pollfd){ conn[i].fd, POLLIN, 0 };
	}
	/* what is under way at the end is waited for, not counted */
	for (open = n; open > 0;) {
		if (poll(p, (nfds_t)n, 10000) < 1)
			errx(111, "no answer for ten seconds");
		for (i = 0; i < n; i++) {
			if (p[i].revents == 0 || !answered(&conn[i]))
				continue;
			if ((t = now()) < end && nsample < SAMPLES) {
				sample[nsample++] = (float)(t - conn[i].since);
				ask(&conn[i], request, (size_t)len);
			} else {
				p[i].fd = -1;
				open--;
			}
		}
	}
	qsort(sample, nsample, sizeof(*sample), compare);
	printf("%.0f %.0f %.0f\n", (double)nsample / (end - start),
	    sample[nsample / 2] * 1e6, sample[nsample * 99 / 100] * 1e6);
	return 0;
}
