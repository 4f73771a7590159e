#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "argv.h"
#include "bookend.h"
#include "child.h"
#include "conf.h"
#include "tool.h"

static void
add_tool(struct argv *a, const char *name, const struct box *b)
{
	char *path = xconf_tool(name);

	argv_add(a, path);
	argv_add(a, "-w");
	argv_add(a, b->workspace->path);
	free(path);
}

pid_t
bookend_begin(const struct box *b)
{
	struct argv a = ARGV_INIT;
	size_t i;
	pid_t pid;
	int null;

	if (!xconf_bool("UNDO", 1) && !xconf_bool("REVIEW", 1))
		return 0;
	add_tool(&a, "aipod-undo", b);
	if (tool_verbose < 0)
		argv_add(&a, "-q");
	/* what the agent cannot see needs no copy */
	for (i = 0; i + 1 < b->hidden.n; i += 2) {
		argv_add(&a, "-x");
		argv_add(&a, b->hidden.v[i]);
	}
	argv_add(&a, "--begin");
	argv_add(&a, b->session->id);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if ((pid = child_start(a.v, null, null, -1)) == -1) {
		warn("cannot run '%s'", a.v[0]);
		pid = 0;
	}
	if (null != -1)
		close(null);
	argv_free(&a);
	return pid;
}

void
bookend_end(const struct box *b)
{
	struct argv a = ARGV_INIT;
	int null;
	pid_t pid;

	if (!xconf_bool("UNDO", 1) && !xconf_bool("REVIEW", 1))
		return;
	add_tool(&a, "aipod-review", b);
	if (tool_verbose < 0 || !xconf_bool("REVIEW", 1))
		argv_add(&a, "-q");
	argv_add(&a, "-s");
	argv_add(&a, b->session->id);
	argv_add(&a, "--end");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if ((pid = child_start(a.v, null, null, -1)) != -1)
		child_wait(pid);
	else
		warn("cannot run '%s'", a.v[0]);
	if (null != -1)
		close(null);
	argv_free(&a);
}
