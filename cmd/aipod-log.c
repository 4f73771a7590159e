/*
 * aipod-log: the audit trail: who asked for what, who said yes.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit.h"
#include "buf.h"
#include "hash.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "num.h"
#include "rec.h"
#include "status.h"
#include "tool.h"
#include "workspace.h"

static const struct tool tool = {
	"aipod-log",
	"[-fj] [-k KIND] [-s SESSION] [-S TIME] [-w DIR] [show|verify]",
	"  show                 the records                    [the default]\n"
	"  verify               is every record as it was written\n"
	"  -k, --kind KIND      only command, host, service, ...\n"
	"  -s, --session ID     only of this session\n"
	"  -S, --since TIME     from 2026-11-21T16:00:00Z on, or the last 90s,\n"
	"                       15m, 12h, 7d\n"
	"  -f, --follow         go on as records are added\n"
	"  -w, --workdir DIR    the workspace           [the working directory]\n"
	"  -j, --json           one JSON object a record\n"
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "kind", required_argument, NULL, 'k' },
	{ "session", required_argument, NULL, 's' },
	{ "since", required_argument, NULL, 'S' },
	{ "follow", no_argument, NULL, 'f' },
	{ "workdir", required_argument, NULL, 'w' },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

struct filter {
	const char	*dir;
	const char	*kind;
	const char	*session;
	char		 since[32];	/* times compare as strings */
	int		 json, follow;
};

