#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allow.h"
#include "buf.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "name.h"
#include "num.h"
#include "rec.h"
#include "runfiles.h"
#include "runkept.h"
#include "utf8.h"
#include "workspace.h"

static const char *const kinds[] = { "command", "service", "host" };
static const char *const verdicts[] = { "ask", "allow", "deny" };

char *
allow_agent(const struct workspace *w)
{
	char *path = workspace_state(w, "agent"), *name;

	name = io_line(path);
	free(path);
	if (name != NULL)	/* of several the first */
		name[strcspn(name, ",@")] = '\0';
	return name;
}

int
allow_same(const struct rule *a, const void *arg)
{
	const struct rule *b = arg;
	size_t i;

	if (a->kind != b->kind || a->port != b->port || a->more != b->more ||
	    strcmp(a->pattern, b->pattern) != 0)
		return 0;
	if (a->kind != RULE_SERVICE)
		return 1;	/* a digest makes no other rule of it */
	for (i = 0; a->rest[i] != NULL && b->rest[i] != NULL; i++)
		if (strcmp(a->rest[i], b->rest[i]) != 0)
			return 0;
	return a->rest[i] == b->rest[i];
}

static char *
kept_dir(const struct workspace *w)
{
	return workspace_state(w, "files");
}

int
allow_keep(const struct workspace *w, const struct runfiles *rf)
{
	char *dir = xworkspace_make_state(w);
	int rc;

	free(dir);
	dir = kept_dir(w);
	rc = runkept_keep(rf, w->path, dir);
	free(dir);
	return rc;
}

/* Does the digest that the rule is bound to still hold? */
static void
judge_digest(struct allow_answer *a, const struct workspace *w,
    const char *cmd, size_t len)
{
	const char *digest = rule_digest(a->rule);
	struct runfiles rf;
	struct buf b = BUF_INIT;
	char *dir;

	if (digest == NULL || a->verdict != RULE_ALLOW)
		return;
	if (runfiles_find(&rf, w->path, cmd, len) == -1) {
		a->verdict = RULE_NONE;
		a->changed = xasprintf("what it runs cannot be read: %s\n",
		    strerror(errno));
		return;
	}
	if (rf.over || strcmp(rf.digest, digest) != 0) {
		a->verdict = RULE_NONE;
		dir = kept_dir(w);
		if (rf.over)
			buf_puts(&b, "it runs more files than can be watched,"
			    " or one that cannot be read\n");
		else if (runkept_changes(&rf, w->path, dir, digest, &b) == -1)
			buf_puts(&b, "what it runs has changed since\n");
		free(dir);
		xbuf_check(&b);
		a->changed = buf_str(&b);
	}
	runfiles_free(&rf);
}

static int
judge_host(struct allow_answer *a, const struct ruleset *rs, const char *s,
    size_t len)
{
	char name[NAME_HOST_MAX];
	const char *host = s;
	size_t n = len;
	int port = 443;

	if (name_split_port(s, len, &host, &n, &port) == -1) {
		host = s;
		n = len;
	}
	if (name_normalise(host, n, name) == NAME_BAD) {
		snprintf(a->why, sizeof(a->why), "a host is NAME or NAME:PORT");
		return -1;
	}
	a->rule = rules_host(&rs->rules, name, port);
	return 0;
}

static int
compare(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

int
allow_judge(struct allow_answer *a, const struct ruleset *rs,
    const struct workspace *w, const char *kind, const char *s, size_t len,
    char **keys)
{
	struct buf b = BUF_INIT;
	size_t n;

	memset(a, 0, sizeof(*a));
	if (strcmp(kind, "command") == 0)
		a->rule = rules_command(&rs->rules, s, len);
	else if (strcmp(kind, "host") == 0) {
		if (judge_host(a, rs, s, len) == -1)
			return -1;
	} else if (strcmp(kind, "service") == 0) {
		for (n = 0; keys != NULL && keys[n] != NULL; n++)
			;
		if (n > 0)
			qsort(keys, n, sizeof(*keys), compare);
		a->rule = rules_service(&rs->rules, s, keys);
	} else {
		snprintf(a->why, sizeof(a->why),
		    "a kind is command, host or service");
		return -1;
	}
	if (a->rule == NULL)
		return 0;
	a->verdict = a->rule->verdict;
	rule_show(&b, a->rule);
	xbuf_check(&b);
	a->text = buf_str(&b);
	judge_digest(a, w, s, len);
	return 0;
}

void
allow_answer_free(struct allow_answer *a)
{
	free(a->text);
	free(a->changed);
}

/* ---- telling ------------------------------------------------------------- */

/* The pattern as it is written, without quotes. */
static char *
pattern(const struct rule *r)
{
	if (r->kind == RULE_COMMAND)
		return xasprintf("%s%s", r->pattern, r->more ? " *" : "");
	if (r->kind == RULE_HOST && strchr(r->pattern, ':') != NULL)
		return r->port == 0 ? xasprintf("[%s]", r->pattern) :
		    xasprintf("[%s]:%d", r->pattern, r->port);
	if (r->port != 0)
		return xasprintf("%s:%d", r->pattern, r->port);
	return xstrdup(r->pattern);
}

static char *
rest(const struct rule *r)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; r->rest[i] != NULL; i++)
		buf_printf(&b, "%s%s", i > 0 ? " " : "", r->rest[i]);
	xbuf_check(&b);
	return buf_str(&b);
}

