#include <sys/stat.h>

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "ign.h"
#include "io.h"

#define FILE_MAX	(4 * 1024 * 1024)
#define TOKENS_MAX	4096		/* of a pattern; a longer one is dropped */

enum token_type {
	CHAR, ANY, STAR, CLASS,
	DIRS,				/* "**" and the slash behind it */
	REST				/* a closing "**" */
};

struct token {
	enum token_type	 type;
	unsigned char	 c;
	unsigned char	*set;		/* CLASS: 32 bytes, a bit a character */
};

struct pattern {
	struct token	*tok;		/* NULL: compare text as it is */
	size_t		 ntok;
	char		*text;		/* literal, or the end after a "*" */
	size_t		 len;
	unsigned int	 negated : 1, dironly : 1, base : 1, suffix : 1;
};

struct ign {
	struct ign	*up;
	int		 refs;
	size_t		 skip;		/* bytes of path before this directory's */
	struct pattern	*pat;
	size_t		 npat;
};

struct ign *
ign_ref(struct ign *g)
{
	if (g != NULL)
		__sync_fetch_and_add(&g->refs, 1);
	return g;
}

static void
pattern_free(struct pattern *p)
{
	size_t i;

	for (i = 0; i < p->ntok; i++)
		free(p->tok[i].set);
	free(p->tok);
	free(p->text);
}

void
ign_free(struct ign *g)
{
	struct ign *up;
	size_t i;

	for (; g != NULL && __sync_sub_and_fetch(&g->refs, 1) == 0; g = up) {
		up = g->up;
		for (i = 0; i < g->npat; i++)
			pattern_free(&g->pat[i]);
		free(g->pat);
		free(g);
	}
}

