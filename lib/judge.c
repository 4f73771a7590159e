#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "io.h"
#include "judge.h"

static const char *const modes[] = { "ask", "deny", "open", "record" };

int
judge_mode(const char *s)
{
	int i;

	for (i = 0; i < 4; i++)
		if (strcmp(s, modes[i]) == 0)
			return i;
	return -1;
}

/* ---- the files ----------------------------------------------------------- */

static int
same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size && a->st_mode == b->st_mode &&
	    a->st_uid == b->st_uid &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

int
judge_refresh(struct judge *j, int force)
{
	struct stat st;
	int changed = force, i;

	for (i = 0; i < j->nfile; i++) {
		if (stat(j->file[i], &st) == -1)
			memset(&st, 0, sizeof(st));
		if (!same(&st, &j->st[i]))
			changed = 1;
		j->st[i] = st;
	}
	if (!changed)
		return 0;
	rules_free(&j->rules);
	j->broken = 0;
	for (i = 0; i < j->nfile && !j->broken; i++)
		j->broken = rules_load(&j->rules, j->file[i]) == -1;
	if (j->broken)
		rules_free(&j->rules);
	return 1;
}

void
judge_free(struct judge *j)
{
	while (j->nfile > 0)
		free(j->file[--j->nfile]);
	rules_free(&j->rules);
	rules_free(&j->seen);
	free(j->answer);
	j->answer = NULL;
}

/* ---- the session's memory ------------------------------------------------ */

static struct judge_answer *
recall(const struct judge *j, const char *name, int port)
{
	size_t i, n;

	n = j->nanswer < JUDGE_ANSWERS ? j->nanswer : JUDGE_ANSWERS;
	for (i = 0; i < n; i++)
		if (j->answer[i].port == port &&
		    strcmp(j->answer[i].name, name) == 0)
			return &j->answer[i];
	return NULL;
}

int
judge_remember(struct judge *j, const char *name, int port, int allow)
{
	struct judge_answer *a;

	if (j->answer == NULL && (j->answer = calloc(JUDGE_ANSWERS,
	    sizeof(*j->answer))) == NULL)
		return -1;
	if ((a = recall(j, name, port)) == NULL)
		a = &j->answer[j->nanswer++ % JUDGE_ANSWERS];
	snprintf(a->name, sizeof(a->name), "%s", name);
	a->port = port;
	a->allow = allow;
	return 0;
}

static void
note(struct judge *j, const char *name, int port)
{
	char line[NAME_HOST_MAX + 32];

	if (j->seen.n >= JUDGE_ANSWERS || rules_host(&j->seen, name, port))
		return;
	snprintf(line, sizeof(line), "allow host %s:%d", name, port);
	rules_parse(&j->seen, "recorded", line);
}

int
judge_recorded(const struct judge *j, struct buf *b)
{
	const struct rule *r;
	size_t i;

	for (i = 0; i < j->seen.n; i++) {
		r = &j->seen.r[i];
		/* a rule without port says both */
		if (r->port == 443 && rules_host(&j->seen, r->pattern, 80))
			continue;
		if (r->port == 80 && rules_host(&j->seen, r->pattern, 443))
			buf_printf(b, "allow host %s\n", r->pattern);
		else if (rule_show(b, r) == 0)
			buf_addc(b, '\n');
	}
	return b->bad ? -1 : 0;
}

/* ---- judging ------------------------------------------------------------- */

static void
by_rule(struct judgement *v, const struct rule *r, int port)
{
	struct buf b = BUF_INIT;

	v->verdict = r->verdict == RULE_ALLOW ? JUDGED_ALLOW : JUDGED_DENY;
	v->named = r->port == port && r->pattern[0] != '*';
	buf_printf(&b, "%s:%d: ", r->file, r->line);
	rule_show(&b, r);
	snprintf(v->why, sizeof(v->why), "%s",
	    buf_str(&b) != NULL ? b.p : r->file);
	buf_free(&b);
}

static void
say(struct judgement *v, enum judge_verdict verdict, const char *why)
{
	v->verdict = verdict;
	v->named = 0;
	snprintf(v->why, sizeof(v->why), "%s", why);
}

void
judge_name(struct judge *j, const char *name, enum name_kind kind, int port,
    struct judgement *v)
{
	const struct rule *r;
	const struct judge_answer *a;
	int host = strcmp(name, JUDGE_HOST) == 0;

	judge_refresh(j, 0);
	if (j->broken) {
		snprintf(v->why, sizeof(v->why),
		    "the rules cannot be used: %.200s", j->rules.why);
		v->verdict = JUDGED_DENY;
		v->named = 0;
		return;
	}
	r = rules_host(&j->rules, name, port);
	if (r != NULL) {
		by_rule(v, r, port);
		if (v->verdict == JUDGED_DENY || !host || v->named)
			return;
	}
	if ((a = recall(j, name, port)) != NULL) {
		say(v, a->allow ? JUDGED_ALLOW : JUDGED_DENY, a->allow ?
		    "the user allowed it for this session" :
		    "the user was asked and said no");
		v->named = a->allow && host;
		return;
	}
	if (j->mode == JUDGE_ASK && kind == NAME_HOST)
		say(v, JUDGED_UNKNOWN, "no rule");
	else if (kind == NAME_HOST && !host && (j->mode == JUDGE_OPEN ||
	    j->mode == JUDGE_RECORD)) {
		say(v, JUDGED_ALLOW, modes[j->mode]);
		if (j->mode == JUDGE_RECORD)
			note(j, name, port);
	} else
		say(v, JUDGED_DENY, "no rule");
}

int
judge_addr(const struct judge *j, const struct judgement *v,
    const struct addr *a, int port, const char **why)
{
	const struct rule *r;
	enum addr_class class;
	char text[NAME_HOST_MAX];

	class = addr_class(a, why);
	addr_show(a, text);
	r = rules_host(&j->rules, text, port);
	if (r != NULL && r->verdict == RULE_DENY) {
		*why = "an address that a rule denies";
		return 0;
	}
	if (class == ADDR_PUBLIC || (class == ADDR_LOCAL && v->named))
		return 1;
	return r != NULL && r->pattern[0] != '*';
}

/* ---- the relay's file ---------------------------------------------------- */

static void
hosts_line(struct buf *b, const struct rule *r, int port)
{
	buf_printf(b, "%s %s %d\n", r->verdict == RULE_ALLOW ? "allow" : "deny",
	    r->pattern, port);
}

int
judge_write_hosts(const struct judge *j, const char *path)
{
	struct buf b = BUF_INIT;
	const struct rule *r;
	size_t i;
	int rc;

	buf_printf(&b, "mode %s\n", modes[j->broken ? JUDGE_DENY : j->mode]);
	for (i = 0; i < j->rules.n; i++) {
		r = &j->rules.r[i];
		if (r->kind != RULE_HOST)
			continue;
		if (r->port != 0) {
			hosts_line(&b, r, r->port);
			continue;
		}
		hosts_line(&b, r, 80);
		hosts_line(&b, r, 443);
	}
	rc = b.bad ? -1 : io_replace(AT_FDCWD, path, b.p, b.len, 0600);
	buf_free(&b);
	return rc;
}
