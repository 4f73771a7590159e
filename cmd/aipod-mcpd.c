/*
 * aipod-mcpd: speak MCP on a socket.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if HAVE_PRCTL
#include <sys/prctl.h>
#endif

#include "child.h"
#include "conf.h"
#include "confine.h"
#include "hash.h"
#include "io.h"
#include "mcpfront.h"
#include "mcprun.h"
#include "mem.h"
#include "num.h"
#include "ready.h"
#include "session.h"
#include "status.h"
#include "tool.h"
#include "workspace.h"

#define TOKEN_MIN	16

static const struct tool tool = {
	"aipod-mcpd",
	"[-k SECONDS] [-t SECONDS] [--host-name NAME] [-w DIR]\n"
	"                  [--ready FD] -s FD | [-l ADDRESS:PORT] [--token-file FILE]",
	"  -s, --socket FD        serve this listening socket and end with the\n"
	"                         parent process\n"
	"      --ready FD         write a line there once it is served\n"
	"  -l, --listen ADDR:PORT listen there            [127.0.0.1:7822]\n"
	"      --token-file FILE  what a client must show  [STATE/HASH/token]\n"
	"      --host-name NAME   another name that clients may call this host\n"
	"  -k, --keepalive SECS   signs of life in a stream, every   [10]\n"
	"  -t, --timeout SECS     time a client has to ask or listen [30]\n"
	"  -w, --workdir DIR      the workspace         [the working directory]\n"
};

enum { OPT_TOKEN = 256, OPT_HOST, OPT_READY };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "socket", required_argument, NULL, 's' },
	{ "ready", required_argument, NULL, OPT_READY },
	{ "listen", required_argument, NULL, 'l' },
	{ "token-file", required_argument, NULL, OPT_TOKEN },
	{ "host-name", required_argument, NULL, OPT_HOST },
	{ "keepalive", required_argument, NULL, 'k' },
	{ "timeout", required_argument, NULL, 't' },
	{ "workdir", required_argument, NULL, 'w' },
	{ NULL, 0, NULL, 0 }
};

struct args {
	int		 socket;	/* -1: listen */
	int		 ready;		/* who wants to know, or -1 */
	const char	*listen;
	const char	*token_file;
	const char	*workdir;
};

/* The token of a file that nobody else can read. */
static char *
xread_token(const char *path)
{
	struct stat st;
	char *line;
	int fd;

	if ((fd = io_open_trusted(path)) == -1 || fstat(fd, &st) == -1)
		err(ST_USAGE, "cannot use token file '%s'", path);
	close(fd);
	if ((st.st_mode & (S_IRGRP | S_IROTH)) != 0)
		errx(ST_USAGE, "token file '%s' can be read by others: chmod"
		    " 600 it", path);
	if ((line = io_line(path)) == NULL)
		err(ST_USAGE, "cannot read token file '%s'", path);
	return line;
}

/* The file named, AIPOD_TOKEN, or a file of the workspace's own. */
static char *
xtoken(const struct args *a, const struct workspace *w)
{
	const char *env = getenv("AIPOD_TOKEN");
	char *path, *token, fresh[65];

	if (a->token_file != NULL)
		token = xread_token(a->token_file);
	else if (env != NULL)
		token = xstrdup(env);
	else {
		path = workspace_state(w, "token");
		if (access(path, F_OK) == -1) {
			xworkspace_make_state(w);
			if (rand_hex(fresh, sizeof(fresh) - 1) == -1 ||
			    io_put_line(path, fresh) == -1)
				err(ST_SYS, "cannot make '%s'", path);
		}
		token = xread_token(path);
		if (tool_verbose >= 0)
			warnx("the token is in '%s'", path);
		free(path);
	}
	if (strlen(token) < TOKEN_MIN)
		errx(ST_USAGE, "the token has fewer than %d characters",
		    TOKEN_MIN);
	return token;
}

static void
announce(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char host[64], port[8];

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1 ||
	    getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port,
	    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		errx(ST_SYS, "cannot tell the address that is listened on");
	printf(strchr(host, ':') ? "http://[%s]:%s/mcp\n" :
	    "http://%s:%s/mcp\n", host, port);
	if (fflush(stdout) == EOF)
		err(ST_SYS, "cannot write standard output");
}

