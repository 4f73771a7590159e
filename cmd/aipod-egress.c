/*
 * aipod-egress: speak CONNECT on a socket: judge, connect, relay.
 */
#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "asker.h"
#include "buf.h"
#include "conf.h"
#include "confine.h"
#include "gate.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "ready.h"
#include "status.h"
#include "tool.h"
#include "warden.h"
#include "workspace.h"

#define CONNECTIONS	4096		/* at most, at once */
#define TOKEN_MIN	16

static const struct tool tool = {
	"aipod-egress",
	"-s FD | --tcp ADDR:PORT | -n [--token-file FILE] [-m MODE]\n"
	"           [-H FILE] [-r RULES] [-o FILE] [-w DIR] [--ready FD]",
	"  -s, --socket FD      serve on this listening socket\n"
	"      --ready FD       write a line there once it is served\n"
	"  -m, --mode MODE      hosts without a rule: ask, deny, open, record"
	" [ask]\n"
	"  -H, --hosts FILE     write what the relay is to know of the rules\n"
	"  -r, --rules FILE     rules instead of the agent's, the user's and the\n"
	"                       workspace's; may be given again\n"
	"  -o, --output FILE    record: where the rules go  [standard output]\n"
	"      --tcp ADDR:PORT  serve on TCP, with a token\n"
	"      --token-file FILE\n"
	"                       what a client must show as Bearer\n"
	"                       [AIPOD_TOKEN]\n"
	"  -n, --dry-run        print what --hosts would be, and serve nobody\n"
	"  -w, --workdir DIR    the workspace\n"
};

enum { OPT_TCP = 256, OPT_TOKEN, OPT_READY };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "socket", required_argument, NULL, 's' },
	{ "ready", required_argument, NULL, OPT_READY },
	{ "mode", required_argument, NULL, 'm' },
	{ "hosts", required_argument, NULL, 'H' },
	{ "rules", required_argument, NULL, 'r' },
	{ "output", required_argument, NULL, 'o' },
	{ "tcp", required_argument, NULL, OPT_TCP },
	{ "token-file", required_argument, NULL, OPT_TOKEN },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "workdir", required_argument, NULL, 'w' },
	{ NULL, 0, NULL, 0 }
};

struct egress {
	struct loop	 loop;
	struct resolvers resolvers;
	struct judge	 judge;
	struct gate	 gate;
	struct watch	 signals;
	struct warden	 warden;
	struct workspace w;
	const char	*tcp;
	char		*token;
	int		 listener;
	int		 ready;		/* who wants to know, or -1 */
	int		 output;	/* of record mode */
	int		 ended;
};

/* ---- rules --------------------------------------------------------------- */

static void
add_rules(struct warden *w, char *file)
{
	if (w->nfile == WARDEN_FILES)
		errx(ST_USAGE, "more than %d files of rules", WARDEN_FILES);
	w->file[w->nfile++] = file;
}

static void
default_rules(struct egress *e)
{
	const char *name = getenv("AIPOD_AGENT");
	struct agent a;
	char *dir, *own;

	if (name != NULL && *name != '\0' && agent_find(&a, name) == 0) {
		if ((own = agent_path(&a, "rules")) != NULL)
			add_rules(&e->warden, own);
		agent_free(&a);
	}
	/* the launcher's, for this session: its provider of models */
	if ((dir = getenv("AIPOD_SESSION_DIR")) != NULL && *dir == '/')
		add_rules(&e->warden, xasprintf("%s/rules", dir));
	dir = xconf_config_dir();
	add_rules(&e->warden, xasprintf("%s/rules", dir));
	free(dir);
	add_rules(&e->warden, workspace_state(&e->w, "rules"));
}

/* ---- sockets ------------------------------------------------------------- */

