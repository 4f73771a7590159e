/*
 * aipod-hide: take secrets out of the container's view, or give them back.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decide.h"
#include "findings.h"
#include "hideop.h"
#include "io.h"
#include "mem.h"
#include "rec.h"
#include "status.h"
#include "tool.h"
#include "triage.h"
#include "utf8.h"
#include "workspace.h"

static const struct tool tool = {
	"aipod-hide",
	"[-w DIR] [--move DIR] [add | remove | list | ignore | unignore |"
	" pending | triage | mounts | check] [PATH ...]",
	"  -w, --workdir DIR    the workspace         [the working directory]\n"
	"      --move DIR       with add: move the file to DIR, leave a link\n"
	"      --no-scan        with check: only the mounts\n"
	"  -j, --json           with list: one JSON object a line\n"
};

enum { OPT_MOVE = 256, OPT_NO_SCAN };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "workdir", required_argument, NULL, 'w' },
	{ "move", required_argument, NULL, OPT_MOVE },
	{ "no-scan", no_argument, NULL, OPT_NO_SCAN },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

struct job {
	struct workspace w;
	const char	*move;
	int		 explicit;	/* -w: paths are relative to it */
	int		 noscan;
	int		 json;
};

struct verb {
	const char	*name;
	int		(*run)(struct job *, char **);
	int		 paths;		/* it takes them */
};

static void
xopen(struct decided *d, const struct job *j, int change)
{
	char *was;

	xdecided_load(d, &j->w, change, &was);
	if (was != NULL && tool_verbose >= 0) {
		char *old = xvis(was);

		warnx("this workspace was '%s': its hidden and ignored files"
		    " are taken over", old);
		free(old);
	}
	free(was);
}

static int
do_add(struct job *j, char **paths)
{
	struct decided d;
	int rc;

	xopen(&d, j, 1);
	rc = xhide_add(&d, &j->w, paths, j->explicit, j->move);
	xdecided_save(&d, &j->w);
	decided_free(&d);
	return rc;
}

static int
do_remove(struct job *j, char **paths)
{
	struct decided d;
	int rc;

	xopen(&d, j, 1);
	rc = xhide_remove(&d, &j->w, paths, j->explicit);
	xdecided_save(&d, &j->w);
	decided_free(&d);
	return rc;
}

static int
do_ignore(struct job *j, char **paths)
{
	struct findings f;
	struct decided d;
	size_t i;

	if (*paths != NULL)
		xfindings_scan(&f, j->w.path, paths, j->explicit);
	else
		xfindings_read(&f, STDIN_FILENO);
	if (f.n == 0)
		warnx("nothing is found there: nothing to ignore");
	xopen(&d, j, 1);
	for (i = 0; i < f.n; i++)
		xdecisions_add(&d.ignored, f.v[i].path, f.v[i].rule,
		    f.v[i].print, NULL);
	xdecided_save(&d, &j->w);
	decided_free(&d);
	i = f.n;
	findings_free(&f);
	return i != 0 ? ST_YES : ST_NO;
}

static int
do_unignore(struct job *j, char **paths)
{
	struct decided d;
	int rc = ST_YES;
	char *rel;

	if (*paths == NULL)
		tool_usage(&tool);
	xopen(&d, j, 1);
	for (; *paths != NULL; paths++) {
		rel = xhide_path(&j->w, *paths, j->explicit);
		if (decisions_remove(&d.ignored, rel) == 0) {
			warnx("'%s' is not ignored", *paths);
			rc = ST_NO;
		}
		free(rel);
	}
	xdecided_save(&d, &j->w);
	decided_free(&d);
	return rc;
}

static int
do_list(struct job *j, char **paths)
{
	struct decided d;

	(void)paths;
	xopen(&d, j, 0);
	xhide_list(&d, &j->w, j->json);
	decided_free(&d);
	return ST_YES;
}

