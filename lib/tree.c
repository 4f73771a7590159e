#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if HAVE_SYSCALL
#include <sys/syscall.h>
#endif

#include "buf.h"
#include "ign.h"
#include "tree.h"

#define BATCH		256		/* files of a directory in one piece */

/* Work: a directory to list, or (names) some files of it to look at. */
struct work {
	struct work	*next;
	struct ign	*ign;		/* rules that hold in the directory */
	char		*names;		/* NUL after each */
	size_t		 nnames;	/* bytes */
	int		 flags;
	char		 path[];	/* "" is the root */
};

struct walk {
	const struct tree_ops *ops;
	int		 rootfd;
	pthread_mutex_t	 lock;
	pthread_cond_t	 more;
	struct work	*head;
	int		 busy;		/* threads that may add work */
};

struct hand {
	struct walk	*walk;
	int		 thread;
	struct buf	 path;		/* kept from one directory to the next: */
	struct buf	 names;		/* memory is what costs most */
};

#if HAVE_SYSCALL && defined(SYS_openat2)
struct how {
	uint64_t	flags;
	uint64_t	mode;
	uint64_t	resolve;
};
#define BENEATH		(0x08 | 0x04)	/* RESOLVE_BENEATH, _NO_SYMLINKS */

static int
open_quick(int dirfd, const char *rel, int flags)
{
	struct how how = { (uint64_t)flags, 0, BENEATH };

	return (int)syscall(SYS_openat2, dirfd, rel, &how, sizeof(how));
}
#else
static int
open_quick(int dirfd, const char *rel, int flags)
{
	(void)dirfd;
	(void)rel;
	(void)flags;
	errno = ENOSYS;
	return -1;
}
#endif

/* One component after the other: any system, and paths past PATH_MAX. */
static int
open_slowly(int rootfd, const char *rel, int flags)
{
	char name[256];
	const char *end;
	int fd = rootfd, next, saved;
	size_t n;

	for (;; rel = end + 1) {
		end = strchr(rel, '/');
		n = end != NULL ? (size_t)(end - rel) : strlen(rel);
		if (n >= sizeof(name)) {
			errno = ENAMETOOLONG;
			next = -1;
		} else {
			memcpy(name, rel, n);
			name[n] = '\0';
			next = openat(fd, name, end != NULL ? O_RDONLY |
			    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC : flags);
		}
		saved = errno;
		if (fd != rootfd)
			close(fd);
		errno = saved;
		if (next == -1 || end == NULL)
			return next;
		fd = next;
	}
}

int
tree_open(int rootfd, const char *rel, int flags)
{
	int fd;

	flags |= O_NOFOLLOW | O_CLOEXEC;
	if (strchr(rel, '/') == NULL)
		return openat(rootfd, rel, flags);
	fd = open_quick(rootfd, rel, flags);
	if (fd == -1 && (errno == ENOSYS || errno == ENAMETOOLONG ||
	    errno == EPERM || errno == EAGAIN))
		fd = open_slowly(rootfd, rel, flags);
	return fd;
}

int
tree_vendored(const char *name)
{
	static const char *const names[] = {
		"node_modules", "bower_components", "jspm_packages", "vendor",
		"third_party", "third-party", "venv", ".venv", "virtualenv",
		"site-packages", "target", "dist", ".tox", ".nox", ".gradle",
		".m2", ".cargo", ".bundle", "Pods", "Carthage", ".next",
		".nuxt", ".terraform", "__pycache__", ".mypy_cache",
		".pytest_cache", ".yarn", ".pnpm-store", "elm-stuff", "deps",
		"_build", ".stack-work", "dist-newstyle", ".git", NULL
	};
	int i;

	for (i = 0; names[i] != NULL; i++)
		if (strcmp(name, names[i]) == 0)
			return 1;
	return 0;
}

static void
push(struct walk *w, struct work *k)
{
	pthread_mutex_lock(&w->lock);
	k->next = w->head;
	w->head = k;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
}

