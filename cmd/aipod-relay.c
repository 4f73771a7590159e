/*
 * aipod-relay: be PID 1 in the container: reap, resolve, relay.
 */
#include <sys/types.h>
#include <sys/resource.h>
#include <sys/socket.h>
#if HAVE_EPOLL
#include <sys/prctl.h>
#endif

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "buf.h"
#include "hold.h"
#include "init.h"
#include "io.h"
#include "login.h"
#include "mem.h"
#include "name.h"
#include "oom.h"
#include "relay.h"
#include "sock.h"
#include "status.h"
#include "svcwire.h"
#include "tool.h"

#define START_MAX	(4 * 1024 * 1024)

static const struct tool tool = {
	"aipod-relay",
	"[-msv] [-d DIR] [--tcp HOST:PORT] [--mcp-tcp HOST:PORT]\n"
	"           [--token-file FILE] --start FILE | -- COMMAND [ARG ...]\n"
	"       aipod-relay --service [-v] [-d DIR] -- COMMAND [ARG ...]\n"
	"       aipod-relay --join -- COMMAND [ARG ...]",
	"  -d, --dir DIR        where the host's sockets are    [/run/aipod]\n"
	"      --tcp HOST:PORT  reach aipod-egress here, not at DIR/egress.sock\n"
	"      --mcp-tcp HOST:PORT\n"
	"                       reach aipod-mcpd here, not at DIR/mcp.sock\n"
	"      --token-file FILE\n"
	"                       what they want to be shown\n"
	"      --link PATH=TO   a symbolic link, unless something is there\n"
	"      --login FILE     the agent's login, to be as it is on the host\n"
	"      --start FILE     environment and command, NUL after each word\n"
	"  -m, --mcp-only       resolve and relay nothing but MCP\n"
	"  -s, --strict         run nothing when a port cannot be had\n"
	"      --service        be the relay of a service's container\n"
	"      --join           be none, and have COMMAND held back as the box's is\n"
};

enum {
	OPT_TCP = 256, OPT_MCP, OPT_TOKEN, OPT_START, OPT_SERVICE, OPT_LOGIN,
	OPT_LINK, OPT_JOIN
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "dir", required_argument, NULL, 'd' },
	{ "tcp", required_argument, NULL, OPT_TCP },
	{ "mcp-tcp", required_argument, NULL, OPT_MCP },
	{ "token-file", required_argument, NULL, OPT_TOKEN },
	{ "link", required_argument, NULL, OPT_LINK },
	{ "login", required_argument, NULL, OPT_LOGIN },
	{ "start", required_argument, NULL, OPT_START },
	{ "mcp-only", no_argument, NULL, 'm' },
	{ "strict", no_argument, NULL, 's' },
	{ "service", no_argument, NULL, OPT_SERVICE },
	{ "join", no_argument, NULL, OPT_JOIN },
	{ NULL, 0, NULL, 0 }
};

#if HAVE_EPOLL
static void
network(void *arg, int ready)
{
	if (relay_run(arg, ready) == -1)
		warn("cannot relay");
}

/* The command's limit stays as it was; ours becomes what is allowed. */
static void
raise_limit(struct rlimit *was)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, was) == -1)
		err(ST_SYS, "cannot read the limit of open files");
	lim = *was;
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
}

static void
extend_path(const char *dir)
{
	const char *path = getenv("PATH");
	char *longer;

	if (path == NULL || *path == '\0')
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
		    "/sbin:/bin";
	longer = xasprintf("%s:%s/bin", path, dir);
	if (setenv("PATH", longer, 1) == -1)
		err(ST_SYS, "cannot set PATH");
	free(longer);
}

/* As it is on the host, before anything looks for it; then both ways. */
static void
share_login(const char *sock, const char *file)
{
	pid_t parent = getpid();
	int fd = login_begin(sock, file);

	if (fd == -1) {
		warn("cannot share the login '%s'", file);
		return;
	}
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(ST_SYS);
		setsid();
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		login_follow(fd, file);
		_exit(0);
	}
	close(fd);
}

static int
run(const char *dir, int mcp_only, int strict, const struct relay_away *away,
    const char *login, char *const *argv)
{
	static struct relay relay;
	struct init init;
	enum relay_fixed failed;
	char *life, *sock;
	int status;

	memset(&init, 0, sizeof(init));
	relay.dir = dir;
	relay.mcp_only = mcp_only;
	xrelay_away(&relay, away);
	raise_limit(&init.nofile);
	if (relay_bind(&relay, &failed) != 0 && (strict || tool_verbose >= 0)) {
		warn("cannot listen on '%s'%s", relay_fixed_name(failed),
		    errno != EACCES ? "" : " (run the container with --sysctl"
		    " net.ipv4.ip_unprivileged_port_start=0)");
		if (strict)
			return ST_SYS;
	}
	extend_path(dir);
	init.argv = argv;
	init.verbose = tool_verbose > 0;
	init.helper = network;
	init.arg = &relay;
	init.life = life = xasprintf("%s/life.sock", dir);
	sock = xasprintf("%s/" LOGIN_SOCK, dir);
	if (login != NULL)
		share_login(sock, login);
	status = init_run(&init);
	if (login != NULL)
		login_last(sock, login);
	free(sock);
	free(life);
	return status;
}

struct inner {
	struct relay	 relay;
	int		 listener;
};

static void
inner_network(void *arg, int ready)
{
	struct inner *in = arg;

	if (relay_inner_run(&in->relay, in->listener, ready) == -1)
		warn("cannot relay");
}

