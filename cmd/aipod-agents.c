/*
 * aipod-agents: list the agents that there are.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent.h"
#include "argv.h"
#include "buf.h"
#include "io.h"
#include "json.h"
#include "rec.h"
#include "status.h"
#include "tool.h"

static const struct tool tool = {
	"aipod-agents",
	"[-j] [NAME ...]",
	"  -j, --json           one JSON object an agent\n"
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

static void
show_json(const struct agent *a, const char *about)
{
	struct buf b = BUF_INIT;
	struct json_out j;

	json_begin(&j, &b);
	json_open(&j, '{');
	json_member(&j, "name", a->name);
	json_member(&j, "origin", a->own ? "own" : "aipod");
	json_member(&j, "about", about);
	json_member(&j, "dir", a->dir);
	xjson_end(&j);
}

static void
show(const struct agent *a, int json)
{
	struct argv about = ARGV_INIT;
	const char *f[4];

	if (agent_words(a, "about", &about) == -1)
		warn("cannot read about '%s'", a->name);
	f[0] = a->name;
	f[1] = a->own ? "own" : "aipod";
	f[2] = about.n > 0 ? about.v[0] : NULL;
	f[3] = a->dir;
	if (json)
		show_json(a, f[2]);
	else
		rec_line(stdout, 4, f);
	argv_free(&about);
}

int
main(int argc, char *argv[])
{
	struct agent *all, a;
	int c, i, n, json = 0, rc = ST_YES;

	while ((c = tool_getopt(&tool, argc, argv, "+j", options)) != -1)
		switch (c) {
		case 'j':
			json = 1;
			break;
		default:
			tool_usage(&tool);
		}
	for (i = optind; i < argc; i++) {
		if (agent_find(&a, argv[i]) == -1) {
			warnx("no agent '%s'", argv[i]);
			rc = ST_NO;
			continue;
		}
		show(&a, json);
		agent_free(&a);
	}
	if (optind == argc) {
		n = agent_list(&all);
		for (i = 0; i < n; i++)
			show(&all[i], json);
		agents_free(all, n);
	}
	xio_close_stdout();
	return rc;
}
