#if HAVE_EPOLL
#include <sys/socket.h>

#include <err.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "name.h"
#include "relay.h"
#include "status.h"

static void
xaddress(const char *option, const char *tcp, struct sockaddr_storage *ss,
    socklen_t *len)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *ai;
	const char *host;
	char *h, port[8];
	size_t n;
	int number, rc;

	if (name_split_port(tcp, strlen(tcp), &host, &n, &number) == -1)
		errx(ST_USAGE, "%s '%s': must be HOST:PORT", option, tcp);
	h = xstrndup(host, n);
	snprintf(port, sizeof(port), "%d", number);
	if ((rc = getaddrinfo(h, port, &hints, &ai)) != 0)
		errx(ST_SYS, "cannot find '%s': %s", h, gai_strerror(rc));
	memcpy(ss, ai->ai_addr, ai->ai_addrlen);
	*len = ai->ai_addrlen;
	freeaddrinfo(ai);
	free(h);
}

/* A cluster mounts it as a link. */
static char *
xtoken(const char *file)
{
	char *token;
	int fd;

	if ((fd = open(file, O_RDONLY | O_CLOEXEC)) == -1 ||
	    (token = io_fd_line(fd)) == NULL)
		err(ST_SYS, "cannot read token file '%s'", file);
	close(fd);
	if (token[0] == '\0' || strlen(token) > RELAY_TOKEN)
		errx(ST_USAGE, "token file '%s': a token has 1 to %d"
		    " characters", file, RELAY_TOKEN);
	return token;
}

void
xrelay_away(struct relay *r, const struct relay_away *away)
{
	if (away->token != NULL)
		r->token = xtoken(away->token);
	if (away->tcp != NULL)
		xaddress("tcp", away->tcp, &r->egress, &r->egress_len);
	if (away->mcp != NULL)
		xaddress("mcp-tcp", away->mcp, &r->mcp, &r->mcp_len);
}
#else
typedef int relayaway_needs_linux;
#endif
