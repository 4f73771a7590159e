/*
 * aipod-undo: the workspace as it was when a session began.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "buf.h"
#include "conf.h"
#include "hash.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "session.h"
#include "snaptake.h"
#include "status.h"
#include "table.h"
#include "tool.h"
#include "undo.h"
#include "utf8.h"

static const struct tool tool = {
	"aipod-undo",
	"[-anqy] [-w DIR] [list | forget | SESSION] [PATH ...]",
	"  -w, --workdir DIR    the workspace         [the working directory]\n"
	"  -n, --dry-run        print what would be done, do nothing\n"
	"  -y, --yes            do not ask\n"
	"  -a, --all            also what was changed after the session\n"
	"      --begin ID       remember how it is now, for this session\n"
	"  -x, --exclude PATH   with --begin: leave it out\n"
};

enum { O_BEGIN = 256 };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "workdir", required_argument, NULL, 'w' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "yes", no_argument, NULL, 'y' },
	{ "all", no_argument, NULL, 'a' },
	{ "begin", required_argument, NULL, O_BEGIN },
	{ "exclude", required_argument, NULL, 'x' },
	{ NULL, 0, NULL, 0 }
};

struct job {
	struct workspace w;
	struct executes	 x;
	struct snap	 before;
	struct snap	 now;
	struct snap	 end;
	struct undo	 u;
	struct argv	 skip;
	char		*id;
	int		 dry_run;
	int		 yes;
	int		 all;
	int		 dir;
	int		 lock;
	int		 ws;
};

static void
xopen(struct job *j)
{
	if ((j->dir = snap_open(&j->w, &j->lock)) == -1)
		err(ST_SYS, "cannot open the snapshots of '%s'", j->w.path);
}

static long long
size_setting(void)
{
	char *s = xconf_get("UNDO_SIZE");
	long long n = SNAP_SIZE;

	if (s != NULL)
		n = xnum("UNDO_SIZE", s, 0, 1 << 20) * 1024 * 1024;
	free(s);
	return n;
}

/* Take a snapshot of now, and say what of it is not kept. */
static void
xtake(struct job *j, const char *id, const char *kind, const char *of)
{
	struct snaptake t;

	memset(&t, 0, sizeof(t));
	t.w = &j->w;
	t.x = &j->x;
	t.skip = &j->skip;
	t.id = id;
	t.kind = kind;
	t.of = of;
	t.by = of != NULL ? &j->before : NULL;
	t.agent = getenv("AIPOD_AGENT");
	t.size = size_setting();
	t.bare = of == NULL && !xconf_bool("UNDO", 1);
	if (snap_take(&t, j->dir) == -1) {
		if (errno == E2BIG)
			errx(ST_NO, "more than %d paths in '%s': there will be"
			    " nothing to review or undo", SNAP_ENTRIES,
			    j->w.path);
		err(ST_SYS, "cannot remember how '%s' is", j->w.path);
	}
	if (t.info.left > 0 && !t.bare && tool_verbose >= 0)
		warnx("%lld file%s too large to keep a copy of: aipod undo"
		    " cannot bring them back (UNDO_SIZE is %lld MB)",
		    t.info.left, t.info.left == 1 ? " is" : "s are",
		    t.size / 1024 / 1024);
}

static int
do_list(struct job *j)
{
	static const char *const heading[] = { "SNAPSHOT", "WHEN", "KIND",
	    "AGENT", "OF", "FILES", "BYTES", "LEFT" };
	char files[24], bytes[24], left[24];
	struct snap_info *v;
	const char *f[8];
	struct table t;
	int i, n;

	if ((n = snap_infos(j->dir, &v)) == -1)
		err(ST_SYS, "cannot list the snapshots of '%s'", j->w.path);
	table_init(&t, 8, heading);
	for (i = n - 1; i >= 0; i--) {
		if (strcmp(v[i].kind, "end") == 0)
			continue;
		snprintf(files, sizeof(files), "%lld", v[i].files);
		snprintf(bytes, sizeof(bytes), "%lld", v[i].bytes);
		snprintf(left, sizeof(left), "%lld", v[i].left);
		f[0] = v[i].id;
		f[1] = v[i].when;
		f[2] = v[i].kind;
		f[3] = v[i].agent;
		f[4] = v[i].of;
		f[5] = files;
		f[6] = bytes;
		f[7] = left;
		table_row(&t, f);
	}
	table_end(&t);
	snap_infos_free(v, n);
	return ST_YES;
}

