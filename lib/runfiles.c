#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "conf.h"
#include "io.h"
#include "mem.h"
#include "runfiles.h"

#define TOKENS_MAX	20000		/* looked up for one command */
#define SCAN_MAX	(512 * 1024)	/* bytes searched for names of scripts */
#define FILE_MAX	(32 * 1024 * 1024)
#define DIR_MAX		4096		/* entries looked at for a pattern */

struct search {
	struct runfiles	*rf;
	const char	*top;
	int		 topfd;
	char		*table;		/* runners.tsv */
	int		 tokens;
};

/* ---- opening below the workspace ----------------------------------------- */

/*
 * Where path leads: a name below the workspace, every link resolved.  NULL
 * when there is nothing or, with *out set, it lies elsewhere.
 */
static char *
resolve(const struct search *s, const char *path, char **out)
{
	char *full, *real;
	size_t n = strlen(s->top);

	full = *path == '/' ? xstrdup(path) : xasprintf("%s/%s", s->top, path);
	real = realpath(full, NULL);
	free(full);
	*out = NULL;
	if (real == NULL)
		return NULL;
	if (strncmp(real, s->top, n) != 0 || real[n] != '/') {
		*out = real;
		return NULL;
	}
	memmove(real, real + n + 1, strlen(real + n + 1) + 1);
	return real;
}

/* Open a name without links: whoever puts one there meanwhile gets ELOOP. */
static int
open_below(int dirfd, const char *name, int flags)
{
	char part[NAME_MAX + 1];
	const char *slash;
	int fd, up = dirfd;

	flags |= O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	while ((slash = strchr(name, '/')) != NULL) {
		if ((size_t)(slash - name) >= sizeof(part))
			return -1;
		memcpy(part, name, (size_t)(slash - name));
		part[slash - name] = '\0';
		fd = openat(up, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
		if (up != dirfd)
			close(up);
		if ((up = fd) == -1)
			return -1;
		name = slash + 1;
	}
	fd = openat(up, name, flags);
	if (up != dirfd)
		close(up);
	return fd;
}

/* ---- the set ------------------------------------------------------------- */

static int
known(const struct runfiles *rf, const char *name)
{
	size_t i;

	for (i = 0; i < rf->n; i++)
		if (strcmp(rf->f[i].name, name) == 0)
			return 1;
	return 0;
}

/* A new entry by this name; NULL when there is one, or too many. */
static struct runfile *
add(struct runfiles *rf, const char *name)
{
	if (known(rf, name))
		return NULL;
	if (rf->n == RUNFILES_MAX) {
		rf->over = 1;
		return NULL;
	}
	if ((rf->n & (rf->n - 1)) == 0)
		rf->f = xreallocarray(rf->f, rf->n != 0 ? rf->n * 2 : 1,
		    sizeof(*rf->f));
	rf->f[rf->n].name = xstrdup(name);
	return &rf->f[rf->n++];
}

/*
 * A name in the workspace that leads out of it: not the file's bytes, but
 * where it leads takes part.
 */
static void
take_link(struct search *s, const char *word, char *real)
{
	struct runfile *f;

	if (*word != '/' && strncmp(word, "../", 3) != 0 &&
	    strstr(word, "/../") == NULL && strcmp(word, "..") != 0 &&
	    strcmp(real, s->top) != 0 && (f = add(s->rf, word)) != NULL)
		hash_bytes_hex(real, strlen(real), f->digest);
	free(real);
}

/* Take in a file by its resolved name. */
static void
take(struct search *s, const char *name)
{
	struct runfile *f;
	struct stat st;
	int fd, ok = 0;

	if ((f = add(s->rf, name)) == NULL)
		return;
	if ((fd = open_below(s->topfd, name, O_RDONLY)) != -1) {
		ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		    st.st_size <= FILE_MAX &&
		    hash_fd_hex(fd, f->digest) == 0;
		close(fd);
	}
	if (!ok) {
		/* what cannot be watched must not be trusted */
		hash_bytes_hex("", 0, f->digest);
		s->rf->over = 1;
	}
}

static int
is_script(const char *name, const struct stat *st)
{
	static const char *const ends[] = { ".sh", ".bash", ".zsh", ".mk",
	    ".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".pl", ".rb", ".awk",
	    ".lua", ".ps1", ".just", ".cmake", ".gradle", ".tcl", ".php" };
	size_t i, n = strlen(name), m;

	if ((st->st_mode & 0111) != 0)
		return 1;
	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		m = strlen(ends[i]);
		if (n > m && strcmp(name + n - m, ends[i]) == 0)
			return 1;
	}
	return 0;
}

/*
 * Look at a word: a file is taken in when it is a script or `any`; a
 * directory's resolved name is given back for its drivers.
 */
static char *
look(struct search *s, const char *word, int any)
{
	struct stat st;
	char *name, *out;

	if (s->tokens++ > TOKENS_MAX) {
		s->rf->over = 1;
		return NULL;
	}
	if ((name = resolve(s, word, &out)) == NULL) {
		if (out != NULL)
			take_link(s, word, out);
		return NULL;
	}
	if (fstatat(s->topfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(st.st_mode))
			return name;
		if (S_ISREG(st.st_mode) && (any || is_script(name, &st)))
			take(s, name);
	}
	free(name);
	return NULL;
}

static int
is_word(int c)
{
	return isalnum(c) || (c != '\0' && strchr("_./+@%-", c) != NULL) ||
	    c >= 0x80;
}

/* The next word of what may be a command or a script; NULL at the end. */
static char *
next_word(const char **p, const char *end)
{
	const char *from;

	while (*p < end && !is_word((unsigned char)**p))
		++*p;
	for (from = *p; *p < end && is_word((unsigned char)**p); ++*p)
		;
	return *p > from ? xstrndup(from, (size_t)(*p - from)) : NULL;
}

