#include <sys/stat.h>
#include <sys/wait.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "conf.h"
#include "io.h"
#include "mem.h"
#include "update.h"

#define VERSION_MAX	32

static int
is_version(const char *s)
{
	return isdigit((unsigned char)*s) && strlen(s) <= VERSION_MAX &&
	    strspn(s, "0123456789.") == strlen(s);
}

int
update_is_newer(const char *a, const char *b)
{
	unsigned long long x, y;
	char *end;

	if (!is_version(a) || !is_version(b))
		return 0;
	while (*a != '\0' || *b != '\0') {
		x = strtoull(a, &end, 10);
		a = end + (*end == '.');
		y = strtoull(b, &end, 10);
		b = end + (*end == '.');
		if (x != y)
			return x > y;
	}
	return 0;
}

/* A process of its own session, and a child of nobody's who would wait. */
static void
start_detached(void)
{
	char *v[] = { NULL, (char *)"-q", (char *)"check", (char *)"--daily",
	    NULL };
	pid_t pid;
	int null, status;

	if ((v[0] = conf_tool("aipod-update")) == NULL)
		return;
	if ((pid = fork()) == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		setsid();
		_exit(null == -1 || child_start(v, null, null, null) == -1);
	}
	while (pid != -1 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	free(v[0]);
}

char *
update_look(void)
{
	char *url = xconf_get("UPDATE_URL"), *dir, *checked, *fact;
	char *newest = NULL;
	struct stat st;

	if (url == NULL || *url == '\0' || !xconf_bool("UPDATE_CHECK", 1)) {
		free(url);
		return NULL;
	}
	dir = xconf_state_dir();
	checked = xasprintf("%s/update/checked", dir);
	fact = xasprintf("%s/update/newest", dir);
	if (stat(checked, &st) == -1 || time(NULL) - st.st_mtime > 86400)
		start_detached();
	newest = io_line(fact);
	if (newest != NULL && !update_is_newer(newest, AIPOD_VERSION)) {
		free(newest);
		newest = NULL;
	}
	free(checked);
	free(fact);
	free(dir);
	free(url);
	return newest;
}