static int
do_forget(struct job *j)
{
	char *path = snap_dir(&j->w);

	if (io_remove(AT_FDCWD, path) == -1)
		err(ST_SYS, "cannot remove '%s'", path);
	free(path);
	return ST_YES;
}

static void
xload(struct job *j)
{
	struct snap_info *v;
	struct session *s;
	char *end;
	int i, n;

	if ((n = sessions_list(j->w.hash, &s)) == -1)
		err(ST_SYS, "cannot list the sessions");
	for (i = 0; i < n; i++)
		if (s[i].alive && !j->dry_run)
			errx(ST_NO, "session %s is running in '%s': end it"
			    " first (aipod stop)", s[i].id, j->w.path);
	sessions_free(s, n);
	if (j->id == NULL && (n = snap_infos(j->dir, &v)) != -1) {
		for (i = n - 1; i >= 0 && j->id == NULL; i--)
			if (strcmp(v[i].kind, "session") == 0)
				j->id = xstrdup(v[i].id);
		snap_infos_free(v, n);
	}
	if (j->id == NULL)
		errx(ST_USAGE, "no session in '%s' is remembered", j->w.path);
	if (snap_load(j->dir, j->id, &j->before) == -1) {
		if (errno == ENOENT)
			errx(ST_USAGE, "no snapshot '%s': see aipod undo list",
			    j->id);
		err(ST_SYS, "cannot read the snapshot '%s'", j->id);
	}
	end = xasprintf("%s.end", j->id);
	if (snap_load(j->dir, end, &j->end) == -1)
		memset(&j->end, 0, sizeof(j->end));
	free(end);
	j->ws = open(j->w.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->ws == -1 || snap_now(&j->w, &j->x, NULL, j->dir, &j->before,
	    &j->now) == -1)
		err(ST_SYS, "cannot read '%s'", j->w.path);
	undo_plan(&j->u, &j->before, &j->now, j->end.n > 0 ? &j->end : NULL,
	    j->dir, j->ws);
}

/* Only what was asked for. */
static void
choose(struct job *j, char *const *paths)
{
	size_t i, n, to = 0;
	const char *p;
	int k;

	for (i = 0; *paths != NULL && i < j->u.n; i++)
		for (k = 0; paths[k] != NULL; k++) {
			p = strncmp(paths[k], "./", 2) == 0 ? paths[k] + 2 :
			    paths[k];
			n = strlen(p);
			while (n > 0 && p[n - 1] == '/')
				n--;
			if (strncmp(undo_path(&j->u.v[i]), p, n) == 0 &&
			    (undo_path(&j->u.v[i])[n] == '/' ||
			    undo_path(&j->u.v[i])[n] == '\0')) {
				j->u.v[to++] = j->u.v[i];
				break;
			}
		}
	if (*paths != NULL)
		j->u.n = to;
}

static const char *
note(const struct job *j, const struct undo_step *s)
{
	return s->what == UNDO_LOST ? "not kept" : s->unsafe ?
	    "too large to keep a copy of" : !s->later ? NULL : j->all ?
	    "changed after the session" :
	    "changed after the session: left as it is";
}

/* Returns the number of steps that would be taken. */
static size_t
show(const struct job *j)
{
	static const char *const heading[] = { "PATH", "ACTION", "NOTE" };
	const struct undo_step *s;
	struct table t;
	const char *f[3];
	const char *was = "";
	size_t i, n_git, n = 0;
	char *repo = NULL;

	table_init(&t, 3, heading);
	for (i = 0; i < j->u.n; i++) {
		s = &j->u.v[i];
		n += s->what != UNDO_LOST && !s->unsafe && (!s->later || j->all);
		f[0] = undo_path(s);
		f[1] = undo_word(s);
		f[2] = note(j, s);
		if (s->git > 0) {
			/* a repository is one line */
			n_git = (size_t)s->git;
			if (strncmp(was, f[0], n_git) == 0 &&
			    (was[n_git] == '\0' || was[n_git] == '/'))
				continue;
			repo = xstrndup(f[0], n_git);
			f[0] = repo;
			f[1] = "restore";
		}
		was = undo_path(s);
		table_row(&t, f);
		free(repo);
		repo = NULL;
	}
	if (tool_verbose >= 0 && t.rows > 0)
		table_end(&t);
	fflush(stdout);
	return n;
}

