/*
 * aipod-review: what a session wrote that the host would execute.
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

#include "buf.h"
#include "conf.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "review.h"
#include "snaptake.h"
#include "status.h"
#include "table.h"
#include "tool.h"
#include "utf8.h"

#define SHORT_LIST	12		/* lines at a session's end */

static const struct tool tool = {
	"aipod-review",
	"[-0djq] [-w DIR] [-s SESSION] [PATH ...]",
	"  -w, --workdir DIR    the workspace         [the working directory]\n"
	"  -s, --session ID     since this one began  [the last]\n"
	"  -d, --diff           show the differences\n"
	"  -j, --json           one JSON object a line\n"
	"  -0, --null           paths alone, a NUL behind each\n"
	"      --end            a short list on standard error, and remember"
	" the end\n"
};

enum { O_END = 256 };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "workdir", required_argument, NULL, 'w' },
	{ "session", required_argument, NULL, 's' },
	{ "diff", no_argument, NULL, 'd' },
	{ "json", no_argument, NULL, 'j' },
	{ "null", no_argument, NULL, '0' },
	{ "end", no_argument, NULL, O_END },
	{ NULL, 0, NULL, 0 }
};

enum form { RECORDS, DIFFS, JSON_LINES, PATHS, END };

struct job {
	struct workspace w;
	struct executes	 x;
	struct snap	 before;
	struct snap	 now;
	struct review	 r;
	const char	*session;
	enum form	 form;
	int		 dir;
	int		 ws;
};

/* The newest that a session began with, as a new string. */
static char *
last_session(int dir)
{
	struct snap_info *v;
	char *id = NULL;
	int i, n = snap_infos(dir, &v);

	for (i = n - 1; i >= 0 && id == NULL; i--)
		if (strcmp(v[i].kind, "session") == 0)
			id = xstrdup(v[i].id);
	if (n != -1)
		snap_infos_free(v, n);
	return id;
}

static void
xload(struct job *j)
{
	char *path = snap_dir(&j->w), *id = NULL;

	j->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->dir == -1 && errno != ENOENT)
		err(ST_SYS, "cannot open '%s'", path);
	free(path);
	if (j->dir != -1)
		id = j->session != NULL ? xstrdup(j->session) :
		    last_session(j->dir);
	if (id != NULL && strchr(id, '/') != NULL)
		errx(ST_USAGE, "'%s' is no session", id);
	if (id == NULL || snap_load(j->dir, id, &j->before) == -1) {
		if (j->form == END)
			exit(ST_YES);	/* it was told when it was not taken */
		if (id == NULL || errno == ENOENT)
			errx(ST_USAGE, "nothing is known of how '%s' was before"
			    " %s%s: see aipod undo list", j->w.path, id != NULL ?
			    "session " : "a session", id != NULL ? id : "");
		err(ST_SYS, "cannot read the snapshot '%s'", id);
	}
	free(id);
	xexecutes_load(&j->x);
	j->ws = open(j->w.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->ws == -1 || snap_now(&j->w, &j->x, NULL, j->dir, &j->before,
	    &j->now) == -1) {
		if (errno == E2BIG)
			errx(ST_SYS, "more than %d paths in '%s': what of them"
			    " this machine would execute cannot be told",
			    SNAP_ENTRIES, j->w.path);
		err(ST_SYS, "cannot read '%s'", j->w.path);
	}
	review_make(&j->r, &j->w, j->dir, j->ws, &j->before, &j->now, &j->x);
}

static const char *
state_of(const struct review_item *i)
{
	return i->before == NULL ? "new" : "changed";
}

/* Is it one that was asked for, or below one? */
static int
is_asked(const char *path, char *const *paths)
{
	size_t n;

	if (*paths == NULL)
		return 1;
	for (; *paths != NULL; paths++) {
		const char *p = *paths;

		while (strncmp(p, "./", 2) == 0)
			p += 2;
		n = strlen(p);
		while (n > 0 && p[n - 1] == '/')
			n--;
		if (strncmp(path, p, n) == 0 && (path[n] == '\0' ||
		    path[n] == '/' || n == 0))
			return 1;
	}
	return 0;
}

static void
put_json(const struct review_item *i)
{
	struct buf b = BUF_INIT;
	struct json_out o;

	json_begin(&o, &b);
	json_open(&o, '{');
	json_member(&o, "path", i->now->path);
	json_member(&o, "kind", i->kind);
	json_member(&o, "why", i->why);
	json_member(&o, "state", state_of(i));
	json_close(&o, '}');
	xbuf_check(&b);
	puts(buf_str(&b));
	buf_free(&b);
}