static void
take_pattern(struct search *s, const char *dir, const char *pattern)
{
	struct dirent *e;
	char *path;
	DIR *d;
	int fd, n = 0;

	fd = *dir == '\0' ? dup(s->topfd) :
	    open_below(s->topfd, dir, O_RDONLY | O_DIRECTORY);
	if (fd == -1 || (d = fdopendir(fd)) == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	rewinddir(d);
	while ((e = readdir(d)) != NULL && n++ < DIR_MAX)
		if (fnmatch(pattern, e->d_name, 0) == 0) {
			path = xasprintf("%s%s%s", dir, *dir ? "/" : "",
			    e->d_name);
			free(look(s, path, 1));
			free(path);
		}
	if (e != NULL)
		s->rf->over = 1;
	closedir(d);
}

/* Take in the files that the runner reads in dir ("" is the workspace). */
static void
take_drivers(struct search *s, const char *runner, const char *dir)
{
	const char *p, *eol;
	char *file, *path;
	size_t n = strlen(runner);

	for (p = s->table; *p != '\0'; p = *eol != '\0' ? eol + 1 : eol) {
		eol = p + strcspn(p, "\n");
		if (strncmp(p, runner, n) != 0 || p[n] != '\t')
			continue;
		for (p += n + 1; p < eol; p += n + 1) {
			n = strcspn(p, " \n");
			file = xstrndup(p, n);
			path = xasprintf("%s%s%s", dir, *dir ? "/" : "", file);
			if (strchr(file, '*') != NULL)
				take_pattern(s, dir, file);
			else
				free(look(s, path, 1));
			free(path);
			free(file);
		}
		return;
	}
}

static void
scan_command(struct search *s, const char *cmd, size_t len)
{
	const char *p = cmd, *base;
	char *words[64], *dirs[64], *w;
	int nw = 0, nd = 0, i, j;

	while ((w = next_word(&p, cmd + len)) != NULL) {
		if (nw == 64) {
			s->rf->over = 1;
			free(w);
			break;
		}
		words[nw++] = w;
		if ((dirs[nd] = look(s, w, 1)) != NULL)
			nd++;
	}
	for (i = 0; i < nw; i++) {
		base = strrchr(words[i], '/');
		base = base != NULL ? base + 1 : words[i];
		take_drivers(s, base, "");
		for (j = 0; j < nd; j++)
			take_drivers(s, base, dirs[j]);
	}
	for (i = 0; i < nw; i++)
		free(words[i]);
	for (j = 0; j < nd; j++)
		free(dirs[j]);
}

/* Scripts that a file which is taken in calls by name. */
static void
scan_file(struct search *s, size_t i)
{
	struct buf b = BUF_INIT;
	const char *p, *slash;
	char *w, *path;
	int fd;

	if ((fd = open_below(s->topfd, s->rf->f[i].name, O_RDONLY)) == -1)
		return;
	if (io_slurp(fd, &b, SCAN_MAX) == -1 || (b.len > 0 &&
	    memchr(b.p, '\0', b.len) != NULL))
		b.len = 0;		/* a program, or no script at all */
	close(fd);
	slash = strrchr(s->rf->f[i].name, '/');
	for (p = b.p; b.len > 0 && (w = next_word(&p, b.p + b.len)) != NULL;
	    free(w)) {
		free(look(s, w, 0));
		/* f may have moved: ask for the name again */
		slash = strrchr(s->rf->f[i].name, '/');
		if (slash == NULL)
			continue;
		path = xasprintf("%.*s/%s", (int)(slash - s->rf->f[i].name),
		    s->rf->f[i].name, w);
		free(look(s, path, 0));
		free(path);
	}
	buf_free(&b);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct runfile *)a)->name,
	    ((const struct runfile *)b)->name);
}

int
runfiles_find(struct runfiles *rf, const char *workspace, const char *cmd,
    size_t len)
{
	struct search s = { rf, workspace, -1, NULL, 0 };
	struct buf table = BUF_INIT;
	hash_ctx h;
	char *path;
	size_t i;
	int rc;

	memset(rf, 0, sizeof(*rf));
	path = xconf_share("rules/runners.tsv");
	rc = io_slurp_at(AT_FDCWD, path, &table, 64 * 1024);
	free(path);
	if (rc == -1 || (s.table = buf_str(&table)) == NULL)
		return -1;
	s.topfd = open(workspace, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.topfd == -1) {
		buf_free(&table);
		return -1;
	}
	scan_command(&s, cmd, len);
	for (i = 0; i < rf->n && !rf->over; i++)
		scan_file(&s, i);
	close(s.topfd);
	buf_free(&table);
	if (rf->n > 0)
		qsort(rf->f, rf->n, sizeof(*rf->f), compare);
	hash_init(&h);
	for (i = 0; i < rf->n; i++) {
		hash_add_field(&h, rf->f[i].name, strlen(rf->f[i].name));
		hash_add_field(&h, rf->f[i].digest, HASH_HEX - 1);
	}
	hash_hex(&h, rf->digest);
	return 0;
}

void
runfiles_free(struct runfiles *rf)
{
	size_t i;

	for (i = 0; i < rf->n; i++)
		free(rf->f[i].name);
	free(rf->f);
	memset(rf, 0, sizeof(*rf));
}

int
runfiles_open(const char *workspace, const char *name)
{
	int top, fd;

	if ((top = open(workspace, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	fd = open_below(top, name, O_RDONLY);
	close(top);
	return fd;
}