static int
do_pending(struct job *j, char **paths)
{
	struct findings f;
	struct decided d;
	size_t i, n = 0;

	(void)paths;
	xopen(&d, j, 0);
	xfindings_read(&f, STDIN_FILENO);
	for (i = 0; i < f.n; i++)
		if (!decided_settles(&d, &f.v[i])) {
			finding_put(stdout, &f.v[i]);
			n++;
		}
	findings_free(&f);
	decided_free(&d);
	return n != 0 ? ST_NO : ST_YES;
}

/* What is still pending of f is asked about; the lists are saved when settled. */
static int
settle(struct job *j, struct findings *f)
{
	struct decided d;
	size_t i, n = 0;
	int rc = ST_YES;

	xopen(&d, j, 0);
	for (i = 0; i < f->n; i++)
		if (!decided_settles(&d, &f->v[i]))
			f->v[n++] = f->v[i];
	f->n = n;
	decided_free(&d);
	if (n == 0)
		return ST_YES;
	/* the lock is held while a person thinks: nobody else decides */
	xopen(&d, j, 1);
	switch (triage_ask(&d, f->v, n, &j->w)) {
	case TRIAGE_SETTLED:
		xdecided_save(&d, &j->w);
		xhide_tell_tracked(&d, &j->w);
		break;
	case TRIAGE_ABORTED:
		rc = ST_NO;
		break;
	case TRIAGE_NO_TERMINAL:
		triage_tell(f->v, n, j->w.path);
		rc = ST_USAGE;
	}
	decided_free(&d);
	return rc;
}

static int
do_triage(struct job *j, char **paths)
{
	struct findings f;
	int rc;

	(void)paths;
	xfindings_read(&f, STDIN_FILENO);
	rc = settle(j, &f);
	findings_free(&f);
	return rc;
}

static int
do_mounts(struct job *j, char **paths)
{
	struct decided d;

	(void)paths;
	xopen(&d, j, 0);
	xhide_mounts(&d, &j->w);
	decided_free(&d);
	return ST_YES;
}

static int
do_check(struct job *j, char **paths)
{
	static char *all[] = { NULL };
	struct findings f;
	int rc = ST_YES;

	if (!j->noscan) {
		xfindings_scan(&f, j->w.path, all, 1);
		rc = settle(j, &f);
		findings_free(&f);
	}
	return rc == ST_YES ? do_mounts(j, paths) : rc;
}

static const struct verb verbs[] = {
	{ "add", do_add, 1 },
	{ "hide", do_add, 1 },
	{ "remove", do_remove, 1 },
	{ "unhide", do_remove, 1 },
	{ "list", do_list, 0 },
	{ "ignore", do_ignore, 1 },
	{ "unignore", do_unignore, 1 },
	{ "pending", do_pending, 0 },
	{ "triage", do_triage, 0 },
	{ "mounts", do_mounts, 0 },
	{ "check", do_check, 0 }
};

int
main(int argc, char *argv[])
{
	static const char dflt[] = "add";
	const char *dir = NULL, *verb = dflt;
	struct job j;
	size_t i;
	int c, rc;

	memset(&j, 0, sizeof(j));
	/* options may stand on either side of the verb */
	for (;;) {
		c = tool_getopt(&tool, argc, argv, "+w:j", options);
		if (c == -1) {
			if (verb != dflt || optind >= argc)
				break;
			verb = argv[optind++];
			continue;
		}
		switch (c) {
		case 'w':
			dir = optarg;
			j.explicit = 1;
			break;
		case 'j':
			j.json = 1;
			break;
		case OPT_MOVE:
			j.move = optarg;
			break;
		case OPT_NO_SCAN:
			j.noscan = 1;
			break;
		default:
			tool_usage(&tool);
		}
	}
	argv += optind;
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verb, verbs[i].name) == 0)
			break;
	if (i == sizeof(verbs) / sizeof(verbs[0]))
		errx(ST_USAGE, "no verb '%s': see aipod-hide --help", verb);
	if (*argv != NULL && !verbs[i].paths)
		errx(ST_USAGE, "'%s' takes no path", verb);
	if (verb == dflt && isatty(STDIN_FILENO))
		tool_usage(&tool);
	xworkspace_open(&j.w, dir);
	rc = verbs[i].run(&j, argv);
	workspace_free(&j.w);
	xio_close_stdout();
	return rc;
}
