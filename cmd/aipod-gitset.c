/*
 * aipod-gitset: one harmless setting of the workspace's repository.
 */
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "gitset.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "status.h"
#include "tool.h"
#include "workspace.h"

static const struct tool tool = {
	"aipod-gitset",
	"[-w DIR] KEY VALUE",
	"  -w, --workdir DIR    the workspace         [the working directory]\n"
	"      --mcp            answer an agent (JSON in and out)\n"
};

enum { OPT_MCP = 256 };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "workdir", required_argument, NULL, 'w' },
	{ "mcp", no_argument, NULL, OPT_MCP },
	{ NULL, 0, NULL, 0 }
};

struct job {
	struct workspace w;
	char		*key;
	char		*value;
	int		 mcp;
};

static int
answer(const struct job *j, int status, const char *text)
{
	struct buf b = BUF_INIT;
	struct json_out o;

	if (!j->mcp) {
		if (status != ST_YES)
			warnx("%s", text);
		return status;
	}
	json_begin(&o, &b);
	json_open(&o, '{');
	json_member(&o, "text", text);
	json_close(&o, '}');
	xbuf_check(&b);
	puts(buf_str(&b));
	buf_free(&b);
	return status == ST_YES ? ST_YES : ST_NO;
}

static void
xread_arguments(struct job *j)
{
	struct buf b = BUF_INIT;
	struct json in;

	if (io_slurp(STDIN_FILENO, &b, 65536) == -1 || buf_str(&b) == NULL ||
	    json_parse(&in, b.p, b.len, 8, 64) == -1)
		errx(ST_USAGE, "cannot read arguments from standard input");
	j->key = json_str(&in, json_get(&in, 0, "key"), NULL);
	j->value = json_str(&in, json_get(&in, 0, "value"), NULL);
	if (j->key == NULL || j->value == NULL)
		errx(ST_USAGE, "arguments: want a key and a value");
	json_free(&in);
	buf_free(&b);
}

static void
add_tool(struct argv *a, const char *name)
{
	char *path = xconf_tool(name);

	argv_add(a, path);
	free(path);
}

/*
 * The agent asks: is it allowed, or does the user say yes?  The words are what
 * the user would type, so that one rule speaks of both.
 */
static int
is_granted(const struct job *j, struct buf *reason)
{
	struct argv words = ARGV_INIT, a = ARGV_INIT, check = ARGV_INIT;
	struct buf line = BUF_INIT;
	int yes;

	add_tool(&check, "aipod-allow");
	argv_add(&check, "-w");
	argv_add(&check, j->w.path);
	argv_add(&check, "check");
	argv_add(&check, "command");
	argv_add(&words, "git");
	argv_add(&words, "config");
	argv_add(&words, j->key);
	argv_add(&words, j->value);
	argv_show(&line, words.v);
	xbuf_check(&line);
	argv_add(&check, buf_str(&line));
	yes = child_run_quietly(check.v) == 0;
	argv_free(&check);
	if (yes)
		return 1;
	add_tool(&a, "aipod-approve");
	argv_add(&a, "-k");
	argv_add(&a, "command");
	argv_add(&a, "-m");
	argv_add(&a, "A setting of this workspace's repository, which the box"
	    " cannot write.");
	argv_add(&a, "-w");
	argv_add(&a, j->w.path);
	yes = child_capture(a.v, &line, reason, 65536) == 0;
	if (buf_str(reason) == NULL)
		err(ST_SYS, "cannot ask");
	reason->p[strcspn(reason->p, "\n")] = '\0';
	argv_free(&words);
	argv_free(&a);
	buf_free(&line);
	return yes;
}

static int
set(struct job *j)
{
	struct buf config = BUF_INIT, reason = BUF_INIT;
	char *path = xasprintf("%s/.git/config", j->w.path), *text;
	const char *why;
	int rc;

	if (io_slurp_at(AT_FDCWD, path, &config, 1024 * 1024) == -1)
		rc = answer(j, ST_USAGE, "The workspace has no .git/config"
		    " that can be set.");
	else if ((why = gitset_problem(j->key, j->value, config.p, config.len))
	    != NULL) {
		text = xasprintf("Refused: %s. What is not on the list of"
		    " aipod-gitset(1) is for the user to set on the host.",
		    why);
		rc = answer(j, ST_NO, text);
		free(text);
	} else if (j->mcp && !is_granted(j, &reason)) {
		text = xasprintf("The user did not agree: %s", reason.p);
		rc = answer(j, ST_NO, text);
		free(text);
	} else if (gitset_write(&j->w, j->key, j->value, &why) == -1) {
		text = xasprintf("Not set: .git/config: %s.", why);
		rc = answer(j, ST_SYS, text);
		free(text);
	} else
		rc = answer(j, ST_YES, "Set. git in the box sees it.");
	buf_free(&config);
	buf_free(&reason);
	free(path);
	return rc;
}

int
main(int argc, char *argv[])
{
	const char *dir = NULL;
	struct job j;
	int c, rc;

	memset(&j, 0, sizeof(j));
	while ((c = tool_getopt(&tool, argc, argv, "+w:", options)) != -1)
		switch (c) {
		case 'w':
			dir = optarg;
			break;
		case OPT_MCP:
			j.mcp = 1;
			break;
		default:
			tool_usage(&tool);
		}
	argv += optind;
	argc -= optind;
	if (argc != (j.mcp ? 0 : 2))
		tool_usage(&tool);
	xworkspace_open(&j.w, dir);
	if (j.mcp)
		xread_arguments(&j);
	else {
		j.key = xstrdup(argv[0]);
		j.value = xstrdup(argv[1]);
	}
	free(xworkspace_make_state(&j.w));
	rc = set(&j);
	free(j.key);
	free(j.value);
	workspace_free(&j.w);
	xio_close_stdout();
	return rc;
}
