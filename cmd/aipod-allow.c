/*
 * aipod-allow: the rules: add, remove, list, check.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allow.h"
#include "buf.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "rec.h"
#include "ruleset.h"
#include "runfiles.h"
#include "status.h"
#include "tool.h"
#include "workspace.h"

static const struct tool tool = {
	"aipod-allow",
	"[-Cgjx] [-a AGENT] [-w DIR] [add|deny|remove|list|hosts|check] [KIND]"
	" [WORD ...]",
	"  add KIND PATTERN     allow a command, host or service (the word add\n"
	"                       may be left out)\n"
	"  deny KIND PATTERN    the same, denied\n"
	"  remove N|KIND PATTERN\n"
	"                       take out a rule\n"
	"  list                 all rules, the last that matches decides\n"
	"  hosts                the presets that are on, and how many hosts of yours\n"
	"  check KIND SUBJECT   what holds: 0 allowed, 1 denied, 2 ask\n"
	"  -C, --explain        say what would happen and why; alone: are all\n"
	"                       files in order\n"
	"      --deny           deny instead of allow\n"
	"      --digest         bind a command's rule to the files it runs\n"
	"  -x, --exact          a star at the end of a command is a star\n"
	"  -g, --global         the user's file, not the workspace's\n"
	"  -a, --agent NAME     with this agent's rules [the session's]\n"
	"      --skill          print what an agent should know of its box\n"
	"      --mcp list       answer an agent (JSON in and out)\n"
	"  -w, --workdir DIR    the workspace           [the working directory]\n"
	"  -j, --json           one JSON object a rule\n"
};

enum { OPT_DENY = 256, OPT_DIGEST, OPT_MCP, OPT_SKILL };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "explain", no_argument, NULL, 'C' },
	{ "deny", no_argument, NULL, OPT_DENY },
	{ "digest", no_argument, NULL, OPT_DIGEST },
	{ "exact", no_argument, NULL, 'x' },
	{ "global", no_argument, NULL, 'g' },
	{ "agent", required_argument, NULL, 'a' },
	{ "skill", no_argument, NULL, OPT_SKILL },
	{ "mcp", required_argument, NULL, OPT_MCP },
	{ "workdir", required_argument, NULL, 'w' },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

enum { LIST, ADD, DENY, REMOVE, CHECK, HOSTS };

static const struct tool_verb verbs[] = {
	{ "list", 0, 0, 0 },
	{ "add", 1, -1, 0 },
	{ "deny", 1, -1, 0 },
	{ "remove", 0, -1, 0 },
	{ "check", 0, -1, 0 },
	{ "hosts", 0, 0, 0 },
	{ NULL, 0, 0, 0 }
};

struct opts {
	const char	*dir;
	const char	*agent;
	const char	*mcp;
	int		 explain, deny, digest, exact, global, json, skill;
};

static void
xload(struct ruleset *rs, const struct workspace *w, const char *agent)
{
	if (ruleset_load(rs, w, agent) == -1)
		errx(ST_USAGE, "%s", rs->rules.why);
}

/* The file that is to be changed, its directory made. */
static char *
xfile(const struct ruleset *rs, const struct workspace *w, int global)
{
	char *dir, *slash;

	if (!global) {
		dir = xworkspace_make_state(w);
		free(dir);
		return xstrdup(rs->file[SCOPE_WORKSPACE]);
	}
	dir = xstrdup(rs->file[SCOPE_USER]);
	slash = strrchr(dir, '/');
	*slash = '\0';
	if (io_mkdirs(dir) == -1)
		err(ST_SYS, "cannot make directory '%s'", dir);
	*slash = '/';
	return dir;
}

/* The bytes of the word, or those on standard input for "-". */
static void
xsubject(struct buf *b, const char *word)
{
	if (strcmp(word, "-") == 0) {
		if (io_slurp(STDIN_FILENO, b, ALLOW_SUBJECT_MAX) == -1)
			err(ST_USAGE, "cannot use standard input");
	} else
		buf_puts(b, word);
	if (buf_str(b) == NULL)
		err(ST_SYS, "cannot read");
	if (memchr(b->p, '\0', b->len) != NULL)
		errx(ST_USAGE, "a subject cannot hold a NUL byte");
}