/* Foreign bytes as they are in a pipe, harmless on a terminal. */
static void
put_diff(const struct job *j, const struct review_item *i, int safe)
{
	struct buf b = BUF_INIT, out = BUF_INIT;
	uint32_t cp;
	size_t k;
	int n;

	if (review_diff(i, j->dir, j->ws, &b) == -1)
		err(ST_SYS, "cannot compare '%s'", i->now->path);
	for (k = 0; safe && k < b.len; k += (size_t)n) {
		n = utf8_next(b.p + k, b.len - k, &cp);
		if (n > 0 && (cp == '\n' || cp == '\t' || utf8_width(cp) != -1))
			buf_add(&out, b.p + k, (size_t)n);
		else {
			n = n < 0 ? -n : n;
			vis_add(&out, b.p + k, (size_t)n, 0);
		}
	}
	xbuf_check(&b);
	xbuf_check(&out);
	if (safe)
		fwrite(out.p, 1, out.len, stdout);
	else
		fwrite(b.p, 1, b.len, stdout);
	buf_free(&b);
	buf_free(&out);
}

static int
show(const struct job *j, char *const *paths)
{
	static const char *const heading[] = { "PATH", "KIND", "WHY", "STATE" };
	const struct review_item *i;
	const char *f[4];
	struct table t;
	size_t k, shown = 0;

	table_init(&t, 4, heading);
	for (k = 0; k < j->r.n; k++) {
		i = &j->r.v[k];
		if (!is_asked(i->now->path, paths))
			continue;
		shown++;
		if (tool_verbose < 0)
			continue;
		switch (j->form) {
		case DIFFS:
			put_diff(j, i, isatty(STDOUT_FILENO));
			break;
		case JSON_LINES:
			put_json(i);
			break;
		case PATHS:
			fwrite(i->now->path, 1, strlen(i->now->path) + 1,
			    stdout);
			break;
		default:
			f[0] = i->now->path;
			f[1] = i->kind;
			f[2] = i->why;
			f[3] = state_of(i);
			table_row(&t, f);
		}
	}
	if (j->form == RECORDS && t.rows > 0)
		table_end(&t);
	return shown > 0 ? ST_NO : ST_YES;
}

/* How it was left, so that undo knows what was changed later. */
static void
save_end(struct job *j)
{
	int lock, dir = snap_open(&j->w, &lock);

	if (dir == -1 || snap_end(dir, j->session, &j->now) == -1)
		warn("cannot remember how the session left the workspace");
	else
		snap_expire(&j->w, dir);
	if (dir != -1) {
		close(lock);
		close(dir);
	}
}

/* For a person who is about to go on working in the workspace. */
static void
tell(const struct job *j)
{
	char *name;
	size_t k;

	if (j->r.n == 0 || tool_verbose < 0)
		return;
	if (!isatty(STDERR_FILENO)) {
		warnx("the session wrote %zu file%s that this machine would"
		    " execute or obey: see aipod review", j->r.n,
		    j->r.n == 1 ? "" : "s");
		return;
	}
	warnx("the session wrote what this machine would execute or obey:");
	for (k = 0; k < j->r.n && k < SHORT_LIST; k++) {
		name = xvis(j->r.v[k].now->path);
		fprintf(stderr, "  %-7s  %s: %s\n", state_of(&j->r.v[k]), name,
		    j->r.v[k].why);
		free(name);
	}
	if (j->r.n > SHORT_LIST)
		fprintf(stderr, "  and %zu more\n", j->r.n - SHORT_LIST);
	fprintf(stderr, "aipod review -d shows the differences, aipod undo"
	    " takes them back\n");
}

int
main(int argc, char *argv[])
{
	const char *workdir = NULL;
	struct job j;
	int c, rc = ST_YES;

	memset(&j, 0, sizeof(j));
	while ((c = tool_getopt(&tool, argc, argv, "+w:s:dj0", options)) != -1)
		switch (c) {
		case 'w':
			workdir = optarg;
			break;
		case 's':
			j.session = optarg;
			break;
		case 'd':
			j.form = DIFFS;
			break;
		case 'j':
			j.form = JSON_LINES;
			break;
		case '0':
			j.form = PATHS;
			break;
		case O_END:
			j.form = END;
			break;
		default:
			tool_usage(&tool);
		}
	if (j.form == END && (optind < argc || j.session == NULL))
		tool_usage(&tool);
	xworkspace_open(&j.w, workdir);
	xload(&j);
	if (j.form == END) {
		save_end(&j);
		tell(&j);
	} else
		rc = show(&j, argv + optind);
	review_free(&j.r);
	snap_free(&j.now);
	snap_free(&j.before);
	executes_free(&j.x);
	workspace_free(&j.w);
	xio_close_stdout();
	return rc;
}