/* A piece of work for dir/name (name NULL: dir itself), or NULL. */
static struct work *
make(const char *dir, const char *name, struct ign *ign, int flags)
{
	size_t n = strlen(dir), m = name != NULL ? strlen(name) : 0;
	struct work *k;

	if (n + m + 2 > TREE_PATH_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	if ((k = malloc(sizeof(*k) + n + m + 2)) == NULL)
		return NULL;
	k->names = NULL;
	k->nnames = 0;
	k->flags = flags;
	k->ign = ign_ref(ign);
	memcpy(k->path, dir, n);
	if (n != 0 && m != 0)
		k->path[n++] = '/';
	if (m != 0)
		memcpy(k->path + n, name, m);
	k->path[n + m] = '\0';
	return k;
}

static void
drop(struct work *k)
{
	ign_free(k->ign);
	free(k->names);
	free(k);
}

/* Git keeps its objects compressed: nothing to read in them as they lie. */
static int
is_git_objects(const char *dir, const char *name)
{
	const char *p;

	if (strcmp(name, "objects") != 0)
		return 0;
	for (p = dir; (p = strstr(p, ".git")) != NULL; p += 4)
		if ((p == dir || p[-1] == '/') && (p[4] == '\0' || p[4] == '/'))
			return 1;
	return 0;
}

static void
one(struct hand *h, int dirfd, const struct work *k, const char *name)
{
	const struct tree_ops *ops = h->walk->ops;
	struct buf *path = &h->path;
	struct tree_file f;
	struct stat st;
	struct work *sub;
	int isdir, flags = k->flags;

	path->len = strlen(k->path);
	if (path->len != 0)
		path->p[path->len++] = '/';
	if (path->len + strlen(name) >= TREE_PATH_MAX ||
	    buf_puts(path, name) == -1 || buf_str(path) == NULL) {
		ops->fail(ops->arg, k->path, ENAMETOOLONG);
		return;
	}
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno != ENOENT)	/* it has vanished: nothing to see */
			ops->fail(ops->arg, path->p, errno);
		return;
	}
	isdir = S_ISDIR(st.st_mode);
	if (!isdir && !S_ISREG(st.st_mode))
		return;
	if (!(flags & TREE_IGNORED) && ign_match(k->ign, path->p, isdir))
		flags |= TREE_IGNORED;
	if (ops->narrow && ((flags & TREE_IGNORED) ||
	    strcmp(name, ".git") == 0))
		return;
	if (isdir) {
		if (is_git_objects(k->path, name))
			return;
		if (tree_vendored(name))
			flags |= TREE_VENDORED;
		if ((sub = make(path->p, NULL, k->ign, flags)) != NULL)
			push(h->walk, sub);
		else
			ops->fail(ops->arg, path->p, errno);
		return;
	}
	f.dirfd = dirfd;
	f.name = name;
	f.path = path->p;
	f.st = &st;
	f.flags = flags;
	ops->file(ops->arg, h->thread, &f);
}

static void
each(struct hand *h, int dirfd, const struct work *k, const char *names,
    size_t n)
{
	size_t i;

	buf_clear(&h->path);
	if (buf_puts(&h->path, k->path) == 0 && buf_reserve(&h->path, 2) == 0)
		for (i = 0; i < n; i += strlen(names + i) + 1)
			one(h, dirfd, k, names + i);
	else
		h->walk->ops->fail(h->walk->ops->arg, k->path, ENOMEM);
}

/* Hand the names gathered so far to whoever has time. */
static int
share_out(struct hand *h, const struct work *k, struct buf *names)
{
	struct work *part;

	if (names->bad || (part = make(k->path, NULL, k->ign, k->flags)) == NULL)
		return -1;
	part->names = names->p;
	part->nnames = names->len;
	*names = (struct buf)BUF_INIT;
	push(h->walk, part);
	return 0;
}

/* The names in the directory, into h->names; how many they are. */
static int
read_names(struct hand *h, DIR *dir, int fd, struct work *k)
{
	const struct tree_ops *ops = h->walk->ops;
	struct dirent *d;
	int n = 0, hasign = 0, hasgit = 0;

	buf_clear(&h->names);
	/* the rules first: an entry may come before the .gitignore beside it */
	while (errno = 0, (d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		hasign |= strcmp(d->d_name, ".gitignore") == 0;
		hasgit |= strcmp(d->d_name, ".git") == 0;
		buf_add(&h->names, d->d_name, strlen(d->d_name) + 1);
		n++;
	}
	if (errno != 0 || h->names.bad)
		ops->fail(ops->arg, k->path, h->names.bad ? ENOMEM : errno);
	if (hasgit)
		k->ign = ign_repository(k->ign, fd, k->path);
	if (hasign)
		k->ign = ign_load(k->ign, fd, ".gitignore", k->path);
	return n;
}

/* List the directory; closes fd. */
static void
list(struct hand *h, int fd, struct work *k)
{
	const struct tree_ops *ops = h->walk->ops;
	const struct buf *names = &h->names;
	DIR *dir = fdopendir(fd);
	size_t i, from = 0;
	int n;

	if (dir == NULL) {
		ops->fail(ops->arg, k->path, errno);
		close(fd);
		return;
	}
	n = read_names(h, dir, fd, k);
	if (n > BATCH && ops->threads > 1)
		for (i = 0, n = 0; i < names->len;
		    i += strlen(names->p + i) + 1) {
			struct buf part = BUF_INIT;

			if (++n % BATCH != 0)
				continue;
			buf_add(&part, names->p + from, i - from);
			if (part.len != 0 && share_out(h, k, &part) == -1)
				ops->fail(ops->arg, k->path, ENOMEM);
			buf_free(&part);
			from = i;
		}
	if (names->len > from)
		each(h, fd, k, names->p + from, names->len - from);
	closedir(dir);
}

static void
handle(struct hand *h, struct work *k)
{
	const struct tree_ops *ops = h->walk->ops;
	int fd, flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

	fd = *k->path == '\0' ? openat(h->walk->rootfd, ".", flags) :
	    tree_open(h->walk->rootfd, k->path, flags);
	if (fd == -1) {
		if (errno != ENOENT)
			ops->fail(ops->arg, k->path, errno);
	} else if (k->names != NULL) {
		each(h, fd, k, k->names, k->nnames);
		close(fd);
	} else
		list(h, fd, k);
	drop(k);
}

static void *
run(void *arg)
{
	struct hand *h = arg;
	struct walk *w = h->walk;
	struct work *k;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->head == NULL && w->busy > 0)
			pthread_cond_wait(&w->more, &w->lock);
		if ((k = w->head) == NULL)
			break;
		w->head = k->next;
		w->busy++;
		pthread_mutex_unlock(&w->lock);
		handle(h, k);
		pthread_mutex_lock(&w->lock);
		if (--w->busy == 0 && w->head == NULL)
			pthread_cond_broadcast(&w->more);
	}
	pthread_mutex_unlock(&w->lock);
	buf_free(&h->path);
	buf_free(&h->names);
	return NULL;
}

