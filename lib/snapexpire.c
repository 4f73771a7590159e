#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "session.h"
#include "snap.h"
#include "snaptake.h"

static int
is_living(const struct session *s, int n, const char *id)
{
	int i;

	for (i = 0; i < n; i++)
		if (s[i].alive && strcmp(s[i].id, id) == 0)
			return 1;
	return 0;
}

static void
drop(int dir, const char *id)
{
	static const char *const parts[] = { "info", "files", "end.info",
	    "end.files" };
	char *name;
	size_t i;

	for (i = 0; i < 4; i++) {
		name = xasprintf("%s.%s", id, parts[i]);
		unlinkat(dir, name, 0);
		free(name);
	}
}

/* Packs that no manifest names. */
static void
drop_packs(int dir, const struct snap_info *v, int n)
{
	struct snap used = { NULL, 0, NULL }, s;
	const char *last = "";
	struct dirent *e;
	DIR *d;
	size_t k;
	int fd, i;

	for (i = 0; i < n; i++) {
		if (snap_load(dir, v[i].id, &s) == -1) {
			if (errno == ENOENT)
				continue;
			snap_free(&used);
			return;
		}
		for (k = 0, last = ""; k < s.n; k++)
			if (s.v[k].pack != NULL &&
			    strcmp(last, s.v[k].pack) != 0) {
				last = s.v[k].pack;
				if (used.n == 0 || strcmp(used.v[used.n - 1]
				    .path, last) != 0)
					snap_add(&used, last);
			}
		snap_free(&s);
	}
	snap_sort(&used);
	if ((fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) != -1 &&
	    (d = fdopendir(fd)) != NULL) {
		while ((e = readdir(d)) != NULL)
			if (strncmp(e->d_name, "p-", 2) == 0 &&
			    snap_find(&used, e->d_name) == NULL)
				unlinkat(dir, e->d_name, 0);
		closedir(d);
	}
	snap_free(&used);
}

void
snap_expire(const struct workspace *w, int dir)
{
	struct snap_info *v;
	struct session *s = NULL;
	int i, n, ns, kept = 0, dropped = 0;

	if ((n = snap_infos(dir, &v)) == -1)
		return;
	if ((ns = sessions_list(w->hash, &s)) == -1) {
		snap_infos_free(v, n);
		return;
	}
	for (i = n - 1; i >= 0; i--) {
		if (strcmp(v[i].kind, "end") == 0)
			continue;
		if (++kept <= SNAP_KEEP || is_living(s, ns, v[i].id))
			continue;
		drop(dir, v[i].id);
		dropped = 1;
	}
	if (dropped) {
		drop_packs(dir, v, n);
		snap_thin_objects(dir);
	}
	snap_infos_free(v, n);
	sessions_free(s, ns);
}