static int
confirm(size_t n)
{
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	char *q, c, first = 0;

	if (tty == -1)
		errx(ST_NO, "nobody to ask here: say -y to do it");
	q = xasprintf("Do %s? What is there now is kept, too. [y/N] ",
	    n == 1 ? "this" : "these");
	tcflush(tty, TCIFLUSH);
	io_writeall(tty, q, strlen(q));
	free(q);
	while (read(tty, &c, 1) == 1 && c != '\n')
		if (first == 0)
			first = c;
	close(tty);
	return first == 'y' || first == 'Y';
}

/* How it is after: what is changed from here on is the user's. */
static void
save_end(struct job *j, const char *id)
{
	struct snap now;

	if (snap_now(&j->w, &j->x, NULL, j->dir, &j->before, &now) == 0)
		snap_end(j->dir, id, &now);
	snap_free(&now);
}

static int
do_undo(struct job *j, char *const *paths)
{
	struct snap kept;
	char id[9];
	size_t n;
	int failed;

	xload(j);
	choose(j, paths);
	n = show(j);
	if (n == 0) {
		if (tool_verbose >= 0)
			warnx("nothing to take back%s", j->u.n > 0 ?
			    " but what is marked" : "");
		return ST_YES;
	}
	if (j->dry_run || (!j->yes && !confirm(n)))
		return ST_NO;
	if (rand_hex(id, 8) == -1)
		err(ST_SYS, "cannot get random bytes");
	xtake(j, id, "undo", j->id);
	if (snap_load(j->dir, id, &kept) == -1)
		err(ST_SYS, "cannot read the snapshot '%s'", id);
	undo_secure(&j->u, &kept);
	snap_free(&kept);
	failed = undo_do(&j->u, j->dir, j->ws, j->all);
	save_end(j, id);
	snap_expire(&j->w, j->dir);
	if (tool_verbose >= 0)
		warnx("done; aipod undo %s goes back to how it was a moment"
		    " ago", id);
	return failed > 0 ? ST_SYS : ST_YES;
}

int
main(int argc, char *argv[])
{
	const char *workdir = NULL, *begin = NULL;
	struct job j;
	int c, rc;

	memset(&j, 0, sizeof(j));
	while ((c = tool_getopt(&tool, argc, argv, "+w:nyax:", options)) != -1)
		switch (c) {
		case 'w':
			workdir = optarg;
			break;
		case 'n':
			j.dry_run = 1;
			break;
		case 'y':
			j.yes = 1;
			break;
		case 'a':
			j.all = 1;
			break;
		case 'x':
			argv_add(&j.skip, optarg);
			break;
		case O_BEGIN:
			begin = optarg;
			break;
		default:
			tool_usage(&tool);
		}
	argv += optind;
	if (begin != NULL && (*argv != NULL || !is_hex(begin, SESSION_ID - 1)))
		tool_usage(&tool);
	xworkspace_open(&j.w, workdir);
	xexecutes_load(&j.x);
	xopen(&j);
	if (begin != NULL) {
		xtake(&j, begin, "session", NULL);
		rc = ST_YES;
	} else if (*argv != NULL && strcmp(*argv, "list") == 0)
		rc = do_list(&j);
	else if (*argv != NULL && strcmp(*argv, "forget") == 0)
		rc = do_forget(&j);
	else {
		if (*argv != NULL && is_hex(*argv, SESSION_ID - 1))
			j.id = xstrdup(*argv++);
		rc = do_undo(&j, argv);
	}
	xio_close_stdout();
	return rc;
}