/*
 * The work for rel, with the flags and ignore rules that the directories on
 * the way to it give.
 */
static struct work *
start_below(const struct walk *w, const char *rel)
{
	struct ign *ign = NULL;
	struct stat st;
	struct work *k = NULL;
	const char *last = strrchr(rel, '/'), *end;
	char *dir = NULL;
	int fd = -1, flags = 0;

	for (end = rel; end != NULL; end = strchr(end + 1, '/')) {
		free(dir);
		if ((dir = strndup(rel, (size_t)(end - rel))) == NULL)
			goto out;
		if (fd != -1)
			close(fd);
		fd = end == rel ? openat(w->rootfd, ".", O_RDONLY |
		    O_DIRECTORY | O_CLOEXEC) :
		    tree_open(w->rootfd, dir, O_RDONLY | O_DIRECTORY);
		if (fd == -1)
			goto out;
		if (end != rel && ign_match(ign, dir, 1))
			flags |= TREE_IGNORED;
		if (tree_vendored(strrchr(dir, '/') != NULL ?
		    strrchr(dir, '/') + 1 : dir))
			flags |= TREE_VENDORED;
		if (faccessat(fd, ".git", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			ign = ign_repository(ign, fd, dir);
		ign = ign_load(ign, fd, ".gitignore", dir);
		if (end == last)
			break;
	}
	last = last != NULL ? last + 1 : rel;
	if (fstatat(fd, last, &st, AT_SYMLINK_NOFOLLOW) == -1)
		goto out;
	if ((k = make(dir, NULL, ign, flags)) == NULL)
		goto out;
	k->nnames = strlen(last) + 1;
	if ((k->names = strdup(last)) == NULL) {
		drop(k);
		k = NULL;
	}
out:
	ign_free(ign);
	free(dir);
	if (fd != -1)
		close(fd);
	return k;
}

int
tree_walk(int rootfd, const char *rel, const struct tree_ops *ops)
{
	struct walk w;
	struct hand hand[64];
	pthread_t id[64];
	pthread_attr_t attr;
	int i, n = ops->threads;

	memset(&w, 0, sizeof(w));
	memset(hand, 0, sizeof(hand));
	w.ops = ops;
	w.rootfd = rootfd;
	w.head = rel != NULL ? start_below(&w, rel) : make("", NULL, NULL, 0);
	if (w.head == NULL)
		return -1;
	w.head->next = NULL;
	n = n < 1 ? 1 : n > 64 ? 64 : n;
	pthread_mutex_init(&w.lock, NULL);
	pthread_cond_init(&w.more, NULL);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 512 * 1024);
	for (i = 0; i < n; i++) {
		hand[i].walk = &w;
		hand[i].thread = i;
	}
	/* a thread that cannot be had is work for the others */
	for (i = 1; i < n; i++)
		if (pthread_create(&id[i], &attr, run, &hand[i]) != 0)
			break;
	n = i;
	run(&hand[0]);
	for (i = 1; i < n; i++)
		pthread_join(id[i], NULL);
	pthread_attr_destroy(&attr);
	pthread_cond_destroy(&w.more);
	pthread_mutex_destroy(&w.lock);
	return 0;
}