static void
xinherited(struct egress *e, const char *s)
{
	int on = 0;
	socklen_t len = sizeof(on);

	e->listener = (int)xnum("socket", s, 0, 1 << 20);
	if (getsockopt(e->listener, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == -1
	    || !on)
		errx(ST_USAGE, "descriptor %s is no listening socket", s);
}

static void
xlisten(struct egress *e)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	    .ai_socktype = SOCK_STREAM }, *ai;
	const char *host;
	char *h, port[8];
	size_t n;
	int number, one = 1;

	if (name_split_port(e->tcp, strlen(e->tcp), &host, &n, &number) == -1)
		errx(ST_USAGE, "tcp '%s': must be ADDRESS:PORT", e->tcp);
	h = xstrndup(host, n);
	snprintf(port, sizeof(port), "%d", number);
	if (getaddrinfo(h, port, &hints, &ai) != 0)
		errx(ST_USAGE, "tcp '%s': must be ADDRESS:PORT", e->tcp);
	if ((e->listener = socket(ai->ai_family, SOCK_STREAM, 0)) == -1 ||
	    setsockopt(e->listener, SOL_SOCKET, SO_REUSEADDR, &one,
	    sizeof(one)) == -1 ||
	    bind(e->listener, ai->ai_addr, ai->ai_addrlen) == -1 ||
	    listen(e->listener, 128) == -1)
		err(ST_SYS, "cannot listen on '%s'", e->tcp);
	freeaddrinfo(ai);
	free(h);
}

/* Of the file, else of the environment, which nothing that we start sees. */
static void
xtoken(struct egress *e, const char *file)
{
	const char *set = getenv("AIPOD_TOKEN");
	int fd;

	if (file == NULL) {
		e->token = xstrdup(set);
		file = "AIPOD_TOKEN";
	} else if ((fd = io_open_trusted(file)) == -1)
		err(errno == EPERM ? ST_USAGE : ST_SYS,
		    "cannot use token file '%s'", file);
	else {
		if ((e->token = io_fd_line(fd)) == NULL)
			err(ST_SYS, "cannot read token file '%s'", file);
		close(fd);
	}
	if (strlen(e->token) < TOKEN_MIN)
		errx(ST_USAGE, "token file '%s': a token has at least %d"
		    " characters", file, TOKEN_MIN);
	unsetenv("AIPOD_TOKEN");
}

static void
xshow_hosts(const struct egress *e)
{
	struct buf b = BUF_INIT;

	if (warden_hosts(&e->warden, &b) == -1)
		exit(ST_USAGE);
	xbuf_put(&b);
	xio_close_stdout();
	exit(ST_YES);
}

/* ---- process ------------------------------------------------------------- */

static void
signalled(struct watch *w, int events)
{
	struct egress *e = w->arg;

	(void)events;
	e->ended = 1;
}

static void
xsignals(struct egress *e)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	e->signals.fn = signalled;
	e->signals.arg = e;
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1 ||
	    (e->signals.fd = signalfd(-1, &set, SFD_CLOEXEC)) == -1 ||
	    loop_want(&e->loop, &e->signals, LOOP_IN) == -1)
		err(ST_SYS, "cannot watch for signals");
}

