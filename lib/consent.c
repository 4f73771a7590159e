#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "allow.h"
#include "argv.h"
#include "audit.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "consent.h"
#include "mem.h"
#include "rec.h"
#include "ruleset.h"
#include "status.h"
#include "svc.h"
#include "workspace.h"

struct request {
	const char	*kind;
	const char	*subject;	/* as the user is shown it */
	size_t		 len;
	const char	*what;		/* as the rules are asked about it */
	size_t		 whatlen;
	char		**keys;
	const char	*message;
};

/* What a rule decides goes to the trail here; answers do in aipod-approve. */
static int
trail(const struct workspace *w, const struct request *r, const char *verdict,
    const char *rule)
{
	struct audit a = { getenv("AIPOD_SESSION"), r->kind, verdict, rule,
	    r->subject, r->len, NULL };

	return audit_add(w, &a);
}

/* aipod-approve's answer: its first field, and the reason as a new string. */
static char *
ask(const struct request *r, const char *changes, char **reason)
{
	struct argv v = ARGV_INIT;
	struct buf in = BUF_INIT, out = BUF_INIT;
	char *tool = xconf_tool("aipod-approve"), *f[2] = { NULL, NULL }, *nl;
	char *choice = NULL;

	argv_add(&v, tool);
	argv_addf(&v, "--kind=%s", r->kind);
	if (r->message != NULL)
		argv_addf(&v, "--message=%s", r->message);
	if (changes != NULL)
		argv_addf(&v, "--changes=%s", changes);
	buf_add(&in, r->subject, r->len);
	xbuf_check(&in);
	*reason = NULL;
	if (child_capture(v.v, &in, &out, 8192) != -1 &&
	    buf_str(&out) != NULL && (nl = strchr(out.p, '\n')) != NULL) {
		*nl = '\0';
		if (rec_split(out.p, f, 2) == 2 && f[0] != NULL) {
			choice = xstrdup(f[0]);
			*reason = f[1] != NULL ? xstrdup(f[1]) : NULL;
		}
	}
	argv_free(&v);
	buf_free(&in);
	buf_free(&out);
	free(tool);
	return choice;
}

/* What an "always" is bound to is aipod-approve's affair, as is the rule. */
static int
ask_user(const struct request *r, const char *changes, char **why)
{
	char *choice = ask(r, changes, why);
	int yes;

	yes = choice != NULL && (strcmp(choice, "once") == 0 ||
	    strcmp(choice, "always") == 0);
	if (choice == NULL && *why == NULL)
		*why = xstrdup("The user could not be asked, so the answer is"
		    " no.");
	else if (!yes && *why == NULL)
		*why = xstrdup("The user said no.");
	free(choice);
	return yes;
}

static int
consent(const struct workspace *w, const struct request *r, char **why)
{
	struct ruleset rs;
	struct allow_answer a;
	int yes = 0;

	*why = NULL;
	if (ruleset_load(&rs, w, getenv("AIPOD_AGENT")) == -1) {
		warnx("%s", rs.rules.why);
		*why = xstrdup("The rules on the host are not in order, so"
		    " nothing is allowed. Tell the user to run `aipod allow"
		    " -C`.");
		ruleset_free(&rs);
		return 0;
	}
	if (allow_judge(&a, &rs, w, r->kind, r->what, r->whatlen, r->keys) ==
	    -1)
		*why = xstrdup(a.why);
	else if (a.verdict == RULE_NONE)
		yes = ask_user(r, a.changed, why);
	else if (trail(w, r, a.verdict == RULE_ALLOW ? "allow" : "deny",
	    a.text) == -1)
		*why = xstrdup("The request could not be recorded on the host,"
		    " so the answer is no. Tell the user.");
	else if (a.verdict == RULE_ALLOW)
		yes = 1;
	else
		*why = xasprintf("A rule of the user's denies this: %s. Do not"
		    " try to get the same effect in another way.", a.text);
	allow_answer_free(&a);
	ruleset_free(&rs);
	return yes;
}

int
consent_command(const struct workspace *w, const char *cmd, size_t len,
    const char *message, char **why)
{
	struct request r = { "command", cmd, len, cmd, len, NULL, message };

	return consent(w, &r, why);
}

int
consent_service(const struct workspace *w, const struct svcspec *s,
    const char *message, char **why)
{
	struct request r = { "service", NULL, 0, s->image, strlen(s->image),
	    s->keys.n > 0 ? s->keys.v : NULL, message };
	struct buf subject = BUF_INIT;
	int yes;

	svcspec_subject(s, &subject);
	xbuf_check(&subject);
	r.subject = subject.p;
	r.len = subject.len;
	yes = consent(w, &r, why);
	buf_free(&subject);
	return yes;
}
