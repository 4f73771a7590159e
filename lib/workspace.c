#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "hash.h"
#include "io.h"
#include "mem.h"
#include "status.h"
#include "workspace.h"

/*
 * The last component in the alphabet that image names allow (lower case
 * letters, digits, single separators inside): "My Project!" is "my-project".
 */
static void
make_name(const char *path, char *name, size_t size)
{
	const char *p = strrchr(path, '/');
	size_t n = 0;

	for (p = p != NULL ? p + 1 : path; *p != '\0' && n + 1 < size; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9'))
			name[n++] = *p;
		else if (*p >= 'A' && *p <= 'Z')
			name[n++] = (char)(*p - 'A' + 'a');
		else if (n > 0 && name[n - 1] != '-')
			name[n++] = '-';
	}
	while (n > 0 && name[n - 1] == '-')
		n--;
	name[n] = '\0';
	if (n == 0)
		memcpy(name, "workspace", sizeof("workspace"));
}

int
workspace_open(struct workspace *w, const char *dir)
{
	struct stat st;
	char hex[HASH_HEX];
	int rc;

	memset(w, 0, sizeof(*w));
	if ((w->path = realpath(dir != NULL ? dir : ".", NULL)) == NULL)
		return -1;
	rc = stat(w->path, &st);
	if (rc == 0 && !S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		rc = -1;
	}
	if (rc == -1 || access(w->path, X_OK) == -1) {
		workspace_free(w);
		return -1;
	}
	hash_bytes_hex(w->path, strlen(w->path), hex);
	memcpy(w->hash, hex, WORKSPACE_HASH - 1);
	make_name(w->path, w->name, sizeof(w->name));
	return 0;
}

void
workspace_free(struct workspace *w)
{
	free(w->path);
	w->path = NULL;
}

void
xworkspace_open(struct workspace *w, const char *dir)
{
	if (dir == NULL)
		dir = getenv("AIPOD_WORKSPACE");
	if (workspace_open(w, dir) == -1)
		err(ST_USAGE, "cannot use '%s' as workspace",
		    dir != NULL ? dir : ".");
}

char *
workspace_container(const struct workspace *w, const char *session)
{
	return xasprintf("aipod-%s-%s", w->hash, session);
}

char *
workspace_image(const struct workspace *w)
{
	return xasprintf("aipod-%s-%s", w->name, w->hash);
}

char *
workspace_home_volume(const struct workspace *w)
{
	return xasprintf("aipod-%s-home", w->hash);
}

char *
workspace_mask_volume(const struct workspace *w, const char *dir)
{
	char name[33], hex[HASH_HEX];

	/* a name to read, and digits that keep a/b and a-b apart */
	make_name(dir, name, sizeof(name));
	hash_bytes_hex(dir, strlen(dir), hex);
	return xasprintf("aipod-%s-mask-%s-%.8s", w->hash, name, hex);
}

char *
workspace_state(const struct workspace *w, const char *fact)
{
	char *dir = xconf_state_dir(), *path;

	path = fact != NULL ? xasprintf("%s/%s/%s", dir, w->hash, fact) :
	    xasprintf("%s/%s", dir, w->hash);
	free(dir);
	return path;
}

char *
xworkspace_make_state(const struct workspace *w)
{
	char *top = xconf_make_state_dir(), *dir, *fact, *was;

	dir = xasprintf("%s/%s", top, w->hash);
	if (io_private_dir(dir) == -1)
		err(ST_SYS, "cannot use '%s'", dir);
	fact = xasprintf("%s/path", dir);
	was = io_text(fact);
	if ((was == NULL || strcmp(was, w->path) != 0) &&
	    io_put_line(fact, w->path) == -1)
		err(ST_SYS, "cannot write '%s'", fact);
	free(was);
	free(fact);
	free(top);
	return dir;
}

char *
workspace_runtime(const struct workspace *w)
{
	char *dir = xconf_runtime_dir(), *path;

	path = xasprintf("%s/%s", dir, w->hash);
	free(dir);
	return path;
}

int
is_hex(const char *s, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (!((s[i] >= '0' && s[i] <= '9') ||
		    (s[i] >= 'a' && s[i] <= 'f')))
			return 0;
	return s[n] == '\0';
}
