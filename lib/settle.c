#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allow.h"
#include "ask.h"
#include "audit.h"
#include "buf.h"
#include "mem.h"
#include "rule.h"
#include "ruleset.h"
#include "runfiles.h"
#include "settle.h"
#include "workspace.h"

/* The files that the command runs, as the user is about to see it. */
int
settle_look(struct ask *q, const struct workspace *w, struct runfiles *rf,
    struct ask_answer *a)
{
	char text[256];

	if (strcmp(q->kind, "command") != 0)
		return 0;
	if (runfiles_find(rf, w->path, q->subject.p, q->subject.len) == -1) {
		snprintf(text, sizeof(text), "What the command runs could not"
		    " be read on the host: %s.", strerror(errno));
		ask_refuse(a, text);
		return -1;
	}
	if (rf->over)
		q->unbound = xasprintf("it runs more files than can be"
		    " watched (%d), or one that cannot be read, so a change"
		    " would not be noticed.",
		    RUNFILES_MAX);
	return 0;
}

/* What they looked at is what they said yes to. */
static void
look_again(const struct ask *q, const struct workspace *w,
    const struct runfiles *rf, struct ask_answer *a)
{
	struct runfiles now = { NULL, 0, "", 0 };

	if (a->choice == ASK_NO || strcmp(q->kind, "command") != 0)
		return;
	if (runfiles_find(&now, w->path, q->subject.p, q->subject.len) == -1 ||
	    strcmp(rf->digest, now.digest) != 0)
		ask_refuse(a, "A file that the command runs was changed while"
		    " the user was asked, so the answer does not hold. Leave"
		    " the files alone and ask again.");
	else if (a->choice == ASK_ALWAYS && q->unbound != NULL)
		a->choice = ASK_ONCE;
	runfiles_free(&now);
}

/* The record of the answer; a yes that cannot be recorded is none. */
static int
record(const struct workspace *w, const struct ask *q, struct ask_answer *a)
{
	struct audit rec = { q->session, q->kind, ask_choice_name(a->choice),
	    a->reason, q->subject.p, q->subject.len, NULL };

	if (audit_add(w, &rec) == 0)
		return 0;
	ask_refuse(a, "The answer could not be recorded on the host, so it is"
	    " no. Tell the user.");
	return -1;
}

/*
 * Allow exactly these bytes from now on: a command bound to what it runs, a
 * host as its pattern says, a service as it stands.
 */
static char *
rule_line(const struct ask *q, const struct runfiles *rf, enum ask_choice c)
{
	struct buf line = BUF_INIT;
	char pattern[ASK_PATTERN] = "";

	buf_printf(&line, "allow %s ", q->kind);
	if (strcmp(q->kind, "command") == 0) {
		rule_quote(&line, q->subject.p, q->subject.len, 1);
		buf_printf(&line, " digest %s", rf->digest);
	} else if (strcmp(q->kind, "host") == 0) {
		if (c == ASK_DOMAIN)
			ask_domain(q->kind, q->subject.p, q->subject.len,
			    pattern);
		else
			ask_host(q->subject.p, q->subject.len, pattern);
		buf_puts(&line, pattern);
	} else
		buf_add(&line, q->subject.p, q->subject.len);
	xbuf_check(&line);
	return buf_str(&line);
}

/* Put that line among the workspace's rules; or, without keep, take it out. */
static int
edit_rule(const struct workspace *w, const char *line, int keep, char why[256])
{
	struct rules one = RULES_INIT;
	char *path, *text = xstrdup(line);
	int rc = -1;

	free(xworkspace_make_state(w));
	path = workspace_state(w, "rules");
	why[0] = '\0';
	if (rules_parse(&one, "rule", text) == -1 || one.n != 1)
		snprintf(why, 256, "%s", one.why);
	else if (ruleset_edit(path, allow_same, &one.r[0],
	    keep ? line : NULL, why) != -1)
		rc = 0;
	else if (why[0] == '\0')
		snprintf(why, 256, "%s", strerror(errno));
	rules_free(&one);
	free(path);
	free(text);
	return rc;
}

/*
 * The rule comes before the record: whoever is killed between the two leaves a
 * rule that the user wanted, and no record of one that is not there.
 */
int
settle(const struct ask *q, const struct workspace *w,
    const struct runfiles *rf, struct ask_answer *a, char why[SETTLE_WHY])
{
	char fault[256], *line = NULL;
	int rc = 0;

	look_again(q, w, rf, a);
	if (a->silence && ask_silence(q) == -1) {
		snprintf(why, SETTLE_WHY, "cannot silence the session");
		rc = -1;
	}
	if (a->choice == ASK_ALWAYS || a->choice == ASK_DOMAIN) {
		line = rule_line(q, rf, a->choice);
		/* without the copies it still holds; less can be shown later */
		if (strcmp(q->kind, "command") == 0)
			allow_keep(w, rf);
		if (edit_rule(w, line, 1, fault) == -1) {
			snprintf(why, SETTLE_WHY, "cannot make a rule, so it"
			    " is once: %s", fault);
			a->choice = ASK_ONCE;
			free(line);
			line = NULL;
			rc = -1;
		}
	}
	if (record(w, q, a) == -1) {
		snprintf(why, SETTLE_WHY, "cannot write the audit trail");
		if (line != NULL)
			edit_rule(w, line, 0, fault);
		rc = -1;
	}
	free(line);
	return rc;
}
