/*
 * aipod-launch: put the session together and run the agent, or any command.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "box.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "gitguard.h"
#include "hash.h"
#include "prepare.h"
#include "sock.h"
#include "status.h"
#include "supervise.h"
#include "term.h"
#include "tool.h"

static const struct tool tool = {
	"aipod-launch",
	"[-nqv] [-w DIR] [-a AGENT] [options] [--] [CMD [ARG ...]]",
	"  -w, --workdir DIR    the workspace         [the working directory]\n"
	"  -a, --agent NAME     the agent to run      [the workspace's, claude]\n"
	"  -n, --dry-run        print the engine's commands, run none\n"
	"      --engine NAME    podman or docker      [the first found]\n"
	"      --egress MODE    ask, deny, record or open  [ask]\n"
	"      --rebuild        build the image anew\n"
	"      --no-cache       the same, from nothing\n"
	"      --no-scan        do not look for secrets this time\n"
	"      --no-git-guard   leave git's hooks and settings writable\n"
	"  -e, --env KEY[=VAL]  set it in the box, or pass it on\n"
	"      --memory SIZE    limit, as the engine takes it, e.g. 8g\n"
	"      --cpus N         limit, e.g. 2.5\n"
	"      --pids N         limit on processes    [4096]\n"
	"      --read-only      the image cannot be written; /tmp can\n"
};

enum {
	O_ENGINE = 256, O_EGRESS, O_REBUILD, O_NO_CACHE, O_NO_SCAN,
	O_NO_GIT_GUARD, O_MEMORY,
	O_CPUS, O_PIDS, O_READ_ONLY
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "workdir", required_argument, NULL, 'w' },
	{ "agent", required_argument, NULL, 'a' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "engine", required_argument, NULL, O_ENGINE },
	{ "egress", required_argument, NULL, O_EGRESS },
	{ "rebuild", no_argument, NULL, O_REBUILD },
	{ "no-cache", no_argument, NULL, O_NO_CACHE },
	{ "no-scan", no_argument, NULL, O_NO_SCAN },
	{ "no-credential-check", no_argument, NULL, O_NO_SCAN },
	{ "no-git-guard", no_argument, NULL, O_NO_GIT_GUARD },
	{ "env", required_argument, NULL, 'e' },
	{ "memory", required_argument, NULL, O_MEMORY },
	{ "cpus", required_argument, NULL, O_CPUS },
	{ "pids", required_argument, NULL, O_PIDS },
	{ "read-only", no_argument, NULL, O_READ_ONLY },
	{ NULL, 0, NULL, 0 }
};

struct launch {
	struct workspace w;
	struct engine	 engine;
	struct session	 session;
	struct agent	 agent;
	struct box	 box;
	struct prepare	 prep;
	const char	*egress;
	const char	*agent_name;
	int		 git_guard;
	int		 lock;
};

static void
parse(struct launch *l, int argc, char *argv[])
{
	const char *dir = NULL;
	int c;

	while ((c = tool_getopt(&tool, argc, argv, "+w:a:ne:", options)) != -1)
		switch (c) {
		case 'w':
			dir = optarg;
			break;
		case 'a':
			l->agent_name = optarg;
			break;
		case 'n':
			l->prep.dry_run = 1;
			break;
		case 'e':
			argv_add(&l->box.env, optarg);
			break;
		case O_ENGINE:
			l->prep.engine_choice = optarg;
			break;
		case O_EGRESS:
			l->egress = optarg;
			break;
		case O_NO_CACHE:
			l->prep.no_cache = 1;
			/* FALLTHROUGH */
		case O_REBUILD:
			l->prep.rebuild = 1;
			break;
		case O_NO_SCAN:
			l->prep.scan = 0;
			break;
		case O_NO_GIT_GUARD:
			l->git_guard = 0;
			break;
		case O_MEMORY:
			l->box.memory = optarg;
			break;
		case O_CPUS:
			l->box.cpus = optarg;
			break;
		case O_PIDS:
			xnum("--pids", optarg, 1, 4194304);
			l->box.pids = optarg;
			break;
		case O_READ_ONLY:
			l->box.read_only = 1;
			break;
		default:
			tool_usage(&tool);
		}
	xworkspace_open(&l->w, dir);
}