static void
take_environment(const struct buf *env)
{
	char *p, *eq, *next;

	for (p = env->p; p < env->p + env->len; p = next) {
		if ((next = memchr(p, '\0', env->len - (size_t)(p - env->p))) ==
		    NULL || (eq = strchr(p, '=')) == NULL)
			errx(ST_SYS, "what the host sent is no environment");
		next++;
		*eq = '\0';
		if (setenv(p, eq + 1, 1) == -1)
			err(ST_SYS, "cannot set '%s'", p);
	}
}

/* The host sends where to listen, where to log, and the environment. */
static int
run_service(const char *dir, char *const *argv)
{
	static struct inner in;
	struct init init;
	struct buf env = BUF_INIT;
	char *path = xasprintf("%s/" SVCWIRE_SOCK, dir);
	int fds[SVCWIRE_FDS], status;

	memset(&init, 0, sizeof(init));
	if ((init.tied = sock_connect(path)) == -1 ||
	    svcwire_recv(init.tied, fds, &env, INIT_PATIENCE * 1000) == -1)
		err(ST_SYS, "cannot reach the host at '%s'", path);
	free(path);
	take_environment(&env);
	buf_free(&env);
	if (dup2(fds[SVCWIRE_LOG], STDOUT_FILENO) == -1 ||
	    dup2(fds[SVCWIRE_LOG], STDERR_FILENO) == -1)
		err(ST_SYS, "cannot write to the log");
	close(fds[SVCWIRE_LOG]);
	in.listener = fds[SVCWIRE_LISTENER];
	in.relay.dir = dir;
	raise_limit(&init.nofile);
	init.argv = argv;
	init.verbose = tool_verbose > 0;
	init.helper = inner_network;
	init.arg = &in;
	status = init_run(&init);
	svcwire_end(init.tied, status, status != 0 && oom_happened());
	return status;
}
#else
static int
run(const char *dir, int mcp_only, int strict, const struct relay_away *away,
    const char *login, char *const *argv)
{
	(void)away;
	(void)login;
	(void)dir;
	(void)mcp_only;
	(void)strict;
	errx(ST_SYS, "cannot run '%s': this system has no epoll(7)", argv[0]);
}

static int
run_service(const char *dir, char *const *argv)
{
	return run(dir, 0, 0, NULL, NULL, argv);
}
#endif

/* In a box that is up already: what comes in is held back as the rest. */
static int
join(char *const *argv)
{
	int saved;

	if (hold_back() == -1)
		err(ST_SYS, "cannot filter system calls");
	execvp(argv[0], argv);
	saved = errno;
	warn("cannot run '%s'", argv[0]);
	return saved == ENOENT ? ST_NOTFOUND : ST_NOEXEC;
}

/* What the box was lent, where a program looks for it. */
static void
make_link(const char *arg)
{
	char *path = xstrdup(arg), *to = strchr(path, '='), *dir, *slash;

	if (to == NULL)
		errx(ST_USAGE, "link '%s': must be PATH=TO", arg);
	*to++ = '\0';
	dir = xstrdup(path);
	if ((slash = strrchr(dir, '/')) != NULL && slash != dir) {
		*slash = '\0';
		io_mkdirs(dir);
	}
	if (symlink(to, path) == -1 && errno != EEXIST)
		warn("cannot make the link '%s'", path);
	free(dir);
	free(path);
}

/* The environment up to an empty word, then the command. */
static char **
xstart_words(const char *file)
{
	struct buf b = BUF_INIT;
	struct argv words = ARGV_INIT;
	char *p, *end;
	int env = 1;

	if (io_slurp_at(AT_FDCWD, file, &b, START_MAX) == -1)
		err(ST_SYS, "cannot read '%s'", file);
	if (b.len == 0 || b.p[b.len - 1] != '\0')
		errx(ST_SYS, "'%s' ends in the middle of a word", file);
	for (p = b.p, end = b.p + b.len; p < end; p += strlen(p) + 1)
		if (!env)
			argv_add(&words, p);
		else if (*p == '\0')
			env = 0;
		else if (putenv(xstrdup(p)) != 0)
			err(ST_SYS, "cannot set the environment");
	if (words.n == 0)
		errx(ST_SYS, "'%s' has no command", file);
	buf_free(&b);
	return words.v;
}

int
main(int argc, char *argv[])
{
	struct relay_away away = { NULL, NULL, NULL };
	const char *dir = "/run/aipod";
	const char *start = NULL, *login = NULL;
	int c, joins = 0, mcp_only = 0, service = 0, strict = 0;

	while ((c = tool_getopt(&tool, argc, argv, "+d:ms", options)) != -1)
		switch (c) {
		case 'd':
			dir = optarg;
			break;
		case OPT_TCP:
			away.tcp = optarg;
			break;
		case OPT_MCP:
			away.mcp = optarg;
			break;
		case OPT_TOKEN:
			away.token = optarg;
			break;
		case OPT_LINK:
			make_link(optarg);
			break;
		case OPT_LOGIN:
			login = optarg;
			break;
		case OPT_START:
			start = optarg;
			break;
		case 'm':
			mcp_only = 1;
			break;
		case 's':
			strict = 1;
			break;
		case OPT_SERVICE:
			service = 1;
			break;
		case OPT_JOIN:
			joins = 1;
			break;
		default:
			tool_usage(&tool);
		}
	if ((optind == argc) != (start != NULL) ||
	    (away.tcp == NULL && away.mcp == NULL) != (away.token == NULL))
		tool_usage(&tool);
	if (joins && start == NULL)
		return join(argv + optind);
	if (service && start == NULL)
		return run_service(dir, argv + optind);
	return run(dir, mcp_only, strict, &away, login,
	    start != NULL ? xstart_words(start) : argv + optind);
}