static int
xlisten(const char *where)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *ai;
	char *host = xstrdup(where), *port, *name = host;
	int fd, on = 1, rc;

	if ((port = strrchr(host, ':')) == NULL || port == host)
		errx(ST_USAGE, "'%s': must be ADDRESS:PORT", where);
	*port++ = '\0';
	if (*name == '[' && port[-2] == ']') {
		port[-2] = '\0';
		name++;
	}
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	if ((rc = getaddrinfo(name, port, &hints, &ai)) != 0)
		errx(ST_USAGE, "'%s': %s", where, gai_strerror(rc));
	if ((fd = socket(ai->ai_family, SOCK_STREAM, 0)) == -1)
		err(ST_SYS, "cannot make a socket");
	io_cloexec(fd, 1);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1 ||
	    listen(fd, 128) == -1)
		err(ST_SYS, "cannot listen on '%s'", where);
	freeaddrinfo(ai);
	free(host);
	return fd;
}

static void
die_with_parent(pid_t parent)
{
#if HAVE_PRCTL
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1)
		err(ST_SYS, "cannot ask to end with the parent process");
#endif
	if (getppid() != parent)
		exit(ST_SYS);
}

/* Descriptors 0, 1 and 2 must be something: tools are given them. */
static void
xsane_fds(void)
{
	int fd;

	do
		if ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
			err(ST_SYS, "cannot open '/dev/null'");
	while (fd <= STDERR_FILENO);
	close(fd);
}

/* The tools' programs name ours without their directory. */
static void
xpath_env(void)
{
	const char *own = getenv("AIPOD_EXEC_PATH"), *path = getenv("PATH");
	char *s = xasprintf("%s%s%s:%s", own != NULL ? own : "",
	    own != NULL ? ":" : "", LIBEXECDIR,
	    path != NULL ? path : "/usr/bin:/bin");

	if (setenv("PATH", s, 1) == -1)
		err(ST_SYS, "cannot set PATH");
	free(s);
}

/*
 * What the tools are told of the session.  Without a launcher this server is
 * one of its own, which lasts as long as it holds the lock.
 */
static void
xsession_env(const struct args *a, struct session *own)
{
	struct workspace w;
	char pid[16];
	int lock;

	memset(own, 0, sizeof(*own));
	xworkspace_open(&w, a->workdir);
	if (getenv("AIPOD_SESSION_DIR") == NULL && a->socket == -1) {
		free(xconf_make_runtime_dir());
		snprintf(pid, sizeof(pid), "%ld", (long)getpid());
		if (session_make(&w, own, &lock) == -1 ||
		    session_put(own, "workspace", w.path) == -1 ||
		    session_put(own, "server", pid) == -1)
			err(ST_SYS, "cannot make a session");
		if (setenv("AIPOD_SESSION", own->id, 1) == -1 ||
		    setenv("AIPOD_SESSION_DIR", own->dir, 1) == -1)
			err(ST_SYS, "cannot name the session");
	}
	if (setenv("AIPOD_WORKSPACE", w.path, 1) == -1 || chdir(w.path) == -1)
		err(ST_SYS, "cannot enter '%s'", w.path);
	workspace_free(&w);
	/* what the tools run has no business with it */
	unsetenv("AIPOD_TOKEN");
}

static void
front(struct front_config *conf, int listener, int channel, int ready)
{
	int got;

	if ((got = confine_server()) == -1)
		err(ST_SYS, "cannot confine the process that parses");
	if (tool_verbose > 0)
		warnx("confined by:%s%s%s%s%s", got == 0 ? " nothing that"
		    " this kernel has" : "",
		    got & CONFINE_NNP ? " no_new_privs" : "",
		    got & CONFINE_FILES ? " landlock" : "",
		    got & CONFINE_NET ? " landlock-net" : "",
		    got & CONFINE_CALLS ? " seccomp" : "");
	ready_tell(ready);
	got = mcpfront(conf, listener, channel);
	front_config_free(conf);
	exit(got == -1 ? ST_SYS : ST_YES);
}