static void
xsince(struct filter *f, const char *s)
{
	static const char units[] = "smhd";
	static const long long seconds[] = { 1, 60, 3600, 86400 };
	const char *u;
	char *num;
	struct tm tm;
	time_t t;
	size_t n = strlen(s);

	if (n == 20 && s[4] == '-' && s[10] == 'T' && s[19] == 'Z') {
		memcpy(f->since, s, n + 1);
		return;
	}
	if (n < 2 || (u = strchr(units, s[n - 1])) == NULL)
		errx(ST_USAGE, "time '%s': must be like 2026-11-21T16:00:00Z,"
		    " 90s, 15m, 12h or 7d", s);
	num = xstrndup(s, n - 1);
	t = time(NULL) - (time_t)(xnum("since", num, 0, 1000000000) *
	    seconds[u - units]);
	free(num);
	gmtime_r(&t, &tm);
	strftime(f->since, sizeof(f->since), "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void
show_json(char *const *v)
{
	static const char *const names[AUDIT_FIELDS] = { "time", "session",
	    "kind", "verdict", "why", "subject", "detail", "chain" };
	struct buf b = BUF_INIT;
	struct json_out j;
	int i;

	json_begin(&j, &b);
	json_open(&j, '{');
	for (i = 0; i < AUDIT_FIELDS; i++)
		json_member(&j, names[i], v[i]);
	xjson_end(&j);
}

/* A line without its newline. */
static void
show_line(const struct filter *f, const char *line)
{
	char *copy = xstrdup(line), *v[AUDIT_FIELDS] = { NULL };

	if (rec_split(copy, v, AUDIT_FIELDS) < AUDIT_FIELDS || v[0] == NULL ||
	    v[2] == NULL) {
		warnx("a line is no record: see aipod-log verify");
		free(copy);
		return;
	}
	if ((f->kind == NULL || strcmp(f->kind, v[2]) == 0) &&
	    (f->session == NULL || (v[1] != NULL &&
	    strcmp(f->session, v[1]) == 0)) &&
	    strcmp(v[0], f->since) >= 0) {
		if (f->json)
			show_json(v);
		else
			puts(line);
	}
	free(copy);
}

/* 1 when path is another file by now, that fp then is. */
static int
follow_path(FILE **fp, const char *path)
{
	struct stat mine, now;
	FILE *new;

	if (fstat(fileno(*fp), &mine) == -1 || stat(path, &now) == -1 ||
	    (mine.st_ino == now.st_ino && mine.st_dev == now.st_dev) ||
	    (new = fopen(path, "re")) == NULL)
		return 0;
	fclose(*fp);
	*fp = new;
	return 1;
}

/*
 * Show what is there, from *at on.  Where the trail is a new file, last is the
 * line shown last: what comes behind it is new, or all when it was cut away.
 */
static void
show_new(const struct filter *f, const char *path, FILE *fp, off_t *at,
    char **last, int again)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	clearerr(fp);
	if (fseeko(fp, *at, SEEK_SET) == -1)
		err(ST_SYS, "cannot read '%s'", path);
	while ((n = getline(&line, &cap, fp)) > 0 && line[n - 1] == '\n') {
		line[n - 1] = '\0';
		*at += n;
		if (!again) {
			show_line(f, line);
			free(*last);
			*last = xstrdup(line);
		} else if (*last != NULL && strcmp(line, *last) == 0)
			again = 0;
	}
	if (ferror(fp))
		err(ST_SYS, "cannot read '%s'", path);
	free(line);
	if (again) {
		*at = 0;
		show_new(f, path, fp, at, last, 0);
	}
}

static int
cmd_show(const struct filter *f, const char *path)
{
	struct timespec nap = { 0, 200000000 };
	char *last = NULL;
	off_t at = 0;
	FILE *fp;
	int again = 0;

	while ((fp = fopen(path, "re")) == NULL && errno == ENOENT && f->follow)
		nanosleep(&nap, NULL);
	if (fp == NULL) {
		if (errno == ENOENT)
			return ST_YES;
		err(ST_SYS, "cannot open '%s'", path);
	}
	for (;;) {
		show_new(f, path, fp, &at, &last, again);
		if (!f->follow || fflush(stdout) == EOF)
			break;
		nanosleep(&nap, NULL);
		if ((again = follow_path(&fp, path)))
			at = 0;
	}
	free(last);
	fclose(fp);
	xio_close_stdout();
	return ST_YES;
}

static int
cmd_verify(const char *path)
{
	char head[HASH_HEX];
	const char *why;
	long lines, bad;

	bad = audit_verify(path, &lines, head, &why);
	if (bad == -1 && errno == ENOENT) {
		if (tool_verbose >= 0)
			warnx("there is no audit trail yet");
		return ST_YES;
	}
	if (bad == -1)
		err(ST_SYS, "cannot read '%s'", path);
	if (bad > 0) {
		warnx("'%s' line %ld: %s", path, bad, why);
		return ST_NO;
	}
	printf("%ld\t%s\n", lines, head);
	xio_close_stdout();
	return ST_YES;
}

static void
parse(void *arg, int argc, char *argv[])
{
	struct filter *f = arg;
	int c;

	while ((c = tool_getopt(&tool, argc, argv, "+k:s:S:fw:j", options)) !=
	    -1)
		switch (c) {
		case 'k':
			f->kind = optarg;
			break;
		case 's':
			f->session = optarg;
			break;
		case 'S':
			xsince(f, optarg);
			break;
		case 'f':
			f->follow = 1;
			break;
		case 'w':
			f->dir = optarg;
			break;
		case 'j':
			f->json = 1;
			break;
		default:
			tool_usage(&tool);
		}
}

int
main(int argc, char *argv[])
{
	static const struct tool_verb verbs[] = {
		{ "show", 0, 0, 0 }, { "verify", 0, 0, 0 }, { NULL, 0, 0, 0 }
	};
	struct filter f;
	struct workspace w;
	char *path;
	int rc, verb;

	memset(&f, 0, sizeof(f));
	verb = tool_verb(&tool, verbs, -1, parse, &f, &argc, &argv);
	xworkspace_open(&w, f.dir);
	path = workspace_state(&w, "audit");
	rc = verb == 0 ? cmd_show(&f, path) : cmd_verify(path);
	free(path);
	workspace_free(&w);
	return rc;
}