/* The words as a rule: checked by parsing it, and given back as one. */
static char *
xrule(struct rules *one, const struct opts *o, int argc, char *argv[],
    const struct workspace *w)
{
	struct runfiles rf;
	struct buf line = BUF_INIT, subject = BUF_INIT;
	char *text;
	int i, command = strcmp(argv[0], "command") == 0;

	if (argc < 2)
		errx(ST_USAGE, "the %s is missing", argv[0]);
	if (command && argc > 2 && strcmp(argv[2], "digest") != 0)
		errx(ST_USAGE, "give the command as one word: '%s %s'", argv[1],
		    argv[2]);
	for (i = command ? 2 : 1; i < argc; i++)
		if (argv[i][strcspn(argv[i], " \t\r\n#\"")] != '\0')
			errx(ST_USAGE, "'%s': must be one plain word", argv[i]);
	buf_printf(&line, "%s %s ", o->deny ? "deny" : "allow", argv[0]);
	xsubject(&subject, argv[1]);
	if (command)
		rule_quote(&line, subject.p, subject.len,
		    o->exact || o->digest || strcmp(argv[1], "-") == 0);
	else
		buf_puts(&line, argv[1]);
	for (i = 2; i < argc; i++)
		buf_printf(&line, " %s", argv[i]);
	if (o->digest && command) {
		if (runfiles_find(&rf, w->path, subject.p, subject.len) == -1)
			err(ST_SYS, "cannot read what the command runs");
		if (allow_keep(w, &rf) == -1)
			warn("cannot keep copies of what the command runs");
		buf_printf(&line, " digest %s", rf.digest);
		runfiles_free(&rf);
	}
	if ((text = buf_str(&line)) == NULL)
		err(ST_SYS, "cannot make the rule");
	text = xstrdup(text);
	if (rules_parse(one, "rule", text) == -1 || one->n != 1)
		errx(ST_USAGE, "cannot make a rule of this: %s",
		    one->why[0] != '\0' ? one->why + sizeof("rule:1:") : "empty");
	free(text);
	buf_clear(&line);
	rule_show(&line, &one->r[0]);
	buf_free(&subject);
	xbuf_check(&line);
	return buf_str(&line);
}

static void
xedit(const char *path, int (*drop)(const struct rule *, const void *),
    const void *arg, const char *text, int *dropped)
{
	char why[256];
	int n;

	n = ruleset_edit(path, drop, arg, text, why);
	if (n == -1 && errno == EPERM)
		errx(ST_USAGE, "refusing '%s': it must be a file of yours that"
		    " others cannot write: chmod go-w it", path);
	if (n == -1 && errno == EINVAL)
		errx(ST_USAGE, "%s", why);
	if (n == -1)
		err(ST_SYS, "cannot change '%s'", path);
	if (dropped != NULL)
		*dropped = n;
}

static int
cmd_add(const struct opts *o, const struct workspace *w, int argc, char *argv[])
{
	struct rules one = RULES_INIT;
	struct ruleset rs;
	char *text, *path;

	text = xrule(&one, o, argc, argv, w);
	xload(&rs, w, o->agent);
	path = xfile(&rs, w, o->global);
	xedit(path, allow_same, &one.r[0], text, NULL);
	ruleset_free(&rs);
	rules_free(&one);
	free(path);
	free(text);
	return ST_YES;
}

static int
is_line(const struct rule *r, const void *arg)
{
	const struct rule *gone = arg;

	return r->line == gone->line && allow_same(r, gone) &&
	    r->verdict == gone->verdict;
}

static int
cmd_remove(const struct opts *o, const struct workspace *w, int argc,
    char *argv[])
{
	struct rules one = RULES_INIT;
	struct ruleset rs;
	const struct rule *r;
	long long n;
	char *path;
	int i, gone, sum = 0;

	if (argc == 0)
		errx(ST_USAGE, "say which rule: its number in the list, or its"
		    " kind and pattern");
	xload(&rs, w, o->agent);
	if (argc == 1 && isdigit((unsigned char)argv[0][0])) {
		n = xnum("rule", argv[0], 1, (long long)rs.rules.n);
		r = &rs.rules.r[n - 1];
		if (ruleset_scope(&rs, r) == SCOPE_AGENT)
			errx(ST_USAGE, "rule %lld is the agent's own, in '%s':"
			    " deny what it allows instead", n, r->file);
		xedit(r->file, is_line, r, NULL, &sum);
	} else {
		free(xrule(&one, o, argc, argv, w));
		for (i = SCOPE_USER; i < SCOPES; i++) {
			if (access(rs.file[i], F_OK) == -1 ||
			    (o->global && i != SCOPE_USER))
				continue;
			path = rs.file[i];
			xedit(path, allow_same, &one.r[0], NULL, &gone);
			sum += gone;
		}
	}
	if (sum == 0 && tool_verbose >= 0)
		warnx("no such rule");
	rules_free(&one);
	ruleset_free(&rs);
	return sum > 0 ? ST_YES : ST_NO;
}

