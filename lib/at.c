#include <stdlib.h>
#include <string.h>

#include "at.h"
#include "buf.h"

#define MARK	"@app@"
#define N(a)	(sizeof(a) / sizeof((a)[0]))

/* Neither these nor anything above them, */
static const char *const needed[] = { "/home/aipod", "/tmp", "/var/tmp",
	"/opt/aipod" };
/* neither these nor anything above or below. */
static const char *const closed[] = { "/run", "/etc", "/proc", "/sys", "/dev",
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/boot",
	"/home/aipod", "/var/run", "/opt/aipod" };

const char *
at_session(void)
{
	const char *at = getenv("AIPOD_AT");

	return at != NULL && *at == '/' ? at : AT_APP;
}

int
at_covers(const char *dir, const char *path)
{
	size_t n = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	return strncmp(path, dir, n) == 0 &&
	    (path[n] == '/' || path[n] == '\0');
}

const char *
at_problem(const char *path)
{
	size_t i;

	for (i = 0; i < N(needed); i++)
		if (at_covers(path, needed[i]))
			return "it would lie over what the box needs";
	for (i = 0; i < N(closed); i++)
		if (at_covers(path, closed[i]) || at_covers(closed[i], path))
			return "it would lie in what the box needs";
	return NULL;
}

int
at_fill(struct buf *b, const char *at)
{
	struct buf out = BUF_INIT;
	char *p, *mark;

	if ((p = buf_str(b)) == NULL)
		return -1;
	/* a file with a NUL in it is none that has a mark */
	if (strlen(p) != b->len || strstr(p, MARK) == NULL)
		return 0;
	for (; (mark = strstr(p, MARK)) != NULL; p = mark + strlen(MARK)) {
		buf_add(&out, p, (size_t)(mark - p));
		buf_puts(&out, at);
	}
	buf_puts(&out, p);
	buf_free(b);
	*b = out;
	return out.bad ? -1 : 0;
}