static void
show_json(const struct ruleset *rs, const struct rule *r, size_t i,
    const char *pat, const char *words)
{
	struct buf b = BUF_INIT;
	struct json_out j;

	json_begin(&j, &b);
	json_open(&j, '{');
	json_member_int(&j, "number", (long long)i + 1);
	json_member(&j, "verdict", verdicts[r->verdict]);
	json_member(&j, "kind", kinds[r->kind]);
	json_member(&j, "pattern", pat);
	json_member(&j, "rest", *words != '\0' ? words : NULL);
	json_member(&j, "scope", ruleset_scope_name(ruleset_scope(rs, r)));
	json_member(&j, "file", r->file);
	json_member_int(&j, "line", r->line);
	xjson_end(&j);
}

void
allow_show(const struct ruleset *rs, size_t i, int json)
{
	const struct rule *r = &rs->rules.r[i];
	char *pat = pattern(r), *words = rest(r), num[32], line[32];
	const char *f[8];

	snprintf(num, sizeof(num), "%zu", i + 1);
	snprintf(line, sizeof(line), "%d", r->line);
	f[0] = num;
	f[1] = verdicts[r->verdict];
	f[2] = kinds[r->kind];
	f[3] = pat;
	f[4] = words;
	f[5] = ruleset_scope_name(ruleset_scope(rs, r));
	f[6] = r->file;
	f[7] = line;
	if (json)
		show_json(rs, r, i, pat, words);
	else
		rec_line(stdout, 8, f);
	free(pat);
	free(words);
}

static void
say_words(const struct allow_answer *a)
{
	char *text = a->text != NULL ? xvis(a->text) : NULL;
	struct buf changed = BUF_INIT;

	if (a->changed != NULL)
		vis_add(&changed, a->changed, strlen(a->changed), VIS_LINES);
	xbuf_check(&changed);
	if (a->rule == NULL)
		puts("no rule matches: the user is asked; with nobody to ask,"
		    " the answer is no");
	else if (a->changed != NULL)
		printf("%s:%d: %s\nthis allowed it, but no longer does, so the"
		    " user is asked again:\n%s", a->rule->file, a->rule->line,
		    text, buf_str(&changed));
	else
		printf("%s:%d: %s\nis the last rule that matches: %s\n",
		    a->rule->file, a->rule->line, text,
		    a->verdict == RULE_ALLOW ? "allowed" : "denied");
	buf_free(&changed);
	free(text);
}

void
allow_say(const struct allow_answer *a, int words, int json)
{
	struct buf b = BUF_INIT;
	struct json_out j;
	char line[32] = "";
	const char *f[5];

	if (words) {
		say_words(a);
		return;
	}
	if (a->rule != NULL)
		snprintf(line, sizeof(line), "%d", a->rule->line);
	if (!json) {
		f[0] = verdicts[a->verdict];
		f[1] = a->text;
		f[2] = a->rule != NULL ? a->rule->file : NULL;
		f[3] = line;
		f[4] = a->changed;
		rec_line(stdout, 5, f);
		return;
	}
	json_begin(&j, &b);
	json_open(&j, '{');
	json_member(&j, "verdict", verdicts[a->verdict]);
	json_member(&j, "rule", a->text);
	json_member(&j, "file", a->rule != NULL ? a->rule->file : NULL);
	if (a->rule != NULL)
		json_member_int(&j, "line", a->rule->line);
	json_member(&j, "changed", a->changed);
	xjson_end(&j);
}
