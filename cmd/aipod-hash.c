/*
 * aipod-hash: name a workspace.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "rec.h"
#include "status.h"
#include "tool.h"
#include "workspace.h"

static const struct tool tool = {
	"aipod-hash",
	"[-0jl] [-s SESSION] [-w DIR | DIR ... | -]",
	"  -l, --long           all names, one record a name\n"
	"  -s, --session ID     the name of this session's container, too\n"
	"  -w, --workdir DIR    the workspace         [the working directory]\n"
	"  -0, --null           NUL ends a hash, and a path that - reads\n"
	"  -j, --json           one JSON object a workspace\n"
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "long", no_argument, NULL, 'l' },
	{ "session", required_argument, NULL, 's' },
	{ "workdir", required_argument, NULL, 'w' },
	{ "null", no_argument, NULL, '0' },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

enum form { SHORT, LONG, JSON };

struct names {
	char	*container;	/* NULL without a session */
	char	*image;
	char	*home;
	char	*state;
};

static void
show_json(const struct workspace *w, const struct names *n)
{
	struct buf b = BUF_INIT;
	struct json_out j;

	json_begin(&j, &b);
	json_open(&j, '{');
	json_member(&j, "hash", w->hash);
	json_member(&j, "path", w->path);
	if (n->container != NULL)
		json_member(&j, "container", n->container);
	json_member(&j, "image", n->image);
	json_member(&j, "home", n->home);
	json_member(&j, "state", n->state);
	xjson_end(&j);
}

static void
show_record(const char *key, const char *value)
{
	const char *f[2] = { key, value };

	if (value != NULL)
		rec_line(stdout, 2, f);
}

static void
show(const struct workspace *w, const char *session, enum form form, int end)
{
	struct names n;

	if (form == SHORT) {
		fputs(w->hash, stdout);
		putchar(end);
		return;
	}
	n.container = session != NULL ? workspace_container(w, session) : NULL;
	n.image = workspace_image(w);
	n.home = workspace_home_volume(w);
	n.state = workspace_state(w, NULL);
	if (form == JSON)
		show_json(w, &n);
	else {
		show_record("hash", w->hash);
		show_record("path", w->path);
		show_record("container", n.container);
		show_record("image", n.image);
		show_record("home", n.home);
		show_record("state", n.state);
	}
	free(n.container);
	free(n.image);
	free(n.home);
	free(n.state);
}

/* Name one directory of several; what is none gives a warning and ST_USAGE. */
static int
show_one(const char *dir, const char *session, enum form form, int end)
{
	struct workspace w;

	if (workspace_open(&w, dir) == -1) {
		warn("cannot use '%s' as workspace", dir);
		return ST_USAGE;
	}
	show(&w, session, form, end);
	workspace_free(&w);
	return ST_YES;
}

/* Paths from standard input: records of one field, or bytes up to a NUL. */
static int
show_stdin(const char *session, enum form form, int end)
{
	char *line = NULL, *f[1];
	size_t cap = 0;
	ssize_t n;
	int rc = ST_YES;

	while ((n = getdelim(&line, &cap, end, stdin)) != -1) {
		if (line[n - 1] == end)
			line[--n] = '\0';
		f[0] = line;
		if (strlen(line) != (size_t)n || n == 0 ||
		    (end == '\n' && (rec_split(line, f, 1) != 1 ||
		    f[0] == NULL))) {
			warnx("standard input: '%s' is no path: see"
			    " aipod-records(5)", line);
			rc = ST_USAGE;
		} else if (show_one(f[0], session, form, end) != ST_YES)
			rc = ST_USAGE;
	}
	if (ferror(stdin))
		err(ST_SYS, "cannot read standard input");
	free(line);
	return rc;
}

int
main(int argc, char *argv[])
{
	const char *session = NULL, *workdir = NULL;
	struct workspace w;
	enum form form = SHORT;
	int c, end = '\n', rc = ST_YES;

	while ((c = tool_getopt(&tool, argc, argv, "+ls:w:0j", options)) != -1)
		switch (c) {
		case 'l':
			form = LONG;
			break;
		case 's':
			if (!is_hex(optarg, SESSION_ID - 1))
				errx(ST_USAGE, "session '%s': must be %d"
				    " hexadecimal digits", optarg, SESSION_ID - 1);
			session = optarg;
			break;
		case 'w':
			workdir = optarg;
			break;
		case '0':
			end = '\0';
			break;
		case 'j':
			form = JSON;
			break;
		default:
			tool_usage(&tool);
		}
	if (optind < argc && workdir != NULL)
		errx(ST_USAGE, "both --workdir and '%s': give one", argv[optind]);
	if (optind == argc) {
		xworkspace_open(&w, workdir);
		show(&w, session, form, end);
		workspace_free(&w);
	}
	for (; optind < argc; optind++) {
		c = strcmp(argv[optind], "-") == 0 ?
		    show_stdin(session, form, end) :
		    show_one(argv[optind], session, form, end);
		if (c != ST_YES)
			rc = c;
	}
	xio_close_stdout();
	return rc;
}
