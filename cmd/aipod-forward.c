/*
 * aipod-forward: a port inside of the container, on the host's loopback.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "choose.h"
#include "forward.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "rec.h"
#include "session.h"
#include "sock.h"
#include "status.h"
#include "tool.h"

static const struct tool tool = {
	"aipod-forward",
	"[-w DIR] [-s SESSION] PORT[:HOSTPORT]",
	"  -s, --session ID     this session              [the only one]\n"
	"  -w, --workdir DIR    the workspace         [the working directory]\n"
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "session", required_argument, NULL, 's' },
	{ "workdir", required_argument, NULL, 'w' },
	{ NULL, 0, NULL, 0 }
};

/* PORT[:HOSTPORT]; the host's is the same unless it is said. */
static void
parse_ports(const char *s, int *port, int *hostport)
{
	const char *colon = strchr(s, ':');
	char *first = xstrndup(s, colon != NULL ? (size_t)(colon - s) :
	    strlen(s));

	*port = (int)xnum("PORT", first, 1, 65535);
	*hostport = colon == NULL ? *port :
	    (int)xnum("HOSTPORT", colon + 1, 0, 65535);
	free(first);
}

/* Listen on 127.0.0.1; *port 0 becomes the one that was free. */
static int
xlisten_tcp(int *port)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int fd, one = 1;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((uint16_t)*port);
	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    io_cloexec(fd, 1) == -1 || io_nonblock(fd, 1) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 128) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		err(ST_SYS, "cannot listen on '127.0.0.1:%d'", *port);
	*port = ntohs(sin.sin_port);
	return fd;
}

/* The socket that the container dials; its user's, like all that is there. */
static int
xlisten_unix(const char *dir, const char *name, const char *path)
{
	struct stat st;
	int fd;

	if (unlink(path) == -1 && errno != ENOENT)
		err(ST_SYS, "cannot remove '%s'", path);
	if ((fd = sock_listen_at(dir, name, 16)) == -1 ||
	    io_nonblock(fd, 1) == -1)
		err(ST_SYS, "cannot listen on '%s'", path);
	if (geteuid() == 0 && (stat(dir, &st) == -1 ||
	    lchown(path, st.st_uid, st.st_gid) == -1))
		err(ST_SYS, "cannot hand over '%s'", path);
	return fd;
}

static void
announce(int port, int hostport)
{
	char from[8], to[32];
	const char *f[2] = { from, to };

	snprintf(from, sizeof(from), "%d", port);
	snprintf(to, sizeof(to), "127.0.0.1:%d", hostport);
	rec_line(stdout, 2, f);
	xio_close_stdout();
}

int
main(int argc, char *argv[])
{
	const char *workdir = NULL, *id = NULL;
	struct forwarder f;
	struct session s;
	char *dir, *name, *path;
	int c, hostport, rc;

	while ((c = tool_getopt(&tool, argc, argv, "+s:w:", options)) != -1)
		switch (c) {
		case 's':
			id = optarg;
			break;
		case 'w':
			workdir = optarg;
			break;
		default:
			tool_usage(&tool);
		}
	if (argc - optind != 1)
		tool_usage(&tool);
	memset(&f, 0, sizeof(f));
	parse_ports(argv[optind], &f.port, &hostport);
	xchoose_session(&s, id, workdir);
	dir = xasprintf("%s/run", s.dir);
	f.tcp = xlisten_tcp(&hostport);
	name = xasprintf("forward-%d.sock", hostport);
	path = xasprintf("%s/%s", dir, name);
	f.box = xlisten_unix(dir, name, path);
	f.path = path;
	announce(f.port, hostport);
	if ((rc = forward_run(&f)) == -1)
		warn("cannot forward");
	unlink(path);
	return rc == -1 ? ST_SYS : ST_YES;
}
