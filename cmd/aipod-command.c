/*
 * aipod-command: run, list, follow and kill host commands.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "buf.h"
#include "conf.h"
#include "io.h"
#include "job.h"
#include "jobmcp.h"
#include "jobtell.h"
#include "mem.h"
#include "session.h"
#include "status.h"
#include "tool.h"
#include "utf8.h"
#include "workspace.h"

static const struct tool tool = {
	"aipod-command",
	"[-bfj] [-c STRING] [-s SESSION] [-w DIR]"
	" [run|list|status|logs|kill] [WORD ...]",
	"  run [--] WORD ...    run on the host as an agent's command is run\n"
	"  list                 the workspace's commands     [the default]\n"
	"  status ID            one of them\n"
	"  logs ID              what it wrote\n"
	"  kill ID              TERM, and KILL after 5 s, to all of it\n"
	"  -c, --shell STRING   run: this string with /bin/sh\n"
	"  -b, --background     run: print its id and return\n"
	"  -f, --follow         logs: until it has ended\n"
	"  -s, --session ID     of this session\n"
	"      --mcp run|status|stop|list\n"
	"                       answer an agent (JSON in and out)\n"
	"  -w, --workdir DIR    the workspace           [the working directory]\n"
	"  -j, --json           one JSON object a command\n"
};

enum { OPT_MCP = 256 };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "shell", required_argument, NULL, 'c' },
	{ "background", no_argument, NULL, 'b' },
	{ "follow", no_argument, NULL, 'f' },
	{ "session", required_argument, NULL, 's' },
	{ "mcp", required_argument, NULL, OPT_MCP },
	{ "workdir", required_argument, NULL, 'w' },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

enum { LIST, RUN, STATUS, LOGS, KILL };

static const struct tool_verb verbs[] = {
	{ "list", 0, 0, 0 },
	{ "run", 0, -1, 0 },
	{ "status", 1, 1, 1 },
	{ "logs", 1, 1, 1 },
	{ "kill", 1, 1, 1 },
	{ NULL, 0, 0, 0 }
};

struct opts {
	const char	*dir;
	const char	*shell;
	const char	*session;
	const char	*mcp;
	int		 background, follow, json;
};

/* ---- for a person -------------------------------------------------------- */

/* Bytes of a command's on a terminal cannot do more than be seen. */
static void
put_output(int fd, const char *p, size_t n)
{
	struct buf safe = BUF_INIT;

	if (isatty(fd)) {
		vis_add(&safe, p, n, VIS_LINES);
		xbuf_check(&safe);
		p = safe.p;
		n = safe.len;
	}
	if (n > 0 && io_writeall(fd, p, n) == -1)
		err(ST_SYS, "cannot write");
	buf_free(&safe);
}

/* Copy what stdout and stderr hold, until the end when following. */
static void
follow(struct job *j, int done, int until_end)
{
	static const char *const names[2] = { "stdout", "stderr" };
	char *path, data[16384];
	ssize_t n;
	int fd[2] = { -1, -1 }, i, last;

	do {
		last = j->ended || !until_end;
		for (i = 0; i < 2; i++) {
			path = xasprintf("%s/%s", j->dir, names[i]);
			if (fd[i] == -1)
				fd[i] = open(path, O_RDONLY | O_CLOEXEC);
			free(path);
			while (fd[i] != -1 &&
			    (n = read(fd[i], data, sizeof(data))) > 0)
				put_output(i + 1, data, (size_t)n);
		}
		if (!last)
			job_wait(j, done, 100);
	} while (!last);
}

/* The session to run in: the one named, or the only one that lives. */
static void
xsession(struct session *s, const struct workspace *w, const char *id)
{
	struct session *v;
	int i, n, found = 0;

	if (id == NULL)
		id = getenv("AIPOD_SESSION");
	if ((n = sessions_list(w->hash, &v)) == -1)
		err(ST_SYS, "cannot list sessions");
	for (i = 0; i < n; i++)
		if (v[i].alive && (id == NULL || strcmp(id, v[i].id) == 0)) {
			*s = v[i];
			s->dir = xstrdup(v[i].dir);
			found++;
		}
	if (found == 0)
		errx(ST_NO, "no session is running here: start one with"
		    " aipod launch");
	if (found > 1)
		errx(ST_USAGE, "several sessions are running here: choose with"
		    " --session (aipod list)");
	sessions_free(v, n);
}

