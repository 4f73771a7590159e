#include <sys/stat.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "choose.h"
#include "conf.h"
#include "io.h"
#include "json.h"
#include "kept.h"
#include "mem.h"
#include "status.h"
#include "table.h"

#define FIELDS	7

static const char *const names[FIELDS] = {
	"session", "state", "workspace", "agent", "engine", "container",
	"started"
};
static const char *const heading[FIELDS] = {
	"SESSION", "STATE", "WORKSPACE", "AGENT", "ENGINE", "CONTAINER",
	"STARTED"
};

int
choose_is_name(const char *s)
{
	const char *slash = strchr(s, '/');
	char hash[WORKSPACE_HASH];

	if (slash != NULL) {
		if (slash - s != WORKSPACE_HASH - 1)
			return 0;
		memcpy(hash, s, WORKSPACE_HASH - 1);
		hash[WORKSPACE_HASH - 1] = '\0';
		if (!is_hex(hash, WORKSPACE_HASH - 1))
			return 0;
		s = slash + 1;
	}
	return is_hex(s, SESSION_ID - 1);
}

/* The lock is made when the session begins, and never written. */
static char *
started(const struct session *s)
{
	char *path = xasprintf("%s/lock", s->dir), text[32];
	struct stat st;
	struct tm tm;
	int rc = lstat(path, &st);

	free(path);
	if (rc == -1 || gmtime_r(&st.st_mtime, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return NULL;
	return xstrdup(text);
}

static void
show_json(const char *const *f)
{
	struct buf b = BUF_INIT;
	struct json_out j;
	int i;

	json_begin(&j, &b);
	json_open(&j, '{');
	for (i = 0; i < FIELDS; i++)
		if (f[i] != NULL)
			json_member(&j, names[i], f[i]);
	xjson_end(&j);
}

static void
show_row(struct table *t, const char *const *f, int json)
{
	if (json)
		show_json(f);
	else
		table_row(t, f);
}

static void
show_session(struct table *t, const struct session *s, int json)
{
	char *own[FIELDS] = { NULL };
	const char *f[FIELDS];
	int j;

	for (j = 2; j < FIELDS - 1; j++)
		own[j] = session_fact(s, names[j]);
	own[FIELDS - 1] = started(s);
	for (j = 0; j < FIELDS; j++)
		f[j] = own[j];
	f[0] = s->id;
	f[1] = s->alive ? "alive" : "dead";
	show_row(t, f, json);
	for (j = 0; j < FIELDS; j++)
		free(own[j]);
}

static void
show_kept(struct table *t, const struct kept *k, int json)
{
	char *top = xconf_state_dir();
	char *fact = xasprintf("%s/%s/path", top, k->hash);
	char *own[4] = { io_text(fact), kept_fact(k, "agent"),
	    kept_fact(k, "engine"), kept_container(k) };
	const char *f[FIELDS] = { k->id, "kept", own[0], own[1], own[2],
	    own[3], NULL };
	int j;

	show_row(t, f, json);
	for (j = 0; j < 4; j++)
		free(own[j]);
	free(fact);
	free(top);
}

void
sessions_show(const struct session *s, int n, int json)
{
	struct table t;
	int i;

	table_init(&t, FIELDS, heading);
	for (i = 0; i < n; i++)
		show_session(&t, &s[i], json);
	table_end(&t);
}

void
xsessions_show_all(const struct session *s, int n, int json, const char *hash)
{
	struct kept *k;
	struct table t;
	int i, nk;

	if ((nk = kept_list(hash, &k)) == -1)
		err(ST_SYS, "cannot see which containers are kept");
	table_init(&t, FIELDS, heading);
	for (i = 0; i < n; i++)
		show_session(&t, &s[i], json);
	for (i = 0; i < nk; i++)
		if (!kept_in_use(&k[i]))
			show_kept(&t, &k[i], json);
	table_end(&t);
	kept_free(k, nk);
}

static int
is_meant(const struct session *s, const char *name)
{
	const char *slash;

	if (!s->alive)
		return 0;
	if (name == NULL)
		return 1;
	if ((slash = strchr(name, '/')) != NULL) {
		if (strncmp(name, s->hash, (size_t)(slash - name)) != 0)
			return 0;
		name = slash + 1;
	}
	return strcmp(name, s->id) == 0;
}

void
xchoose_session(struct session *out, const char *name, const char *dir)
{
	struct workspace w = { NULL, "", "" };
	struct session *s, *found;
	int i, n, nfound = 0;

	if (name == NULL)
		xworkspace_open(&w, dir);
	if ((n = sessions_list(name == NULL ? w.hash : NULL, &s)) == -1)
		err(ST_SYS, "cannot list the sessions");
	found = xcalloc((size_t)n, sizeof(*found));
	for (i = 0; i < n; i++)
		if (is_meant(&s[i], name))
			found[nfound++] = s[i];
	if (nfound != 1) {
		if (nfound > 1)
			warnx("more than one session is meant: name one");
		else if (name != NULL)
			warnx("session '%s' is not alive: see aipod list", name);
		else
			warnx("no session is alive in '%s': start one with"
			    " 'aipod'", w.path);
		sessions_show(found, nfound, 0);
		xio_close_stdout();
		exit(ST_NO);
	}
	*out = found[0];
	out->dir = xstrdup(found[0].dir);
	free(found);
	sessions_free(s, n);
	workspace_free(&w);
}
