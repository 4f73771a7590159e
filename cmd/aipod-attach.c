/*
 * aipod-attach: join a session.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "choose.h"
#include "mem.h"
#include "session.h"
#include "status.h"
#include "tool.h"

static const struct tool tool = {
	"aipod-attach",
	"[-r] [-w DIR] [SESSION] [--] [CMD [ARG ...]]",
	"  -w, --workdir DIR    the workspace's session   [the working directory's]\n"
	"  -e, --env KEY[=VAL]  set it for the command, or pass it on\n"
	"  -r, --root           as the container's root, to install something\n"
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "workdir", required_argument, NULL, 'w' },
	{ "env", required_argument, NULL, 'e' },
	{ "root", no_argument, NULL, 'r' },
	{ NULL, 0, NULL, 0 }
};

/* What the box has for a shell: bash where it is, else sh. */
static const char shell[] =
    "command -v bash >/dev/null 2>&1 && exec bash -l; exec sh -l";

static char *
xfact(const struct session *s, const char *name)
{
	char *fact;

	if (session_fact(s, "server") != NULL)
		errx(ST_USAGE, "session '%s' is a standing server (aipod"
		    " serve): it has no container to join", s->id);
	if ((fact = session_fact(s, name)) == NULL || *fact == '\0')
		errx(ST_SYS, "session '%s' is still being put together: try"
		    " again", s->id);
	return fact;
}

static int
join(const struct session *s, const struct argv *how, char *const *cmd)
{
	struct argv a = ARGV_INIT;
	char *engine = xfact(s, "engine"), *container = xfact(s, "container");
	const char *base = strrchr(engine, '/');

	free(xfact(s, "cid"));
	argv_add(&a, engine);
	argv_add(&a, "exec");
	argv_add(&a, "-i");
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
		argv_add(&a, "-t");
		if (getenv("TERM") != NULL) {
			argv_add(&a, "-e");
			argv_add(&a, "TERM");
		}
		/* ^P is the shell's, not for leaving */
		base = base != NULL ? base + 1 : engine;
		if (strncmp(base, "docker", 6) != 0)
			argv_add(&a, "--detach-keys=");
	}
	if (how->n > 0)
		argv_addv(&a, how->v);
	argv_add(&a, container);
	/* held back as what runs there */
	argv_add(&a, "/run/aipod/bin/aipod-relay");
	argv_add(&a, "--join");
	argv_add(&a, "--");
	if (*cmd != NULL)
		argv_addv(&a, cmd);
	else {
		argv_add(&a, "sh");
		argv_add(&a, "-c");
		argv_add(&a, shell);
	}
	execvp(a.v[0], a.v);
	err(errno == ENOENT ? ST_NOTFOUND : ST_NOEXEC, "cannot run '%s'",
	    engine);
}

int
main(int argc, char *argv[])
{
	const char *dir = NULL, *name = NULL;
	struct argv how = ARGV_INIT;
	struct session s;
	int c;

	while ((c = tool_getopt(&tool, argc, argv, "+w:e:r", options)) != -1)
		switch (c) {
		case 'w':
			dir = optarg;
			break;
		case 'e':
			argv_add(&how, "-e");
			argv_add(&how, optarg);
			break;
		case 'r':
			argv_add(&how, "--user");
			argv_add(&how, "0:0");
			break;
		default:
			tool_usage(&tool);
		}
	/* behind "--" stands the command, whatever it looks like */
	if (optind < argc && choose_is_name(argv[optind]) &&
	    strcmp(argv[optind - 1], "--") != 0)
		name = argv[optind++];
	if (name != NULL && optind < argc && strcmp(argv[optind], "--") == 0)
		optind++;
	if (name != NULL && dir != NULL)
		errx(ST_USAGE, "both --workdir and session '%s': give one",
		    name);
	xchoose_session(&s, name, dir);
	return join(&s, &how, argv + optind);
}