/* Options first, then what the workspace remembers, then the settings. */
static void
settle(struct launch *l)
{
	static const char *const modes[] = { "ask", "deny", "record", "open" };
	char *fact;
	size_t i;

	if (l->agent_name == NULL) {
		fact = workspace_state(&l->w, "agent");
		l->agent_name = io_line(fact);
		free(fact);
	}
	if (l->agent_name == NULL)
		l->agent_name = xconf_get("AGENT");
	xagent_find(&l->agent, l->agent_name != NULL ? l->agent_name :
	    "claude");
	if (l->egress == NULL)
		l->egress = xconf_get("EGRESS");
	if (l->egress == NULL)
		l->egress = "ask";
	for (i = 0; i < 4 && strcmp(modes[i], l->egress) != 0; i++)
		;
	if (i == 4)
		errx(ST_USAGE, "egress '%s': must be ask, deny, record or open",
		    l->egress);
	if (l->box.memory == NULL)
		l->box.memory = xconf_get("MEMORY");
	if (l->box.cpus == NULL)
		l->box.cpus = xconf_get("CPUS");
	if (l->box.pids == NULL)
		l->box.pids = xconf_get("PIDS");
	xengine_find(&l->engine, l->prep.engine_choice);
	l->box.engine = &l->engine;
	l->box.workspace = &l->w;
	l->box.session = &l->session;
	l->box.agent = l->agent.name;
	l->box.tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	l->prep.box = &l->box;
	l->prep.agent = &l->agent;
}

/* What dead sessions of this workspace have left goes while we work. */
static void
sweep_dead(const struct launch *l)
{
	struct session *s;
	char id[WORKSPACE_HASH + SESSION_ID + 1];
	char *v[] = { NULL, (char *)"-q", (char *)"--session", id, NULL };
	int i, n;

	if ((n = sessions_list(l->w.hash, &s)) <= 0)
		return;
	v[0] = xconf_tool("aipod-sweep");
	for (i = 0; i < n; i++)
		if (!s[i].alive) {
			int null = open("/dev/null", O_RDWR | O_CLOEXEC);

			snprintf(id, sizeof(id), "%s/%s", s[i].hash, s[i].id);
			child_start(v, null, null, null);
			close(null);
		}
	free(v[0]);
	sessions_free(s, n);
}

static void
make_session(struct launch *l)
{
	char *name = NULL;

	if (session_make(&l->w, &l->session, &l->lock) == -1 ||
	    (name = workspace_container(&l->w, l->session.id)) == NULL ||
	    session_put(&l->session, "container", name) == -1 ||
	    session_put(&l->session, "engine", l->engine.program) == -1 ||
	    session_put(&l->session, "workspace", l->w.path) == -1 ||
	    session_put(&l->session, "agent", l->agent.name) == -1)
		err(ST_SYS, "cannot make the session's directory");
	setenv("AIPOD_WORKSPACE", l->w.path, 1);
	setenv("AIPOD_SESSION", l->session.id, 1);
	setenv("AIPOD_SESSION_DIR", l->session.dir, 1);
	setenv("AIPOD_AGENT", l->agent.name, 1);
	setenv("AIPOD_ENGINE", l->engine.program, 1);
	free(name);
}

static void
add_server(struct launch *l, struct supervise *s, const char *program,
    const char *sock)
{
	struct server *v = &s->server[s->nserver++];
	char *run = xasprintf("%s/run", l->session.dir);
	char *path = xconf_tool(program);

	if ((v->fd = sock_listen_at(run, sock, 128)) == -1)
		err(ST_SYS, "cannot listen on '%s/%s'", run, sock);
	argv_add(&v->argv, path);
	argv_add(&v->argv, "-s");
	argv_addf(&v->argv, "%d", v->fd);
	free(path);
	free(run);
}

static void
add_servers(struct launch *l, struct supervise *s)
{
	struct server *v;

	s->nserver = 0;
	add_server(l, s, "aipod-mcpd", "mcp.sock");
	if (strcmp(l->egress, "open") == 0)
		return;
	add_server(l, s, "aipod-egress", "egress.sock");
	v = &s->server[s->nserver - 1];
	argv_add(&v->argv, "-H");
	argv_addf(&v->argv, "%s/run/hosts", l->session.dir);
	argv_add(&v->argv, "-m");
	argv_add(&v->argv, l->egress);
}

