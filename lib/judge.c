#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm.h"
#include "judge.h"
#include "num.h"

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

const char *
judge_mode_name(enum judge_mode m)
{
	return modes[m];
}

/* ---- the rules ----------------------------------------------------------- */

/* LINE, FILE and the rule, with a TAB between. */
static int
take_rule(struct judge *j, char *s)
{
	char *file, *rule;
	long long line;

	if ((file = strchr(s, '\t')) == NULL ||
	    (rule = strchr(file + 1, '\t')) == NULL)
		return -1;
	*file++ = '\0';
	*rule++ = '\0';
	if (num_parse(s, 0, INT_MAX, &line) == -1 ||
	    rules_parse(&j->rules, file, rule) == -1 || j->rules.n == 0)
		return -1;
	j->rules.r[j->rules.n - 1].line = (int)line;
	return 0;
}

void
judge_update(struct judge *j, struct buf *b)
{
	char *s, *next;

	rules_free(&j->rules);
	buf_free(&j->text);
	j->told = NULL;
	j->text = *b;
	*b = (struct buf)BUF_INIT;
	j->broken = "the rules are too long";
	if ((s = buf_str(&j->text)) == NULL)
		return;
	if ((next = strchr(s, '\n')) == NULL)
		return;
	*next++ = '\0';
	if (strcmp(s, "ok") != 0) {
		j->broken = strncmp(s, "broken ", 7) == 0 ? s + 7 : s;
		return;
	}
	for (s = next; (next = strchr(s, '\n')) != NULL; s = next + 1) {
		*next = '\0';
		if (take_rule(j, s) == -1) {
			rules_free(&j->rules);
			j->broken = "a rule was not understood";
			return;
		}
	}
	j->broken = NULL;
}

void
judge_free(struct judge *j)
{
	rules_free(&j->rules);
	rules_free(&j->seen);
	buf_free(&j->text);
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
judge_remember(struct judge *j, const char *name, int port, int allow,
    int brief)
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
	a->until = brief ? alarm_now() + JUDGE_BRIEF_MS : 0;
	return 0;
}

void
judge_note(struct judge *j, const char *name, int port)
{
	char line[NAME_HOST_MAX + 32];

	if (j->mode != JUDGE_RECORD || rules_host(&j->rules, name, port) ||
	    j->seen.n >= JUDGE_ANSWERS || rules_host(&j->seen, name, port))
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
copy(char *to, const char *s)
{
	size_t n = strnlen(s, JUDGE_WHY - 1);

	memcpy(to, s, n);
	to[n] = '\0';
}

/* Most often it is the rule that was told of last. */
static void
by_rule(struct judge *j, struct judgement *v, const struct rule *r, int port)
{
	struct buf b = BUF_INIT;

	v->verdict = r->verdict == RULE_ALLOW ? JUDGED_ALLOW : JUDGED_DENY;
	v->named = r->port == port && r->pattern[0] != '*';
	if (j->told != r) {
		buf_printf(&b, "%s:%d: ", r->file, r->line);
		rule_show(&b, r);
		copy(j->telling, buf_str(&b) != NULL ? b.p : r->file);
		buf_free(&b);
		j->told = r;
	}
	copy(v->why, j->telling);
}

static void
say(struct judgement *v, enum judge_verdict verdict, const char *why)
{
	v->verdict = verdict;
	v->named = 0;
	copy(v->why, why);
}

void
judge_name(struct judge *j, const char *name, enum name_kind kind, int port,
    struct judgement *v)
{
	const struct rule *r;
	const struct judge_answer *a;
	int host = strcmp(name, JUDGE_HOST) == 0;

	if (j->broken != NULL) {
		snprintf(v->why, sizeof(v->why),
		    "the rules cannot be used: %.200s", j->broken);
		v->verdict = JUDGED_DENY;
		v->named = 0;
		return;
	}
	r = rules_host(&j->rules, name, port);
	if (r != NULL) {
		by_rule(j, v, r, port);
		if (v->verdict == JUDGED_DENY || !host || v->named)
			return;
	}
	if ((a = recall(j, name, port)) != NULL &&
	    (a->until == 0 || alarm_now() < a->until)) {
		say(v, a->allow ? JUDGED_ALLOW : JUDGED_DENY, a->allow ?
		    "the user allowed it for this session" :
		    "the user was asked and said no");
		v->named = a->allow && host;
		return;
	}
	if (j->mode == JUDGE_ASK && kind == NAME_HOST)
		say(v, JUDGED_UNKNOWN, "no rule");
	else if (kind == NAME_HOST && !host && (j->mode == JUDGE_OPEN ||
	    j->mode == JUDGE_RECORD))
		say(v, JUDGED_ALLOW, modes[j->mode]);
	else
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
