#include <err.h>
#include <errno.h>
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
#include "runfiles.h"
#include "status.h"
#include "workspace.h"

/* What a rule decides goes to the trail here; answers do in aipod-approve. */
static int
trail(const struct workspace *w, const char *verdict, const char *rule,
    const char *cmd, size_t len)
{
	struct audit a = { getenv("AIPOD_SESSION"), "command", verdict, rule,
	    cmd, len, NULL };

	return audit_add(w, &a);
}

/* aipod-approve's answer: its first field, and the reason as a new string. */
static char *
ask(const char *cmd, size_t len, const char *message, const char *changes,
    char **reason)
{
	struct argv v = ARGV_INIT;
	struct buf in = BUF_INIT, out = BUF_INIT;
	char *tool = xconf_tool("aipod-approve"), *f[2] = { NULL, NULL }, *nl;
	char *choice = NULL;

	argv_add(&v, tool);
	argv_add(&v, "--kind=command");
	if (message != NULL)
		argv_addf(&v, "--message=%s", message);
	if (changes != NULL)
		argv_addf(&v, "--changes=%s", changes);
	buf_add(&in, cmd, len);
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

/* "Always", as a rule bound to what was there when the user said so. */
static void
remember(const struct workspace *w, const struct runfiles *rf, const char *cmd,
    size_t len)
{
	struct rules one = RULES_INIT;
	struct buf line = BUF_INIT;
	char *path, *text, why[256];

	buf_puts(&line, "allow command ");
	rule_quote(&line, cmd, len, 1);
	buf_printf(&line, " digest %s", rf->digest);
	xbuf_check(&line);
	text = xstrdup(buf_str(&line));
	path = workspace_state(w, "rules");
	free(xworkspace_make_state(w));
	if (allow_keep(w, rf) == -1)
		warn("cannot keep copies of what the command runs");
	if (rules_parse(&one, "rule", text) == -1 || one.n != 1)
		warnx("cannot make a rule: %s", one.why);
	else if (ruleset_edit(path, allow_same, &one.r[0], buf_str(&line),
	    why) == -1)
		warn("cannot change '%s'", path);
	rules_free(&one);
	free(path);
	free(text);
	buf_free(&line);
}

static int
ask_user(const struct workspace *w, const char *cmd, size_t len,
    const char *message, const char *changes, char **why)
{
	struct runfiles before, after;
	char *choice;
	int yes = 0;

	if (runfiles_find(&before, w->path, cmd, len) == -1) {
		*why = xasprintf("What the command runs could not be read on"
		    " the host: %s.", strerror(errno));
		return 0;
	}
	choice = ask(cmd, len, message, changes, why);
	if (choice != NULL && (strcmp(choice, "once") == 0 ||
	    strcmp(choice, "always") == 0)) {
		/* what they looked at is what they said yes to */
		if (runfiles_find(&after, w->path, cmd, len) == -1 ||
		    strcmp(before.digest, after.digest) != 0)
			*why = xstrdup("A file that the command runs was"
			    " changed while the user was asked, so the answer"
			    " does not hold. Leave the files alone and ask"
			    " again.");
		else {
			yes = 1;
			if (strcmp(choice, "always") == 0 && !after.over)
				remember(w, &after, cmd, len);
		}
		runfiles_free(&after);
	} else if (choice == NULL && *why == NULL)
		*why = xstrdup("The user could not be asked, so the answer is"
		    " no.");
	runfiles_free(&before);
	free(choice);
	if (!yes && *why == NULL)
		*why = xstrdup("The user said no.");
	return yes;
}

int
consent_command(const struct workspace *w, const char *cmd, size_t len,
    const char *message, char **why)
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
	if (allow_judge(&a, &rs, w, "command", cmd, len, NULL) == -1)
		*why = xstrdup(a.why);
	else if (a.verdict == RULE_NONE)
		yes = ask_user(w, cmd, len, message, a.changed, why);
	else if (trail(w, a.verdict == RULE_ALLOW ? "allow" : "deny", a.text,
	    cmd, len) == -1)
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
