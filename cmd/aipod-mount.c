/*
 * aipod-mount: host paths that every container gets.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "mounts.h"
#include "rec.h"
#include "status.h"
#include "tool.h"

static const struct tool tool = {
	"aipod-mount",
	"[-jnqv] add [--rw] HOST[:CONTAINER] | remove PATH ... | [list] | check",
	"  -r, --rw             the box may write to it\n"
	"  -n, --dry-run        say whether it could be added, add nothing\n"
	"  -j, --json           list one JSON object a mount\n"
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "rw", no_argument, NULL, 'r' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

enum { LIST, ADD, REMOVE, CHECK };

static const struct tool_verb verbs[] = {
	{ "list", 0, 0, 0 },
	{ "add", 1, 1, 0 },
	{ "remove", 1, -1, 0 },
	{ "check", 0, 0, 0 },
	{ NULL, 0, 0, 0 }
};

struct opts {
	int	rw, dry_run, json;
};

static void
xload(struct mounts *l)
{
	if (mounts_load(l) == 0)
		return;
	if (errno == EPERM || errno == EINVAL)
		errx(ST_USAGE, "refusing the list of mounts: %s", errno == EPERM ?
		    "others can write it: chmod go-w it" :
		    "a line of it is no record: see aipod-mount(1)");
	err(ST_SYS, "cannot read the list of mounts");
}

static void
xsave(const struct mounts *l)
{
	if (mounts_save(l) == -1)
		err(ST_SYS, "cannot write the list of mounts");
}

/* "HOST[:CONTAINER]"; the path inside is the host's when it is not given. */
static void
xadd(struct mounts *l, const char *spec, int rw, int dry_run)
{
	const char *colon = strchr(spec, ':'), *why;
	struct mount m;
	char *real;
	size_t i;

	m.host = xstrndup(spec, colon != NULL ? (size_t)(colon - spec) :
	    strlen(spec));
	m.at = xstrdup(colon != NULL ? colon + 1 : m.host);
	m.rw = rw;
	if ((why = mount_problem(&m, &real)) != NULL)
		errx(ST_USAGE, "cannot mount '%s': %s", spec, why);
	free(real);
	for (i = 0; i < l->n; i++)
		if (strcmp(l->m[i].at, m.at) == 0)
			errx(ST_NO, "'%s' is '%s' already: remove that first",
			    m.at, l->m[i].host);
	if (dry_run)
		return;
	l->m = xreallocarray(l->m, l->n + 1, sizeof(*l->m));
	l->m[l->n++] = m;
	xsave(l);
}

static int
remove_all(struct mounts *l, char *const *paths)
{
	int rc = ST_YES;
	size_t i;

	for (; *paths != NULL; paths++) {
		for (i = 0; i < l->n && strcmp(l->m[i].at, *paths) != 0 &&
		    strcmp(l->m[i].host, *paths) != 0; i++)
			;
		if (i == l->n) {
			warnx("'%s' is not mounted: see aipod mount list",
			    *paths);
			rc = ST_NO;
			continue;
		}
		free(l->m[i].at);
		free(l->m[i].host);
		l->m[i] = l->m[--l->n];
	}
	xsave(l);
	return rc;
}

static void
list_json(const struct mount *m)
{
	struct buf b = BUF_INIT;
	struct json_out j;

	json_begin(&j, &b);
	json_open(&j, '{');
	json_member(&j, "container", m->at);
	json_member(&j, "host", m->host);
	json_member(&j, "mode", m->rw ? "rw" : "ro");
	xjson_end(&j);
}

/* What the launcher mounts: judged anew, links resolved. */
static int
check(const struct mounts *l)
{
	const char *why, *f[3];
	char *real;
	size_t i;
	int rc = ST_YES;

	for (i = 0; i < l->n; i++) {
		if ((why = mount_problem(&l->m[i], &real)) == NULL) {
			f[0] = l->m[i].at;
			f[1] = real;
			f[2] = l->m[i].rw ? "rw" : "ro";
			rec_line(stdout, 3, f);
			free(real);
		} else if (errno == ENOENT)
			warnx("leaving out '%s': %s", l->m[i].host, why);
		else {
			warnx("cannot mount '%s' at '%s': %s; aipod mount"
			    " remove '%s'", l->m[i].host, l->m[i].at, why,
			    l->m[i].at);
			rc = ST_USAGE;
		}
	}
	return rc;
}

static int
list(const struct mounts *l, int json)
{
	const char *f[3];
	size_t i;

	for (i = 0; i < l->n; i++)
		if (json)
			list_json(&l->m[i]);
		else {
			f[0] = l->m[i].at;
			f[1] = l->m[i].host;
			f[2] = l->m[i].rw ? "rw" : "ro";
			rec_line(stdout, 3, f);
		}
	return ST_YES;
}

static void
parse(void *arg, int argc, char *argv[])
{
	struct opts *o = arg;
	int c;

	while ((c = tool_getopt(&tool, argc, argv, "+jnr", options)) != -1)
		switch (c) {
		case 'j':
			o->json = 1;
			break;
		case 'n':
			o->dry_run = 1;
			break;
		case 'r':
			o->rw = 1;
			break;
		default:
			tool_usage(&tool);
		}
}

int
main(int argc, char *argv[])
{
	struct mounts l;
	struct opts o = { 0, 0, 0 };
	int verb, rc = ST_YES;

	verb = tool_verb(&tool, verbs, -1, parse, &o, &argc, &argv);
	xload(&l);
	switch (verb) {
	case LIST:
		rc = list(&l, o.json);
		break;
	case ADD:
		xadd(&l, argv[0], o.rw, o.dry_run);
		break;
	case REMOVE:
		rc = remove_all(&l, argv);
		break;
	default:
		rc = check(&l);
	}
	xio_close_stdout();
	return rc;
}
