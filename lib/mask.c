#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "finding.h"
#include "mask.h"
#include "mem.h"
#include "tree.h"
#include "workspace.h"

#define LEVELS		5

const char *
mask_refused(const struct workspace *w, const char *rel)
{
	const char *slash = strrchr(rel, '/'), *why = NULL;
	struct stat st;
	char *dir;
	int root, fd = -1;

	if (!finding_path_ok(rel))
		return "it is not inside the workspace";
	if (strcmp(rel, ".git") == 0 || strncmp(rel, ".git/", 5) == 0 ||
	    strcmp(rel, ".aipod") == 0 || strncmp(rel, ".aipod/", 7) == 0)
		return "the session needs it";
	root = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root == -1)
		return "the workspace cannot be opened";
	if (slash != NULL) {
		dir = xstrndup(rel, (size_t)(slash - rel));
		fd = tree_open(root, dir, O_RDONLY | O_DIRECTORY);
		if (fd == -1)
			why = errno == ELOOP || errno == ENOTDIR ?
			    "a symbolic link or a file is on the way to it" :
			    "the directory that it is in cannot be opened";
		free(dir);
	}
	if (why == NULL && fstatat(fd != -1 ? fd : root, slash != NULL ?
	    slash + 1 : rel, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISDIR(st.st_mode))
		why = S_ISLNK(st.st_mode) ? "it is a symbolic link" :
		    "it is no directory";
	if (fd != -1)
		close(fd);
	close(root);
	return why;
}

/* The name, and a file beside it or in it that tells what it is. */
static int
worth_it(int dirfd, const char *name)
{
	static const struct {
		const char	*name;
		const char	*beside;	/* one of these, with spaces */
		const char	*inside;
	} known[] = {
		{ "node_modules", NULL, NULL },
		{ "bower_components", NULL, NULL },
		{ ".venv", NULL, NULL },
		{ "venv", NULL, "pyvenv.cfg" },
		{ "env", NULL, "pyvenv.cfg" },
		{ "target", "Cargo.toml", NULL },
		{ "target", "pom.xml", NULL },
		{ "target", "build.sbt", NULL },
		{ "vendor", "composer.json", NULL },
		{ "dist", "package.json", NULL },
		{ "build", "build.gradle", NULL },
		{ ".gradle", NULL, NULL },
		{ ".tox", NULL, NULL },
		{ ".nox", NULL, NULL },
		{ ".next", NULL, NULL },
		{ ".nuxt", NULL, NULL },
		{ "_build", "mix.exs", NULL },
		{ "deps", "mix.exs", NULL },
		{ ".stack-work", NULL, NULL },
		{ "dist-newstyle", NULL, NULL },
		{ "elm-stuff", NULL, NULL },
		{ "Pods", "Podfile", NULL }
	};
	size_t i;
	char *in;
	int ok;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(name, known[i].name) != 0)
			continue;
		if (known[i].beside != NULL && faccessat(dirfd,
		    known[i].beside, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		if (known[i].inside == NULL)
			return 1;
		in = xasprintf("%s/%s", name, known[i].inside);
		ok = faccessat(dirfd, in, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
		free(in);
		if (ok)
			return 1;
	}
	return 0;
}

static void
search(int fd, const char *rel, int levels,
    void (*found)(void *, const char *), void *arg)
{
	struct dirent *d;
	struct stat st;
	char *path;
	int sub;
	DIR *dir;

	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return;
	}
	while ((d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 ||
		    strcmp(d->d_name, "..") == 0 ||
		    strcmp(d->d_name, ".git") == 0 ||
		    fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
		    !S_ISDIR(st.st_mode))
			continue;
		path = *rel != '\0' ? xasprintf("%s/%s", rel, d->d_name) :
		    xstrdup(d->d_name);
		if (worth_it(fd, d->d_name))
			found(arg, path);
		else if (levels > 1 && (sub = openat(fd, d->d_name, O_RDONLY |
		    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) != -1)
			search(sub, path, levels - 1, found, arg);
		free(path);
	}
	closedir(dir);
}

int
mask_find(const struct workspace *w, void (*found)(void *, const char *),
    void *arg)
{
	int fd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return -1;
	search(fd, "", LEVELS, found, arg);
	return 0;
}
