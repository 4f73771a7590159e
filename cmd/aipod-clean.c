/*
 * aipod-clean: remove all that belongs to a workspace.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "io.h"
#include "kept.h"
#include "mem.h"
#include "owned.h"
#include "rec.h"
#include "session.h"
#include "status.h"
#include "tool.h"
#include "utf8.h"

static const struct tool tool = {
	"aipod-clean",
	"[-fny] [--engine NAME] [--kept] [-w DIR | --hash HASH | --all]",
	"  -w, --workdir DIR    the workspace             [the working directory]\n"
	"      --hash HASH      the workspace with this hash, gone as it may be\n"
	"      --all            every workspace\n"
	"      --kept           its kept containers and nothing else\n"
	"  -y, --yes            do not ask about what cannot be made again\n"
	"  -f, --force          end living sessions\n"
	"  -n, --dry-run        print what would be removed\n"
	"      --engine NAME    in this engine only       [in all there are]\n"
};

enum { O_ALL = 256, O_HASH, O_ENGINE, O_KEPT };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "workdir", required_argument, NULL, 'w' },
	{ "hash", required_argument, NULL, O_HASH },
	{ "all", no_argument, NULL, O_ALL },
	{ "kept", no_argument, NULL, O_KEPT },
	{ "yes", no_argument, NULL, 'y' },
	{ "force", no_argument, NULL, 'f' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "engine", required_argument, NULL, O_ENGINE },
	{ NULL, 0, NULL, 0 }
};

struct clean {
	struct engine	engine[ENGINES_MAX];
	int		nengine;
	int		yes;
	int		force;
	int		dry_run;
	int		kept;
};

static void
tell(const char *kind, const char *name)
{
	const char *f[2] = { kind, name };

	if (tool_verbose >= 0)
		rec_line(stdout, 2, f);
}

/* A container that another user's session may live in. */
static int
is_others(const struct clean *c, const struct engine *e, const struct owned *o)
{
	enum owned_fate fate;

	if (o->hash == NULL || c->force)
		return 0;
	fate = owned_judge(e, o);
	return fate == OWNED_ALIVE || fate == OWNED_FOREIGN;
}

/* Remove everything of a kind, or all but the one named keep. */
static int
remove_kind(const struct clean *c, const struct engine *e,
    enum owned_kind kind, const char *hash, const char *keep)
{
	struct argv ids = ARGV_INIT;
	struct owned *o;
	int i, n, rc = 0;

	if ((n = owned_list(e, kind, hash, &o)) == -1) {
		if (tool_verbose > 0)
			warnx("'%s' does not answer", e->program);
		return 0;
	}
	for (i = 0; i < n; i++) {
		if (keep != NULL && strcmp(o[i].name, keep) == 0)
			continue;
		if (is_others(c, e, &o[i])) {
			warnx("container '%s' is in use: left alone",
			    o[i].name);
			rc = -1;
			continue;
		}
		argv_add(&ids, o[i].id);
		tell(owned_kind_name(kind), o[i].name);
	}
	if (!c->dry_run && owned_remove(e, kind, ids.v) == -1)
		rc = -1;
	argv_free(&ids);
	owned_free(o, n);
	return rc;
}

/* 1: sessions live there still. */
static int
is_busy(const struct clean *c, const char *hash, const char *what)
{
	struct timespec tick = { 0, 50000000 };
	struct session *s;
	int i, n, living, tries;

	/* with -f their containers are gone: launchers end by that */
	for (tries = c->force && !c->dry_run ? 200 : 1; tries > 0; tries--) {
		if ((n = sessions_list(hash, &s)) == -1)
			err(ST_SYS, "cannot list the sessions");
		for (living = i = 0; i < n; i++)
			living += s[i].alive;
		sessions_free(s, n);
		if (living == 0 || (c->force && c->dry_run))
			return 0;
		if (tries > 1)
			nanosleep(&tick, NULL);
	}
	warnx("%d session%s of '%s' %s alive: end %s with 'aipod stop', or"
	    " give --force", living, living == 1 ? "" : "s", what,
	    living == 1 ? "is" : "are", living == 1 ? "it" : "them");
	return 1;
}

static int
confirm(const struct clean *c, const char *what)
{
	char answer[16], *seen;
	int there = 0;

	if (c->yes || c->dry_run)
		return 1;
	seen = xvis(what);
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) {
		fprintf(stderr, "Remove the home volume of '%s' and what is"
		    " remembered about it (logins, rules, audit trail)?"
		    " [y/N] ", seen);
		there = fgets(answer, sizeof(answer), stdin) != NULL &&
		    (answer[0] == 'y' || answer[0] == 'Y');
	}
	if (!there && tool_verbose >= 0)
		warnx("kept the home volume and what is remembered of '%s':"
		    " --yes removes them", seen);
	free(seen);
	return there;
}

/* What the state remembers of things that are gone now. */
static void
forget(const char *hash)
{
	static const char *const facts[] = { "image", "dockerfile", "network",
	    "kept", "passwd" };
	char *state = xconf_state_dir(), *path;
	size_t i;

	for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		path = xasprintf("%s/%s/%s", state, hash, facts[i]);
		if (io_remove(AT_FDCWD, path) == -1)
			warn("cannot remove '%s'", path);
		free(path);
	}
	free(state);
}

static int
remove_state(const struct clean *c, const char *hash)
{
	char *top = xconf_state_dir(), *dir = xasprintf("%s/%s", top, hash);
	int rc = 0;

	if (access(dir, F_OK) == 0) {
		tell("state", dir);
		if (!c->dry_run && (rc = io_remove(AT_FDCWD, dir)) == -1)
			warn("cannot remove '%s'", dir);
	}
	free(dir);
	free(top);
	return rc;
}