/* As many descriptors as we may have; so many connections follow. */
static int
raise_limit(void)
{
	struct rlimit r;
	rlim_t n;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		return 64;
	n = CONNECTIONS * 3 + 64;
	if (r.rlim_max != RLIM_INFINITY && r.rlim_max < n)
		n = r.rlim_max;
	if (r.rlim_cur < n) {
		r.rlim_cur = n;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	n = n < 128 ? 16 : (n - 64) / 3;
	return n > CONNECTIONS ? CONNECTIONS : (int)n;
}

static void
xconfine(void)
{
	int got;

	if ((got = confine_dialer()) == -1)
		err(ST_SYS, "cannot confine the process that judges");
	if (tool_verbose > 0)
		warnx("confined by:%s%s%s%s", got == 0 ? " nothing that this"
		    " system has" : "", got & CONFINE_NNP ? " no-new-privileges"
		    : "", got & CONFINE_FILES ? " landlock" : "",
		    got & CONFINE_CALLS ? " seccomp" : "");
}

static void
xrun(struct egress *e)
{
	struct buf rules = BUF_INIT;
	int asker, scribe, warden;

	if (loop_init(&e->loop) == -1)
		err(ST_SYS, "cannot wait for events");
	if ((asker = asker_start(&e->w)) == -1 || (scribe = scribe_start(&e->w,
	    getenv("AIPOD_SESSION"))) == -1 ||
	    (warden = warden_start(&e->warden)) == -1 ||
	    resolvers_start(&e->resolvers, &e->loop) == -1)
		err(ST_SYS, "cannot start a helper");
	xsignals(e);
	e->gate.loop = &e->loop;
	e->gate.resolvers = &e->resolvers;
	e->gate.judge = &e->judge;
	e->gate.token = e->token;
	e->gate.maxconn = raise_limit();
	if (warden_read(warden, &rules) == -1)
		errx(ST_SYS, "a helper process is gone");
	judge_update(&e->judge, &rules);
	if (io_cloexec(e->listener, 1) == -1 ||
	    io_nonblock(e->listener, 1) == -1 ||
	    gate_start(&e->gate, e->listener, asker, scribe, warden) == -1)
		err(ST_SYS, "cannot serve");
	xconfine();
	ready_tell(e->ready);
	while (!e->ended && !e->gate.failed && !e->gate.scribe.failed) {
		gate_flush(&e->gate);
		if (loop_once(&e->loop, alarms_wait(&e->gate.alarms)) == -1)
			err(ST_SYS, "cannot wait for events");
		alarms_ring(&e->gate.alarms);
	}
	gate_stop(&e->gate);
	if (!e->ended)
		errx(ST_SYS, "a helper process is gone");
}

static void
xrecorded(const struct egress *e)
{
	struct buf b = BUF_INIT;

	judge_recorded(&e->judge, &b);
	xbuf_check(&b);
	if (io_writeall(e->output, b.p, b.len) == -1)
		err(ST_SYS, "cannot write the rules that were recorded");
	buf_free(&b);
}

int
main(int argc, char *argv[])
{
	static struct egress e;
	const char *dir = NULL, *mode = "ask", *output = NULL;
	const char *token = NULL;
	int c, m, file = 0, dry_run = 0;

	e.listener = e.ready = -1;
	while ((c = tool_getopt(&tool, argc, argv, "+s:m:H:r:o:w:n", options))
	    != -1)
		switch (c) {
		case 's':
			xinherited(&e, optarg);
			break;
		case 'm':
			mode = optarg;
			break;
		case 'H':
			e.warden.hosts = optarg;
			break;
		case 'r':
			add_rules(&e.warden, xstrdup(optarg));
			file = 1;
			break;
		case 'o':
			output = optarg;
			break;
		case 'w':
			dir = optarg;
			break;
		case 'n':
			dry_run = 1;
			break;
		case OPT_TCP:
			e.tcp = optarg;
			break;
		case OPT_READY:
			e.ready = xready_fd(optarg);
			break;
		case OPT_TOKEN:
			token = optarg;
			break;
		default:
			tool_usage(&tool);
		}
	if (optind != argc ||
	    (e.listener != -1) + (e.tcp != NULL) + dry_run != 1)
		tool_usage(&tool);
	if (e.tcp != NULL ? token == NULL && getenv("AIPOD_TOKEN") == NULL :
	    token != NULL)
		errx(ST_USAGE, "--tcp and --token-file go together");
	if ((m = judge_mode(mode)) == -1)
		errx(ST_USAGE, "mode '%s': must be ask, deny, open or record",
		    mode);
	e.judge.mode = (enum judge_mode)m;
	e.warden.mode = mode;
	e.warden.handover = e.listener != -1;
	e.output = STDOUT_FILENO;
	if (output != NULL && (e.output = open(output, O_WRONLY | O_CREAT |
	    O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)) == -1)
		err(ST_SYS, "cannot open '%s'", output);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	xworkspace_open(&e.w, dir);
	if (!file)
		default_rules(&e);
	if (dry_run)
		xshow_hosts(&e);
	free(xworkspace_make_state(&e.w));
	if (e.tcp != NULL)
		xtoken(&e, token);
	if (e.tcp != NULL)
		xlisten(&e);
	xrun(&e);
	if (e.judge.mode == JUDGE_RECORD)
		xrecorded(&e);
	judge_free(&e.judge);
	warden_free(&e.warden);
	return ST_YES;
}
