/*
 * aipod-list: list sessions, and containers that are kept.
 */
#include <err.h>
#include <stdlib.h>

#include "choose.h"
#include "io.h"
#include "session.h"
#include "status.h"
#include "tool.h"

static const struct tool tool = {
	"aipod-list",
	"[-j] [-w DIR]",
	"  -w, --workdir DIR    of this workspace only    [of all]\n"
	"  -j, --json           one JSON object a session\n"
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "workdir", required_argument, NULL, 'w' },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

int
main(int argc, char *argv[])
{
	struct workspace w = { NULL, "", "" };
	struct session *s;
	int c, n, json = 0;

	while ((c = tool_getopt(&tool, argc, argv, "+w:j", options)) != -1)
		switch (c) {
		case 'w':
			workspace_free(&w);
			xworkspace_open(&w, optarg);
			break;
		case 'j':
			json = 1;
			break;
		default:
			tool_usage(&tool);
		}
	if (optind < argc)
		tool_usage(&tool);
	if ((n = sessions_list(w.path != NULL ? w.hash : NULL, &s)) == -1)
		err(ST_SYS, "cannot list the sessions");
	xsessions_show_all(s, n, json, w.path != NULL ? w.hash : NULL);
	sessions_free(s, n);
	workspace_free(&w);
	xio_close_stdout();
	return ST_YES;
}
