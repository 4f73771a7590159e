/*
 * aipod-service: start, list, follow and stop service containers.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "choose.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "session.h"
#include "status.h"
#include "svc.h"
#include "svcmcp.h"
#include "svctell.h"
#include "tool.h"
#include "utf8.h"
#include "workspace.h"

static const struct tool tool = {
	"aipod-service",
	"[-fj] [-e KEY] [-p PORT] [-s SESSION] [-t SECONDS] [-w DIR]\n"
	"           [list|start|logs|stop] [WORD ...]",
	"  list                 the workspace's services     [the default]\n"
	"  start NAME IMAGE [COMMAND ...]\n"
	"                       start one and wait until a port answers\n"
	"  logs NAME            what it wrote\n"
	"  stop NAME ...        end it and remove everything of it\n"
	"  -e, --env KEY        start: pass this variable on\n"
	"  -p, --port PORT      start: wait for this one    [what the image says]\n"
	"  -t, --timeout SECONDS\n"
	"                       start: wait so long         [60]\n"
	"  -f, --follow         logs: until it has ended\n"
	"  -s, --session ID     of this session\n"
	"      --mcp start|stop|list|logs\n"
	"                       answer an agent (JSON in and out)\n"
	"  -w, --workdir DIR    the workspace           [the working directory]\n"
	"  -j, --json           one JSON object a service\n"
};

enum { OPT_MCP = 256 };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "env", required_argument, NULL, 'e' },
	{ "port", required_argument, NULL, 'p' },
	{ "timeout", required_argument, NULL, 't' },
	{ "follow", no_argument, NULL, 'f' },
	{ "session", required_argument, NULL, 's' },
	{ "mcp", required_argument, NULL, OPT_MCP },
	{ "workdir", required_argument, NULL, 'w' },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

enum { LIST, START, LOGS, STOP };

static const struct tool_verb verbs[] = {
	{ "list", 0, 0, 0 },
	{ "start", 2, -1, 0 },
	{ "logs", 1, 1, 1 },
	{ "stop", 1, -1, 0 },
	{ NULL, 0, 0, 0 }
};

struct opts {
	struct svcspec	 spec;
	const char	*dir;
	const char	*session;
	const char	*mcp;
	int		 follow, json;
};

/* All services of the living sessions that are meant; count. */
static int
xcollect(const struct opts *o, struct svc **out)
{
	struct workspace w;
	struct session *s;
	struct svc *some;
	const char *id = o->session, *slash;
	int i, n, k, total = 0;

	xworkspace_open(&w, o->dir);
	if (id != NULL && (slash = strchr(id, '/')) != NULL)
		id = slash + 1;
	if ((n = sessions_list(w.hash, &s)) == -1)
		err(ST_SYS, "cannot list sessions");
	*out = NULL;
	for (i = 0; i < n; i++) {
		if (!s[i].alive || (id != NULL && strcmp(id, s[i].id) != 0))
			continue;
		k = svcs_list(&s[i], &some);
		*out = xreallocarray(*out, (size_t)(total + k) + 1,
		    sizeof(**out));
		if (k > 0)
			memcpy(*out + total, some, (size_t)k * sizeof(*some));
		total += k;
		free(some);
	}
	sessions_free(s, n);
	workspace_free(&w);
	return total;
}

/* NAME, or SESSION/NAME as list has it; only one may have it. */
static struct svc *
xfind(struct svc *s, int n, const char *name)
{
	const char *slash = strchr(name, '/');
	size_t len = slash != NULL ? (size_t)(slash - name) : 0;
	struct svc *found = NULL;
	int i;

	for (i = 0; i < n; i++) {
		if (strcmp(s[i].name, slash != NULL ? slash + 1 : name) != 0 ||
		    (slash != NULL && (len != strlen(s[i].session) ||
		    memcmp(name, s[i].session, len) != 0)))
			continue;
		if (found != NULL)
			errx(ST_USAGE, "several sessions have a service '%s':"
			    " say which, as SESSION/NAME", name);
		found = &s[i];
	}
	if (found == NULL)
		errx(ST_NO, "no service '%s' here: see aipod service list",
		    name);
	return found;
}

static int
cmd_list(const struct opts *o)
{
	struct svc *s;
	int i, n = xcollect(o, &s);

	for (i = 0; i < n; i++)
		svctell_show(&s[i], o->json);
	svcs_free(s, n);
	xio_close_stdout();
	return ST_YES;
}

static int
cmd_stop(const struct opts *o, char *const *names)
{
	struct svc *s, *one;
	int n, rc = ST_YES;

	for (; *names != NULL; names++) {
		n = xcollect(o, &s);
		one = xfind(s, n, *names);
		if (!svc_stop(one, 0, 20000)) {
			warnx("service '%s' does not end", *names);
			rc = ST_SYS;
		}
		svcs_free(s, n);
	}
	return rc;
}

/* ---- logs ------------------------------------------------------------------ */

/* Bytes of a service's on a terminal cannot do more than be seen. */
static void
put(const char *p, size_t n)
{
	struct buf safe = BUF_INIT;

	if (isatty(STDOUT_FILENO)) {
		vis_add(&safe, p, n, VIS_LINES);
		xbuf_check(&safe);
		p = safe.p;
		n = safe.len;
	}
	if (n > 0 && io_writeall(STDOUT_FILENO, p, n) == -1)
		err(ST_SYS, "cannot write");
	buf_free(&safe);
}