static int
in_named_class(const char *s, size_t n, int c)
{
	static const struct {
		const char	*name;
		int		(*is)(int);
	} named[] = {
		{ "alnum", isalnum }, { "alpha", isalpha },
		{ "blank", isblank }, { "cntrl", iscntrl },
		{ "digit", isdigit }, { "graph", isgraph },
		{ "lower", islower }, { "print", isprint },
		{ "punct", ispunct }, { "space", isspace },
		{ "upper", isupper }, { "xdigit", isxdigit }
	};
	size_t i;

	for (i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (strlen(named[i].name) == n &&
		    memcmp(named[i].name, s, n) == 0)
			return c < 128 && named[i].is(c);
	return -1;
}

/*
 * The set of a bracket expression behind its '['.  Returns the bytes used with
 * the ']', or 0 when it does not end or names no class: it matches nothing.
 */
static size_t
bracket(const char *s, size_t n, unsigned char *set)
{
	size_t i = 0, j;
	int c, lo = -1, hi, negated = 0, in;

	if (i < n && (s[i] == '!' || s[i] == '^')) {
		negated = 1;
		i++;
	}
	for (j = i; i < n && (s[i] != ']' || i == j); i++) {
		if (s[i] == '[' && i + 1 < n && s[i + 1] == ':') {
			size_t k = i + 2;

			while (k + 1 < n && !(s[k] == ':' && s[k + 1] == ']'))
				k++;
			if (k + 1 < n) {
				for (c = 0; c < 256; c++) {
					in = in_named_class(s + i + 2, k - i - 2,
					    c);
					if (in == -1)
						return 0;
					if (in)
						set[c / 8] |= (unsigned char)
						    (1 << c % 8);
				}
				i = k + 1;
				lo = -1;
				continue;
			}
		}
		if (s[i] == '-' && lo != -1 && i + 1 < n && s[i + 1] != ']') {
			i++;
			if (s[i] == '\\' && ++i >= n)
				return 0;
			hi = (unsigned char)s[i];
		} else {
			if (s[i] == '\\' && ++i >= n)
				return 0;
			lo = hi = (unsigned char)s[i];
		}
		for (c = lo; c <= hi; c++)
			set[c / 8] |= (unsigned char)(1 << c % 8);
		lo = lo == hi ? lo : -1;
	}
	if (i >= n)
		return 0;
	for (c = 0; negated && c < 32; c++)
		set[c] = (unsigned char)~set[c];
	set['/' / 8] &= (unsigned char)~(1 << '/' % 8);
	return i + 1;
}

/* Turn "*" and its company into tokens; -1 when the pattern can never match. */
static int
compile(struct pattern *p, const char *s, size_t n)
{
	struct token *t;
	size_t i = 0, from, used;

	if (n > TOKENS_MAX || (p->tok = calloc(n + 1, sizeof(*t))) == NULL)
		return -1;
	while (i < n) {
		t = &p->tok[p->ntok++];
		switch (s[i]) {
		case '?':
			t->type = ANY;
			i++;
			break;
		case '*':
			for (from = i; i < n && s[i] == '*'; i++)
				;
			t->type = STAR;
			if (i - from < 2 || p->base ||
			    (from != 0 && s[from - 1] != '/'))
				break;
			if (i == n)
				t->type = REST;
			else if (s[i] == '/') {
				t->type = DIRS;
				i++;
			}
			break;
		case '[':
			t->type = CLASS;
			if ((t->set = calloc(1, 32)) == NULL ||
			    (used = bracket(s + i + 1, n - i - 1, t->set)) == 0)
				return -1;
			i += 1 + used;
			break;
		case '\\':
			if (++i >= n)
				return -1;
			/* FALLTHROUGH */
		default:
			t->type = CHAR;
			t->c = (unsigned char)s[i++];
		}
	}
	return 0;
}

/* One line without its end; 0 when it holds a rule. */
static int
parse_line(struct pattern *p, const char *s, size_t n)
{
	size_t i;

	memset(p, 0, sizeof(*p));
	while (n > 0 && s[n - 1] == ' ' && !(n > 1 && s[n - 2] == '\\'))
		n--;
	if (n == 0 || *s == '#')
		return -1;
	if (*s == '!') {
		p->negated = 1;
		s++;
		n--;
	}
	if (n > 0 && s[n - 1] == '/') {
		p->dironly = 1;
		n--;
	}
	p->base = memchr(s, '/', n) == NULL;
	if (n > 0 && *s == '/') {
		s++;
		n--;
	}
	if (n == 0)
		return -1;
	for (i = 0; i < n; i++)
		if (strchr("*?[\\", s[i]) != NULL)
			break;
	if (p->base && i == 0 && *s == '*' && n > 1) {
		/* "*.o", the most frequent of all */
		for (i = 1; i < n; i++)
			if (strchr("*?[\\", s[i]) != NULL)
				break;
		p->suffix = i == n;
		s += p->suffix;
		n -= p->suffix;
		i = p->suffix ? n : 0;
	}
	if (i < n)
		return compile(p, s, n);
	if ((p->text = malloc(n)) == NULL)
		return -1;
	memcpy(p->text, s, n);
	p->len = n;
	return 0;
}

struct ign *
ign_parse(struct ign *up, const char *text, size_t n, const char *path)
{
	struct pattern *more, *pat = NULL;
	struct ign *g;
	size_t len, cap = 0, npat = 0;
	const char *nl;

	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		n -= 3;
	}
	for (; n > 0; text += len, n -= len) {
		nl = memchr(text, '\n', n);
		len = nl != NULL ? (size_t)(nl - text) : n;
		if (npat == cap) {
			cap = cap != 0 ? 2 * cap : 16;
			if ((more = realloc(pat, cap * sizeof(*pat))) == NULL)
				break;
			pat = more;
		}
		if (parse_line(&pat[npat], text, len > 0 && nl != NULL &&
		    text[len - 1] == '\r' ? len - 1 : len) == 0)
			npat++;
		else
			pattern_free(&pat[npat]);
		len += nl != NULL;
	}
	if ((g = malloc(sizeof(*g))) == NULL) {
		while (npat > 0)
			pattern_free(&pat[--npat]);
		free(pat);
		return NULL;
	}
	g->up = up;
	g->refs = 1;
	g->skip = *path != '\0' ? strlen(path) + 1 : 0;
	g->pat = pat;
	g->npat = npat;
	return g;
}

struct ign *
ign_load(struct ign *up, int dirfd, const char *file, const char *path)
{
	struct buf b = BUF_INIT;
	struct ign *g = NULL;

	if (io_slurp_at(dirfd, file, &b, FILE_MAX) == 0 && b.len != 0)
		g = ign_parse(up, b.p, b.len, path);
	buf_free(&b);
	return g != NULL ? g : up;
}

