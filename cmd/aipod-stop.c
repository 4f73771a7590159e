/*
 * aipod-stop: end a session.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "argv.h"
#include "child.h"
#include "choose.h"
#include "num.h"
#include "session.h"
#include "status.h"
#include "tool.h"

static const struct tool tool = {
	"aipod-stop",
	"[-W] [-t SECONDS] [-w DIR | --all | SESSION ...]",
	"      --all            every living session of yours\n"
	"  -w, --workdir DIR    the workspace's session   [the working directory's]\n"
	"  -t, --time SECONDS   from TERM to KILL         [10]\n"
	"  -W, --wait           return when it has ended\n"
};

enum { O_ALL = 256 };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "all", no_argument, NULL, O_ALL },
	{ "workdir", required_argument, NULL, 'w' },
	{ "time", required_argument, NULL, 't' },
	{ "wait", no_argument, NULL, 'W' },
	{ NULL, 0, NULL, 0 }
};

/* Start the engine on it, out of reach of this terminal; -1 for none. */
static pid_t
stop(const struct session *s, const char *grace)
{
	struct argv a = ARGV_INIT;
	char *engine = session_fact(s, "engine");
	char *container = session_fact(s, "container");
	char *cid = session_fact(s, "cid");
	char *server = session_fact(s, "server");
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = -1;

	if (server != NULL)
		warnx("session '%s' is a standing server (aipod serve): end it"
		    " where it runs, or with kill %s", s->id, server);
	else if (engine == NULL || container == NULL || cid == NULL)
		warnx("session '%s' is still being put together: try again",
		    s->id);
	else {
		argv_add(&a, engine);
		argv_add(&a, "stop");
		argv_add(&a, "-t");
		argv_add(&a, grace);
		argv_add(&a, container);
		if ((pid = child_start(a.v, null, null, null)) == -1)
			warn("cannot run '%s'", engine);
		else if (tool_verbose >= 0)
			warnx("ending session '%s', within %s seconds", s->id,
			    grace);
		argv_free(&a);
	}
	close(null);
	free(engine);
	free(container);
	free(cid);
	free(server);
	return pid;
}

/* Until its launcher is gone, too, or for as long as that may take. */
static int
wait_gone(const struct session *s, long long grace)
{
	struct timespec tick = { 0, 50000000 };
	struct session *now;
	long long left;
	int i, n, there;

	for (left = (grace + 15) * 20; left > 0; left--) {
		if ((n = sessions_list(s->hash, &now)) == -1)
			err(ST_SYS, "cannot list the sessions");
		for (there = i = 0; i < n; i++)
			there |= now[i].alive && strcmp(now[i].id, s->id) == 0;
		sessions_free(now, n);
		if (!there)
			return 1;
		nanosleep(&tick, NULL);
	}
	return 0;
}

static int
stop_all(const struct session *s, int n, const char *grace, int wait)
{
	pid_t *pid = calloc((size_t)n + 1, sizeof(*pid));
	int i, status, rc = ST_YES;

	if (pid == NULL)
		err(ST_SYS, "cannot allocate");
	for (i = 0; i < n; i++)
		if ((pid[i] = stop(&s[i], grace)) == -1)
			rc = ST_SYS;
	for (i = 0; wait && i < n; i++) {
		if (pid[i] == -1)
			continue;
		status = child_wait(pid[i]);
		if (!wait_gone(&s[i], xnum("--time", grace, 0, 3600))) {
			warnx("session '%s' does not end: the engine's stop"
			    " exited %d", s[i].id, status);
			rc = ST_SYS;
		}
	}
	free(pid);
	return rc;
}

int
main(int argc, char *argv[])
{
	const char *dir = NULL, *grace = "10";
	int c, i, n, living = 0, all = 0, wait = 0, rc = ST_YES;
	struct session *s, one;

	while ((c = tool_getopt(&tool, argc, argv, "+w:t:W", options)) != -1)
		switch (c) {
		case O_ALL:
			all = 1;
			break;
		case 'w':
			dir = optarg;
			break;
		case 't':
			xnum("--time", optarg, 0, 3600);
			grace = optarg;
			break;
		case 'W':
			wait = 1;
			break;
		default:
			tool_usage(&tool);
		}
	if ((optind < argc) + (dir != NULL) + all > 1)
		errx(ST_USAGE, "sessions, --workdir and --all: give one of"
		    " them");
	for (i = optind; i < argc; i++)
		if (!choose_is_name(argv[i]))
			errx(ST_USAGE, "'%s' is no session: see aipod list",
			    argv[i]);
	if (all) {
		if ((n = sessions_list(NULL, &s)) == -1)
			err(ST_SYS, "cannot list the sessions");
		for (i = 0; i < n; i++)
			if (s[i].alive)
				s[living++] = s[i];
		return stop_all(s, living, grace, wait);
	}
	if (optind == argc) {
		xchoose_session(&one, NULL, dir);
		return stop_all(&one, 1, grace, wait);
	}
	for (i = optind; i < argc; i++) {
		xchoose_session(&one, argv[i], NULL);
		if ((c = stop_all(&one, 1, grace, wait)) != ST_YES)
			rc = c;
	}
	return rc;
}