static int
open_log(const struct svc *s, const char *name)
{
	char *path = xasprintf("%s/%s", s->dir, name);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	free(path);
	return fd;
}

static void
copy(int fd)
{
	char data[16384];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0)
		put(data, (size_t)n);
}

/* A new log is begun when one is full: then the old one is read to its end. */
static int
cmd_logs(const struct opts *o, const char *name)
{
	struct timespec tick = { 0, 100000000 };
	struct session session;
	struct svc *s, now, *one;
	int fd, alive, n = xcollect(o, &s);

	one = xfind(s, n, name);
	memset(&session, 0, sizeof(session));
	memcpy(session.id, one->session, SESSION_ID);
	session.dir = xstrndup(one->dir, strlen(one->dir) -
	    strlen(one->name) - strlen("/svc/"));
	if ((fd = open_log(one, "log.old")) != -1) {
		copy(fd);
		close(fd);
	}
	fd = open_log(one, "log");
	do {
		alive = o->follow && svc_load(&session, one->name, &now) == 0;
		if (alive) {
			alive = now.alive;
			svc_free(&now);
		}
		if (fd != -1)
			copy(fd);
		if (!alive)
			break;
		nanosleep(&tick, NULL);
		n = open_log(one, "log");
		if (fd != -1 && n != -1 && lseek(n, 0, SEEK_END) <
		    lseek(fd, 0, SEEK_CUR)) {
			copy(fd);
			close(fd);
			fd = n;
			lseek(fd, 0, SEEK_SET);
		} else if (fd == -1)
			fd = n;
		else if (n != -1)
			close(n);
	} while (1);
	xio_close_stdout();
	return ST_YES;
}

/* ---- start ----------------------------------------------------------------- */

static void
say(const char *line)
{
	if (tool_verbose >= 0 && strncmp(line, "pulling", 7) == 0 &&
	    isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%.78s", line);
	else if (tool_verbose > 0)
		warnx("%s", line);
}

static int
cmd_start(struct opts *o, char *const *words)
{
	struct workspace w;
	struct session session;
	struct svc s;
	const char *why;
	char *problem;
	int rc;

	o->spec.name = words[0];
	o->spec.image = words[1];
	if (words[2] != NULL)
		argv_addv(&o->spec.command, words + 2);
	if ((why = svc_image_problem(o->spec.image)) != NULL)
		errx(ST_USAGE, "image '%s': %s", o->spec.image, why);
	xworkspace_open(&w, o->dir);
	if ((problem = svcmcp_name_problem(&w, o->spec.name)) != NULL)
		errx(ST_USAGE, "%s", problem);
	xchoose_session(&session, o->session, o->dir);
	rc = svcmcp_start(&w, &session, &o->spec, 0, say, &s, &why);
	if (isatty(STDERR_FILENO) && tool_verbose >= 0)
		fputs("\r\033[K", stderr);
	if (rc == 0 && why != NULL)
		errx(ST_NO, "%s", why);
	if (rc == 1)
		svctell_show(&s, o->json);
	else {
		warnx("%s", svctell_words(&s));
		put(s.log.len > 0 ? s.log.p : "", s.log.len);
	}
	xio_close_stdout();
	return rc == 1 ? ST_YES : ST_NO;
}

static void
add_env(struct opts *o, const char *key)
{
	const char *why, *value;

	if (strchr(key, '=') != NULL)
		errx(ST_USAGE, "env '%.*s': give the name alone, the value in"
		    " the environment: others can read words",
		    (int)strcspn(key, "="), key);
	if ((value = getenv(key)) == NULL)
		errx(ST_USAGE, "env '%s': not in the environment", key);
	if (svcspec_env(&o->spec, key, value, &why) == -1)
		errx(ST_USAGE, "env '%s': %s", key, why);
}

static void
parse(void *arg, int argc, char *argv[])
{
	struct opts *o = arg;
	int c;

	while ((c = tool_getopt(&tool, argc, argv, "+e:fp:s:t:w:j",
	    options)) != -1)
		switch (c) {
		case 'e':
			add_env(o, optarg);
			break;
		case 'f':
			o->follow = 1;
			break;
		case 'p':
			o->spec.port = (int)xnum("--port", optarg, 1, 65535);
			break;
		case 's':
			o->session = optarg;
			break;
		case 't':
			o->spec.timeout = (int)xnum("--timeout", optarg, 1,
			    SVC_TIMEOUT_MAX);
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
	o.spec.timeout = SVC_TIMEOUT;
	verb = tool_verb(&tool, verbs, -1, parse, &o, &argc, &argv);
	if (o.mcp != NULL) {
		xworkspace_open(&w, o.dir);
		if ((rc = xsvcmcp(o.mcp, &w)) == -1)
			tool_usage(&tool);
		return rc;
	}
	switch (verb) {
	case LIST:
		return cmd_list(&o);
	case START:
		return cmd_start(&o, argv);
	case LOGS:
		return cmd_logs(&o, argv[0]);
	default:
		return cmd_stop(&o, argv);
	}
}