/* $XDG_CONFIG_HOME/git/ignore: git's own default for core.excludesFile. */
static struct ign *
users_own(const char *path)
{
	const char *dir = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	struct buf name = BUF_INIT;
	struct ign *g = NULL;

	if (dir != NULL && *dir == '/')
		buf_printf(&name, "%s/git/ignore", dir);
	else if (home != NULL && *home == '/')
		buf_printf(&name, "%s/.config/git/ignore", home);
	if (name.len != 0 && buf_str(&name) != NULL)
		g = ign_load(NULL, AT_FDCWD, name.p, path);
	buf_free(&name);
	return g;
}

struct ign *
ign_repository(struct ign *up, int dirfd, const char *path)
{
	struct stat st;
	struct ign *g;
	int git, info;

	if (fstatat(dirfd, ".git", &st, AT_SYMLINK_NOFOLLOW) == -1)
		return up;
	if (S_ISREG(st.st_mode)) {	/* a submodule or a second work tree */
		ign_free(up);
		return users_own(path);
	}
	git = openat(dirfd, ".git", O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (git == -1)
		return up;
	if (faccessat(git, "HEAD", F_OK, AT_SYMLINK_NOFOLLOW) == -1) {
		close(git);
		return up;
	}
	ign_free(up);
	g = users_own(path);
	info = openat(git, "info", O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (info != -1) {
		g = ign_load(g, info, "exclude", path);
		close(info);
	}
	close(git);
	return g;
}

/* Enter state s, and what is reached from it without a character. */
static void
enter(const struct pattern *p, unsigned char *set, size_t s)
{
	for (;; s++) {
		if (set[s] == 2)
			return;
		set[s] = 2;
		if (s == p->ntok || p->tok[s].type == CHAR ||
		    p->tok[s].type == ANY || p->tok[s].type == CLASS)
			return;
	}
}

static void
step(const struct pattern *p, const unsigned char *now, unsigned char *next,
    unsigned char c)
{
	const struct token *t;
	size_t s;

	memset(next, 0, p->ntok + 1);
	for (s = 0; s < p->ntok; s++) {
		if (now[s] == 0)
			continue;
		t = &p->tok[s];
		switch (t->type) {
		case CHAR:
			if (t->c == c)
				enter(p, next, s + 1);
			break;
		case ANY:
			if (c != '/')
				enter(p, next, s + 1);
			break;
		case CLASS:
			if (t->set[c / 8] & 1 << c % 8)
				enter(p, next, s + 1);
			break;
		case STAR:
			if (c != '/')
				enter(p, next, s);
			break;
		case REST:
			enter(p, next, s);
			break;
		case DIRS:
			/* inside a name: only a slash leads on */
			if (next[s] == 0)
				next[s] = 1;
			if (c == '/')
				enter(p, next, s + 1);
			break;
		}
	}
}

static int
run(const struct pattern *p, const char *path, size_t n)
{
	unsigned char a[TOKENS_MAX + 1], b[TOKENS_MAX + 1];
	unsigned char *now = a, *next = b, *swap;
	size_t i;

	/* the literal start decides nearly every time */
	for (i = 0; i < p->ntok && p->tok[i].type == CHAR; i++)
		if (i >= n || p->tok[i].c != (unsigned char)path[i])
			return 0;
	memset(now, 0, p->ntok + 1);
	enter(p, now, 0);
	for (i = 0; i < n; i++) {
		step(p, now, next, (unsigned char)path[i]);
		swap = now;
		now = next;
		next = swap;
	}
	return now[p->ntok] != 0;
}

static int
matches(const struct pattern *p, const char *path, size_t n, const char *base,
    size_t nbase)
{
	if (p->base) {
		path = base;
		n = nbase;
	}
	if (p->tok != NULL)
		return run(p, path, n);
	if (p->suffix)
		return n >= p->len && memcmp(path + n - p->len, p->text,
		    p->len) == 0;
	return n == p->len && memcmp(path, p->text, n) == 0;
}

int
ign_match(const struct ign *g, const char *path, int isdir)
{
	const char *base = strrchr(path, '/');
	size_t i, n = strlen(path);

	base = base != NULL ? base + 1 : path;
	for (; g != NULL; g = g->up) {
		if (g->skip > n)
			continue;
		for (i = g->npat; i-- > 0;) {
			if (g->pat[i].dironly && !isdir)
				continue;
			if (matches(&g->pat[i], path + g->skip, n - g->skip,
			    base, n - (size_t)(base - path)))
				return !g->pat[i].negated;
		}
	}
	return 0;
}