/* Two processes: the child parses what is foreign, this one runs tools. */
static int
serve(struct front_config *conf, int listener, int ready)
{
	int pair[2], rc, status;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		err(ST_SYS, "cannot make a socket pair");
	io_cloexec(pair[0], 1);
	io_cloexec(pair[1], 1);
	if ((pid = fork()) == -1)
		err(ST_SYS, "cannot fork");
	if (pid == 0) {
		close(pair[0]);
		front(conf, listener, pair[1], ready);
	}
	close(pair[1]);
	close(listener);
	if (ready != -1)
		close(ready);
	rc = mcprun(&conf->tools, pair[0]);
	close(pair[0]);
	front_config_free(conf);
	if (rc == -1) {
		kill(pid, SIGKILL);
		errx(ST_SYS, "the process that parses broke the interface");
	}
	if ((status = child_wait(pid)) != 0)
		errx(ST_SYS, "the process that parses ended with status %d",
		    status);
	return ST_YES;
}

static void
init(struct args *a, struct front_config *conf)
{
	static const char *const hosts[] = { "localhost", "127.0.0.1",
	    "[::1]", "host.containers.internal" };

	memset(a, 0, sizeof(*a));
	a->socket = a->ready = -1;
	conf->timeout = 30000;
	conf->tick = 10000;
	memcpy(conf->gate.host, hosts, sizeof(hosts));
	conf->gate.nhost = sizeof(hosts) / sizeof(hosts[0]);
}

static void
read_options(int argc, char *argv[], struct args *a, struct front_config *conf)
{
	int c;

	while ((c = tool_getopt(&tool, argc, argv, "+s:l:k:t:w:", options))
	    != -1)
		switch (c) {
		case 's':
			a->socket = (int)xnum("--socket", optarg, 0, 65535);
			break;
		case 'l':
			a->listen = optarg;
			break;
		case OPT_READY:
			a->ready = xready_fd(optarg);
			break;
		case OPT_TOKEN:
			a->token_file = optarg;
			break;
		case OPT_HOST:
			if (conf->gate.nhost == GATE_HOSTS)
				errx(ST_USAGE, "too many --host-name");
			conf->gate.host[conf->gate.nhost++] = optarg;
			break;
		case 'k':
			conf->tick = xnum("--keepalive", optarg, 1, 25) * 1000;
			break;
		case 't':
			conf->timeout = xnum("--timeout", optarg, 1, 60) * 1000;
			break;
		case 'w':
			a->workdir = optarg;
			break;
		default:
			tool_usage(&tool);
		}
	if (optind < argc || (a->socket != -1 && a->listen != NULL))
		tool_usage(&tool);
}

int
main(int argc, char *argv[])
{
	struct front_config *conf = xcalloc(1, sizeof(*conf));
	struct workspace w;
	struct args a;
	pid_t parent = getppid();
	struct session own;
	int fd, rc, on = 1;

	xsane_fds();
	init(&a, conf);
	read_options(argc, argv, &a, conf);
	if ((fd = a.socket) != -1) {
		die_with_parent(parent);
		if (io_cloexec(fd, 1) == -1 ||
		    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on,
		    &(socklen_t){ sizeof(on) }) == -1 || on == 0)
			errx(ST_USAGE, "'%d' is no listening socket", fd);
	}
	if (fd == -1 || a.token_file != NULL) {
		xworkspace_open(&w, a.workdir);
		conf->gate.token = xtoken(&a, &w);
		workspace_free(&w);
	}
	xmcptools_load(&conf->tools);
	xfront_installs(conf);
	xpath_env();
	if (fd == -1)
		fd = xlisten(a.listen != NULL ? a.listen : "127.0.0.1:7822");
	xsession_env(&a, &own);
	if (a.socket == -1)
		announce(fd);
	on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	rc = serve(conf, fd, a.ready);
	if (own.dir != NULL && session_remove(&own) == -1)
		warn("cannot remove '%s'", own.dir);
	free(own.dir);
	return rc;
}