static int
cmd_list(const struct opts *o, const struct workspace *w, int hosts)
{
	struct ruleset rs;
	size_t i;

	xload(&rs, w, o->agent);
	if (hosts)
		allow_hosts(&rs);
	for (i = 0; i < rs.rules.n && !hosts; i++)
		allow_show(&rs, i, o->json);
	ruleset_free(&rs);
	xio_close_stdout();
	return ST_YES;
}

static int
cmd_check(const struct opts *o, const struct workspace *w, int argc,
    char *argv[])
{
	struct allow_answer a;
	struct ruleset rs;
	struct buf subject = BUF_INIT;
	int rc;

	if (argc == 0 && o->explain) {
		xload(&rs, w, o->agent);
		printf("%zu rules, all in order\n", rs.rules.n);
		ruleset_free(&rs);
		xio_close_stdout();
		return ST_YES;
	}
	if (argc < 2)
		errx(ST_USAGE, "say what to check: KIND SUBJECT");
	xsubject(&subject, argv[1]);
	if (strcmp(argv[0], "service") != 0 && argc > 2)
		errx(ST_USAGE, "give the %s as one word", argv[0]);
	xload(&rs, w, o->agent);
	if (allow_judge(&a, &rs, w, argv[0], subject.p, subject.len,
	    argv + 2) == -1)
		errx(ST_USAGE, "%s", a.why);
	if (tool_verbose >= 0)
		allow_say(&a, o->explain, o->json);
	rc = a.verdict == RULE_ALLOW ? ST_YES : a.verdict == RULE_DENY ? ST_NO :
	    ALLOW_ASK;
	allow_answer_free(&a);
	ruleset_free(&rs);
	buf_free(&subject);
	xio_close_stdout();
	return rc;
}

static void
parse(void *arg, int argc, char *argv[])
{
	struct opts *o = arg;
	int c;

	while ((c = tool_getopt(&tool, argc, argv, "+Cxga:w:j", options)) != -1)
		switch (c) {
		case 'C':
			o->explain = 1;
			break;
		case 'x':
			o->exact = 1;
			break;
		case 'g':
			o->global = 1;
			break;
		case 'a':
			o->agent = optarg;
			break;
		case 'w':
			o->dir = optarg;
			break;
		case 'j':
			o->json = 1;
			break;
		case OPT_DENY:
			o->deny = 1;
			break;
		case OPT_DIGEST:
			o->digest = 1;
			break;
		case OPT_SKILL:
			o->skill = 1;
			break;
		case OPT_MCP:
			o->mcp = optarg;
			break;
		default:
			tool_usage(&tool);
		}
}

int
main(int argc, char *argv[])
{
	struct opts o;
	struct workspace w;
	int rc, verb;

	memset(&o, 0, sizeof(o));
	verb = tool_verb(&tool, verbs, ADD, parse, &o, &argc, &argv);
	xworkspace_open(&w, o.dir);
	if (o.agent == NULL && (o.agent = getenv("AIPOD_AGENT")) == NULL)
		o.agent = allow_agent(&w);
	if (o.mcp != NULL && strcmp(o.mcp, "list") != 0)
		tool_usage(&tool);
	if (o.mcp != NULL || o.skill)
		return allow_tell(&w, o.agent, o.skill);
	o.deny |= verb == DENY;
	switch (o.explain ? CHECK : verb) {
	case ADD:
	case DENY:
		rc = cmd_add(&o, &w, argc, argv);
		break;
	case REMOVE:
		rc = cmd_remove(&o, &w, argc, argv);
		break;
	case CHECK:
		rc = cmd_check(&o, &w, argc, argv);
		break;
	default:
		rc = cmd_list(&o, &w, verb == HOSTS);
	}
	workspace_free(&w);
	return rc;
}