static void
sweep_sessions(const char *hash)
{
	struct session *s;
	int i, n;

	if ((n = sessions_list(hash, &s)) == -1)
		err(ST_SYS, "cannot list the sessions");
	for (i = 0; i < n; i++)
		if (!s[i].alive && session_remove(&s[i]) == -1)
			warn("cannot remove '%s'", s[i].dir);
	sessions_free(s, n);
	sessions_tidy(hash, 60);
}

/* The kept containers that no session uses. */
static int
clean_kept(const struct clean *c, const char *hash)
{
	struct kept *k;
	char *name;
	int i, n, rc = ST_YES;

	if ((n = kept_list(hash, &k)) == -1)
		err(ST_SYS, "cannot see which containers are kept");
	for (i = 0; i < n; i++) {
		name = kept_container(&k[i]);
		if (kept_in_use(&k[i]) ||
		    (!c->dry_run && kept_remove(&k[i]) == -1)) {
			warnx("container '%s' is in use: left alone", name);
			rc = ST_NO;
		} else
			tell("container", name);
		free(name);
	}
	kept_free(k, n);
	return rc;
}

static int
clean(const struct clean *c, const char *hash, const char *what)
{
	char *home = xasprintf("aipod-%s-home", hash);
	char *top = xconf_state_dir(), *state = xasprintf("%s/%s", top, hash);
	int i, precious, all, rc = ST_YES;

	if (c->kept) {
		rc = clean_kept(c, hash);
		goto out;
	}
	if (!c->force && is_busy(c, hash, what)) {
		rc = ST_NO;
		goto out;
	}
	precious = access(state, F_OK) == 0;
	for (i = 0; i < c->nengine && !precious; i++)
		precious = owned_has(&c->engine[i],
		    OWNED_VOLUME, hash, home);
	all = !precious || confirm(c, what);
	for (i = 0; i < c->nengine; i++)
		if (remove_kind(c, &c->engine[i], OWNED_CONTAINER, hash,
		    NULL) == -1)
			rc = ST_SYS;
	if (c->force && is_busy(c, hash, what)) {
		rc = ST_SYS;
		goto out;
	}
	for (i = 0; i < c->nengine; i++)
		if (remove_kind(c, &c->engine[i], OWNED_VOLUME, hash,
		    all ? NULL : home) == -1 ||
		    remove_kind(c, &c->engine[i], OWNED_NETWORK, hash,
		    NULL) == -1 ||
		    remove_kind(c, &c->engine[i], OWNED_IMAGE, hash, NULL) == -1)
			rc = ST_SYS;
	if (!c->dry_run)
		sweep_sessions(hash);
	if (all && remove_state(c, hash) == -1)
		rc = ST_SYS;
	if (!all && !c->dry_run)
		forget(hash);
	if (!all && rc == ST_YES)
		rc = ST_NO;
out:
	free(state);
	free(top);
	free(home);
	return rc;
}

static char *
path_of(const char *hash)
{
	char *top = xconf_state_dir(), *fact, *path;

	fact = xasprintf("%s/%s/path", top, hash);
	path = io_text(fact);
	free(fact);
	free(top);
	return path != NULL ? path : xstrdup(hash);
}

static int
clean_hash(const struct clean *c, const char *hash)
{
	char *what = path_of(hash);
	int rc = clean(c, hash, what);

	free(what);
	return rc;
}

static int
clean_all(const struct clean *c)
{
	char *top = xconf_state_dir();
	struct dirent *d;
	DIR *dir;
	int one, rc = ST_YES;

	if ((dir = opendir(top)) == NULL && errno != ENOENT)
		err(ST_SYS, "cannot open '%s'", top);
	while (dir != NULL && (d = readdir(dir)) != NULL)
		if (is_hex(d->d_name, WORKSPACE_HASH - 1) &&
		    (one = clean_hash(c, d->d_name)) > rc)
			rc = one;
	if (dir != NULL)
		closedir(dir);
	free(top);
	return rc;
}

int
main(int argc, char *argv[])
{
	const char *dir = NULL, *hash = NULL, *engine = NULL;
	struct clean k;
	struct workspace w;
	int c, all = 0, rc;

	memset(&k, 0, sizeof(k));
	while ((c = tool_getopt(&tool, argc, argv, "+w:yfn", options)) != -1)
		switch (c) {
		case 'w':
			dir = optarg;
			break;
		case O_HASH:
			if (!is_hex(optarg, WORKSPACE_HASH - 1))
				errx(ST_USAGE, "hash '%s': must be %d"
				    " hexadecimal digits", optarg,
				    WORKSPACE_HASH - 1);
			hash = optarg;
			break;
		case O_ALL:
			all = 1;
			break;
		case O_KEPT:
			k.kept = 1;
			break;
		case 'y':
			k.yes = 1;
			break;
		case 'f':
			k.force = 1;
			break;
		case 'n':
			k.dry_run = 1;
			break;
		case O_ENGINE:
			engine = optarg;
			break;
		default:
			tool_usage(&tool);
		}
	if (optind < argc)
		tool_usage(&tool);
	if (all + (hash != NULL) + (dir != NULL) > 1)
		errx(ST_USAGE, "--workdir, --hash and --all: give one of them");
	if (engine != NULL) {
		xengine_find(&k.engine[0], engine);
		k.nengine = 1;
	} else
		k.nengine = engines_all(k.engine);
	if (all)
		rc = clean_all(&k);
	else if (hash != NULL)
		rc = clean_hash(&k, hash);
	else {
		xworkspace_open(&w, dir);
		rc = clean(&k, w.hash, w.path);
	}
	xio_close_stdout();
	return rc;
}
