/*
 * aipod-sweep: remove what no living session owns.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit.h"
#include "child.h"
#include "choose.h"
#include "conf.h"
#include "io.h"
#include "kept.h"
#include "mem.h"
#include "num.h"
#include "owned.h"
#include "rec.h"
#include "session.h"
#include "stale.h"
#include "status.h"
#include "tool.h"

static const struct tool tool = {
	"aipod-sweep",
	"[-ny] [--age DAYS] [--audit-age DAYS]"
	    " [--session HASH/SESSION | SESSION_DIR]",
	"      --session NAME   this session only, once it is dead\n"
	"      --age DAYS       keep output of host commands this long  [1]\n"
	"      --audit-age DAYS keep audit trails this long     [for ever]\n"
	"  -y, --yes            homes of workspaces that are gone, too\n"
	"  -n, --dry-run        print what would be removed\n"
};

enum { O_SESSION = 256, O_AGE, O_AUDIT_AGE };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "session", required_argument, NULL, O_SESSION },
	{ "age", required_argument, NULL, O_AGE },
	{ "audit-age", required_argument, NULL, O_AUDIT_AGE },
	{ "yes", no_argument, NULL, 'y' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ NULL, 0, NULL, 0 }
};

struct sweep {
	int	dry_run;
	int	yes;
	long	age;			/* seconds */
	long	audit_age;		/* 0: keep */
	int	failed;
};

static void
tell(const char *kind, const char *name)
{
	const char *f[2] = { kind, name };

	if (tool_verbose >= 0)
		rec_line(stdout, 2, f);
}

static void
drop_session(struct sweep *w, const struct session *s)
{
	char *name = xasprintf("%s/%s", s->hash, s->id);

	tell("session", name);
	free(name);
	if (!w->dry_run && kept_bury(s) == -1) {
		warn("cannot remove '%s'", s->dir);
		w->failed = 1;
	}
}

static void
remove_containers(struct sweep *w, const struct engine *e,
    const struct owned *o, int n, const char *doomed)
{
	struct argv ids = ARGV_INIT;
	int i;

	for (i = 0; i < n; i++)
		if (doomed[i]) {
			argv_add(&ids, o[i].id);
			tell("container", o[i].name);
		}
	if (!w->dry_run && owned_remove(e, OWNED_CONTAINER, ids.v) == -1)
		w->failed = 1;
	argv_free(&ids);
}

/* The containers of one dead session; how many there were. */
static int
remove_ones_containers(struct sweep *w, const struct engine *e,
    const struct session *s)
{
	struct owned *o;
	int i, n, count = 0;
	char *doomed;

	if ((n = owned_list(e, OWNED_CONTAINER, s->hash, &o)) <= 0)
		return 0;
	doomed = xcalloc((size_t)n, 1);
	for (i = 0; i < n; i++) {
		doomed[i] = strcmp(o[i].session, s->id) == 0 &&
		    (s->dir != NULL || owned_judge(e, &o[i]) == OWNED_DEAD);
		count += doomed[i];
	}
	remove_containers(w, e, o, n, doomed);
	free(doomed);
	owned_free(o, n);
	return count;
}

/* 1 when the session lives still, after a moment in which it may be ending. */
static int
find_dead(struct session *out, const char *hash, const char *id)
{
	struct timespec tick = { 0, 50000000 };
	const struct session *found;
	struct session *s;
	int n, alive = 1, tries;

	for (tries = 0; alive && tries < 40; tries++) {
		if (tries > 0)
			nanosleep(&tick, NULL);
		if ((n = sessions_list(hash, &s)) == -1)
			err(ST_SYS, "cannot list the sessions");
		found = sessions_find(s, n, hash, id);
		memcpy(out->hash, hash, WORKSPACE_HASH);
		memcpy(out->id, id, SESSION_ID);
		out->dir = found != NULL ? xstrdup(found->dir) : NULL;
		alive = found != NULL && found->alive;
		sessions_free(s, n);
	}
	return alive;
}