static int
cmd_run(const struct opts *o, const struct workspace *w, int argc, char *argv[])
{
	struct session s;
	struct buf cmd = BUF_INIT;
	struct job j;
	int fd;

	if ((o->shell == NULL) == (argc == 0))
		errx(ST_USAGE, "want either words or --shell");
	if (o->shell != NULL)
		buf_puts(&cmd, o->shell);
	else
		argv_show(&cmd, argv);
	xbuf_check(&cmd);
	xsession(&s, w, o->session);
	fd = job_start(w, s.id, s.dir, cmd.p, cmd.len, &j);
	if (fd == -1 && errno == EBUSY)
		errx(ST_NO, "too many commands run already");
	if (fd == -1)
		err(ST_SYS, "cannot start the command");
	buf_free(&cmd);
	if (o->background) {
		puts(j.id);
		xio_close_stdout();
		return ST_YES;
	}
	follow(&j, fd, 1);
	return j.status;
}

static int
cmd_list(const struct opts *o, const struct workspace *w)
{
	struct job *j;
	int i, n;

	n = jobs_list(w, o->session, &j);
	for (i = 0; i < n; i++)
		jobtell_show(&j[i], o->json);
	jobs_free(j, n);
	xio_close_stdout();
	return ST_YES;
}

static int
cmd_one(const struct opts *o, const struct workspace *w, int verb,
    const char *id)
{
	struct job *j;
	int i, n, rc = ST_YES;

	n = jobs_list(w, o->session, &j);
	for (i = 0; i < n && strcmp(j[i].id, id) != 0; i++)
		;
	if (i == n)
		errx(ST_NO, "no command '%s' in this workspace", id);
	if (verb == STATUS)
		jobtell_show(&j[i], o->json);
	else if (verb == LOGS)
		follow(&j[i], -1, o->follow);
	else if (!j[i].running) {
		if (tool_verbose >= 0)
			warnx("command '%s' has ended already", id);
		rc = ST_NO;
	} else {
		if (job_stop(&j[i]) == -1 && errno != ESRCH)
			err(ST_SYS, "cannot stop '%s'", id);
		job_wait(&j[i], -1, 10000);
	}
	jobs_free(j, n);
	xio_close_stdout();
	return rc;
}

static void
parse(void *arg, int argc, char *argv[])
{
	struct opts *o = arg;
	int c;

	while ((c = tool_getopt(&tool, argc, argv, "+c:bfs:w:j", options)) !=
	    -1)
		switch (c) {
		case 'c':
			o->shell = optarg;
			break;
		case 'b':
			o->background = 1;
			break;
		case 'f':
			o->follow = 1;
			break;
		case 's':
			o->session = optarg;
			break;
		case 'w':
			o->dir = optarg;
			break;
		case 'j':
			o->json = 1;
			break;
		case OPT_MCP:
			o->mcp = optarg;
			break;
		default:
			tool_usage(&tool);
		}
}

int
main(int argc, char *argv[])
{
	struct opts o;
	struct workspace w;
	int rc, verb;

	memset(&o, 0, sizeof(o));
	verb = tool_verb(&tool, verbs, -1, parse, &o, &argc, &argv);
	xworkspace_open(&w, o.dir);
	if (o.mcp != NULL) {
		if ((rc = xjobmcp(o.mcp, &w)) == -1)
			tool_usage(&tool);
		return rc;
	}
	switch (verb) {
	case LIST:
		rc = cmd_list(&o, &w);
		break;
	case RUN:
		rc = cmd_run(&o, &w, argc, argv);
		break;
	default:
		rc = cmd_one(&o, &w, verb, argv[0]);
	}
	workspace_free(&w);
	return rc;
}
