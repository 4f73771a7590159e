#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "argv.h"
#include "child.h"
#include "conf.h"
#include "notice.h"
#include "tool.h"

pid_t
notice(const char *dir, const char *title, const char *text)
{
	struct argv a = ARGV_INIT;
	/* the terminal may be raw, and its cursor anywhere */
	const char *cr = isatty(STDERR_FILENO) ? "\r" : "";
	char *tool = conf_tool("aipod-notify");
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = -1;

	if (tool_verbose >= 0) {
		fputs(cr, stderr);
		warnx("%s%s", text, cr);
	}
	if (tool != NULL && null != -1) {
		argv_add(&a, tool);
		argv_add(&a, "-w");
		argv_add(&a, dir);
		argv_add(&a, "-t");
		argv_add(&a, title);
		argv_add(&a, "--");
		argv_add(&a, text);
		pid = child_start(a.v, null, null, null);
	}
	if (null != -1)
		close(null);
	argv_free(&a);
	free(tool);
	return pid;
}