/*
 * Without the file cid the engine's client may be at it still: it fails once
 * the directory is gone, or its container shows up.
 */
static int
sweep_one(struct sweep *w, const char *hash, const char *id)
{
	struct timespec tick = { 0, 500000000 };
	struct engine e[ENGINES_MAX];
	struct session s;
	char *cid = NULL, *program = NULL;
	int i, n, count = 0, tries;

	if (find_dead(&s, hash, id)) {
		warnx("session '%s/%s' is alive: end it with 'aipod stop'",
		    hash, id);
		return ST_NO;
	}
	if (s.dir != NULL) {
		program = session_fact(&s, "engine");
		cid = session_fact(&s, "cid");
	}
	n = engines_all(e);
	for (i = 0; i < n && program != NULL; i++)
		if (strcmp(e[i].program, program) == 0) {
			e[0] = e[i];
			n = 1;
		}
	for (i = 0; i < n; i++)
		count += remove_ones_containers(w, &e[i], &s);
	if (s.dir != NULL)
		drop_session(w, &s);
	for (tries = 0; s.dir != NULL && count == 0 && cid == NULL &&
	    program != NULL && !w->dry_run && tries < 6; tries++) {
		nanosleep(&tick, NULL);
		for (i = 0; i < n; i++)
			count += remove_ones_containers(w, &e[i], &s);
	}
	free(cid);
	free(program);
	free(s.dir);
	return w->failed ? ST_SYS : ST_YES;
}

/*
 * Every engine is asked for its containers before the sessions are listed: a
 * session is there before its container, so one that is not alive now was not
 * about to begin then.
 */
static void
sweep_sessions(struct sweep *w)
{
	struct engine e[ENGINES_MAX];
	struct owned *o[ENGINES_MAX];
	const struct session *found;
	struct session *s;
	char *doomed;
	int count[ENGINES_MAX], i, j, n, ns;

	n = engines_all(e);
	for (i = 0; i < n; i++) {
		count[i] = owned_list(&e[i], OWNED_CONTAINER, NULL, &o[i]);
		if (count[i] == -1 && tool_verbose > 0)
			warnx("'%s' does not answer", e[i].program);
	}
	if ((ns = sessions_list(NULL, &s)) == -1)
		err(ST_SYS, "cannot list the sessions");
	for (i = 0; i < n; i++) {
		if (count[i] <= 0)
			continue;
		doomed = xcalloc((size_t)count[i], 1);
		for (j = 0; j < count[i]; j++) {
			found = sessions_find(s, ns, o[i][j].hash,
			    o[i][j].session);
			doomed[j] = found != NULL ? !found->alive :
			    owned_judge(&e[i], &o[i][j]) == OWNED_DEAD;
		}
		remove_containers(w, &e[i], o[i], count[i], doomed);
		free(doomed);
		owned_free(o[i], count[i]);
	}
	for (i = 0; i < ns; i++)
		if (!s[i].alive)
			drop_session(w, &s[i]);
	sessions_free(s, ns);
	if (!w->dry_run)
		sessions_tidy(NULL, 60);
}

static void
sweep_commands(struct sweep *w, const struct workspace *ws)
{
	struct stale *s;
	char *path;
	int i, n;

	n = stale_list(ws, w->age, &s);
	for (i = 0; i < n; i++) {
		path = stale_path(ws, &s[i]);
		tell("commands", path);
		if (!w->dry_run && stale_remove(ws, &s[i]) == -1) {
			warn("cannot remove '%s'", path);
			w->failed = 1;
		}
		free(path);
	}
	free(s);
}

static void
sweep_audit(struct sweep *w, const struct workspace *ws)
{
	char *count, *path = workspace_state(ws, "audit");
	const char *f[3] = { "audit", path, NULL };
	long n;

	n = w->audit_age == 0 ? 0 : audit_cut(ws, w->audit_age, w->dry_run);
	if (n > 0 && tool_verbose >= 0) {
		f[2] = count = xasprintf("%ld", n);
		rec_line(stdout, 3, f);
		free(count);
	}
	if (n == -1 && errno == EBADMSG)
		warnx("'%s' is not as it was written and stays: see 'aipod"
		    " log verify -w %s'", path, ws->path);
	else if (n == -1)
		warn("cannot cut '%s'", path);
	w->failed |= n == -1;
	free(path);
}

