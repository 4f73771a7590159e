/*
 * aipod-watch: tell the user of secrets that come into view during a session.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if HAVE_PRCTL
#include <signal.h>
#include <sys/prctl.h>
#endif

#include "mem.h"
#include "num.h"
#include "status.h"
#include "tool.h"
#include "watch.h"
#include "workspace.h"

static const struct tool tool = {
	"aipod-watch",
	"[-q] [-i SECONDS] [-w DIR]",
	"  -i, --interval N     seconds between two looks, at least  [10]\n"
	"  -w, --workdir DIR    the workspace         [the working directory]\n"
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "interval", required_argument, NULL, 'i' },
	{ "workdir", required_argument, NULL, 'w' },
	{ NULL, 0, NULL, 0 }
};

int
main(int argc, char *argv[])
{
	const char *dir = NULL;
	struct workspace w;
	struct watcher *t;
	pid_t parent = getppid();
	long long every = 10, wait, s;
	int c;

	while ((c = tool_getopt(&tool, argc, argv, "+i:w:", options)) != -1)
		switch (c) {
		case 'i':
			every = xnum("interval", optarg, 1, 86400);
			break;
		case 'w':
			dir = optarg;
			break;
		default:
			tool_usage(&tool);
		}
	if (optind != argc)
		tool_usage(&tool);
	xworkspace_open(&w, dir);
#if HAVE_PRCTL
	prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
	/* the session's work goes first */
	setpriority(PRIO_PROCESS, 0, 10);
	t = xwatcher_new(&w);
	for (wait = every < 2 ? every : 2;; wait = watcher_pause(t, every)) {
		for (s = 0; s < wait; s++) {
			sleep(1);
			if (getppid() != parent) {
				watcher_free(t);
				workspace_free(&w);
				return ST_YES;
			}
		}
		xwatcher_look(t);
	}
}