/* Run it once in a session of its own; *gone: the image was not there. */
static int
run_once(struct launch *l, int *gone)
{
	struct argv engine = ARGV_INIT, rm = ARGV_INIT;
	struct supervise s;
	struct term *term = NULL;
	int dog, status, ask, saved;
	pid_t pid;
	char *cid, *life, *run;

	memset(&s, 0, sizeof(s));
	make_session(l);
	/* from here on whatever ends us, the watchdog cleans up */
	if ((dog = watchdog_start(&l->session, l->lock,
	    &pid)) == -1)
		err(ST_SYS, "cannot start the watchdog");
	if (l->git_guard)
		xprepare_git(&l->prep);
	add_servers(l, &s);
	run = xasprintf("%s/run", l->session.dir);
	life = xasprintf("%s/life.sock", run);
	if ((s.life_listen = sock_listen_at(run, "life.sock", 1)) == -1)
		err(ST_SYS, "cannot listen on '%s'", life);
	s.life_path = life;
	xprepare_run(&l->prep);
	s.slave = -1;
	xbox_argv(&l->box, &engine);
	argv_add(&rm, l->engine.program);
	argv_add(&rm, "rm");
	argv_add(&rm, "-f");
	argv_addf(&rm, "aipod-%s-%s", l->w.hash, l->session.id);
	s.engine = &engine;
	s.remove = &rm;
	cid = xasprintf("%s/cid", l->session.dir);
	s.cid = cid;
	if (l->box.tty) {
		term = xmalloc(sizeof(*term));
		if ((ask = sock_listen_at(l->session.dir, "ask.sock", 64)) ==
		    -1 || term_open(term, ask, &s.slave) == -1)
			err(ST_SYS, "cannot set up the terminal");
		s.term = term;
	}
	status = supervise(&s);
	saved = errno;
	if (term != NULL)
		term_close(term);
	*gone = status == 125 && !s.created;
	if (s.unclean && s.created) {
		child_run_quietly(rm.v);
		warnx("'%s' ended before its container, which is removed now",
		    l->engine.program);
		status = ST_SYS;
	}
	gitguard_unmake(&l->w, l->session.id);
	if (session_remove(&l->session) == -1)
		warn("cannot remove '%s'", l->session.dir);
	watchdog_done(dog, pid);
	close(l->lock);
	free(term);
	free(cid);
	free(life);
	free(run);
	argv_free(&engine);
	argv_free(&rm);
	errno = saved;
	return status;
}

static void
dry_run(struct launch *l)
{
	struct argv engine = ARGV_INIT;
	struct buf line = BUF_INIT;
	char *dir = workspace_runtime(&l->w);

	if (rand_hex(l->session.id, SESSION_ID - 1) == -1)
		err(ST_SYS, "cannot get random bytes");
	l->session.dir = xasprintf("%s/%s", dir, l->session.id);
	xbox_argv(&l->box, &engine);
	argv_show(&line, engine.v);
	xbuf_check(&line);
	puts(buf_str(&line));
	xio_close_stdout();
}

int
main(int argc, char *argv[])
{
	struct launch l;
	int status, gone;

	memset(&l, 0, sizeof(l));
	l.prep.scan = l.git_guard = 1;
	parse(&l, argc, argv);
	xbox_check_workspace(&l.w);
	settle(&l);
	xprepare_secrets(&l.prep);
	xprepare_mounts(&l.prep);
	l.box.image = xprepare_image(&l.prep);
	xprepare_home(&l.prep);
	if (strcmp(l.egress, "open") == 0) {
		l.box.network = xprepare_network(&l.prep);
		warnx("--egress open: the box has a network of its own ('%s'):"
		    " no host is asked about, none is logged, and DNS can"
		    " carry secrets out", l.box.network);
	}
	xprepare_command(&l.prep, argv + optind);
	if (l.prep.dry_run) {
		if (l.git_guard)
			xprepare_git(&l.prep);
		dry_run(&l);
		return ST_YES;
	}
	free(xworkspace_make_state(&l.w));
	sweep_dead(&l);
	status = run_once(&l, &gone);
	if (gone) {
		/* the engine lost what was remembered: ask it, and once more */
		l.prep.verify = 1;
		l.box.image = xprepare_image(&l.prep);
		xprepare_home(&l.prep);
		status = run_once(&l, &gone);
	}
	if (status == -1)
		err(ST_SYS, "cannot run '%s'", l.engine.program);
	if (gone)
		errx(ST_SYS, "'%s' could not make the container: see its"
		    " message above; aipod doctor tells more",
		    l.engine.program);
	return status;
}