/* Its directory is gone: aipod-clean knows what there is and what to ask. */
static void
clean_vanished(struct sweep *w, const char *hash)
{
	struct argv a = ARGV_INIT;
	char *tool_path = xconf_tool("aipod-clean");

	argv_add(&a, tool_path);
	argv_add(&a, "--hash");
	argv_add(&a, hash);
	if (w->dry_run)
		argv_add(&a, "-n");
	if (w->yes)
		argv_add(&a, "-y");
	if (tool_verbose < 0)
		argv_add(&a, "-q");
	fflush(stdout);
	if (child_run(a.v) > ST_NO)
		w->failed = 1;
	argv_free(&a);
	free(tool_path);
}

static void
sweep_workspaces(struct sweep *w)
{
	char *top = xconf_state_dir(), *fact, *path;
	struct workspace ws;
	struct dirent *e;
	DIR *d;

	if ((d = opendir(top)) == NULL && errno != ENOENT)
		err(ST_SYS, "cannot open '%s'", top);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!is_hex(e->d_name, WORKSPACE_HASH - 1))
			continue;
		fact = xasprintf("%s/%s/path", top, e->d_name);
		path = io_text(fact);
		free(fact);
		if (path != NULL && workspace_open(&ws, path) == 0) {
			if (strcmp(ws.hash, e->d_name) == 0) {
				sweep_commands(w, &ws);
				sweep_audit(w, &ws);
			}
			workspace_free(&ws);
		} else if (path != NULL && (errno == ENOENT ||
		    errno == ENOTDIR))
			clean_vanished(w, e->d_name);
		free(path);
	}
	if (d != NULL)
		closedir(d);
	free(top);
}

/* HASH/SESSION at the end of a name or path; exit ST_USAGE when it is none. */
static int
sweep_named(struct sweep *w, const char *name)
{
	size_t n = strlen(name), want = WORKSPACE_HASH + SESSION_ID - 1;
	char hash[WORKSPACE_HASH];

	if (n < want || !choose_is_name(name + n - want) ||
	    strchr(name + n - want, '/') == NULL ||
	    (n > want && name[n - want - 1] != '/'))
		errx(ST_USAGE, "session '%s': must be HASH/SESSION", name);
	memcpy(hash, name + n - want, WORKSPACE_HASH - 1);
	hash[WORKSPACE_HASH - 1] = '\0';
	return sweep_one(w, hash, name + n - want + WORKSPACE_HASH);
}

int
main(int argc, char *argv[])
{
	struct sweep w = { 0, 0, 24 * 3600, 0, 0 };
	const char *name = NULL;
	int c, rc;

	while ((c = tool_getopt(&tool, argc, argv, "+yn", options)) != -1)
		switch (c) {
		case O_SESSION:
			name = optarg;
			break;
		case O_AGE:
			w.age = (long)xnum("--age", optarg, 0, 36500) * 86400;
			break;
		case O_AUDIT_AGE:
			w.audit_age = (long)xnum("--audit-age", optarg, 1,
			    36500) * 86400;
			break;
		case 'y':
			w.yes = 1;
			break;
		case 'n':
			w.dry_run = 1;
			break;
		default:
			tool_usage(&tool);
		}
	if (optind < argc && name == NULL)
		name = argv[optind++];
	if (optind < argc)
		tool_usage(&tool);
	if (name != NULL)
		rc = sweep_named(&w, name);
	else {
		sweep_sessions(&w);
		sweep_workspaces(&w);
		rc = w.failed ? ST_SYS : ST_YES;
	}
	xio_close_stdout();
	return rc;
}
