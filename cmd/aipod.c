/*
 * aipod: find the tool that is meant and become it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "buf.h"
#include "conf.h"
#include "io.h"
#include "mem.h"
#include "rec.h"
#include "status.h"

/*
 * Plural and older spellings.  dflt is the first word when the user gives
 * none, or gives options only; word always stands first.  Alone and on a
 * terminal, those with a screen are it.
 */
static const struct alias {
	const char	*name;
	const char	*tool;
	const char	*word;
	const char	*dflt;
	int		 screen;
} aliases[] = {
	{ "allowed", "allow", NULL, "list", 1 },
	{ "approvals", "approve", NULL, "list", 1 },
	{ "commands", "command", NULL, "list", 1 },
	{ "env-files", "hide", NULL, "list", 1 },
	{ "masks", "mask", NULL, "list", 0 },
	{ "mounts", "mount", NULL, "list", 0 },
	{ "rules", "allow", NULL, "list", 1 },
	{ "serve", "mcpd", "--listen", "127.0.0.1:7822", 0 },
	{ "services", "service", NULL, "list", 1 },
	{ "sessions", "list", NULL, NULL, 1 },
	{ "unhide", "hide", "show", NULL, 0 },
	{ "unmask", "mask", "remove", NULL, 0 },
};
#define NALIASES	(sizeof(aliases) / sizeof(aliases[0]))

struct command {
	char	*name;			/* without "aipod-" */
	char	*line;			/* what it does */
};

struct commands {
	struct command	*c;
	size_t		 n;
	struct buf	 text;
};

/* share/commands.tsv; what cannot be read or is no record ends it. */
static void
read_commands(struct commands *all)
{
	char *path = xconf_share("commands.tsv"), *line, *next, *f[2];
	int fd;

	memset(all, 0, sizeof(*all));
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		err(ST_SYS, "cannot open '%s'", path);
	if (io_slurp(fd, &all->text, 1024 * 1024) == -1 ||
	    buf_str(&all->text) == NULL)
		err(ST_SYS, "cannot read '%s'", path);
	close(fd);
	for (line = all->text.p; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		if (rec_split(line, f, 2) < 2 || f[0] == NULL ||
		    f[1] == NULL || strncmp(f[0], "aipod-", 6) != 0)
			errx(ST_SYS, "'%s' is damaged: is the installation"
			    " complete?", path);
		all->c = xreallocarray(all->c, all->n + 1, sizeof(*all->c));
		all->c[all->n].name = f[0] + 6;
		all->c[all->n].line = f[1];
		all->n++;
	}
	free(path);
}

static void
free_commands(struct commands *all)
{
	free(all->c);
	buf_free(&all->text);
}

static char *
find_tool(const char *name)
{
	char *full, *path;

	if (*name == '\0' || strchr(name, '/') != NULL)
		return NULL;
	full = xasprintf("aipod-%s", name);
	path = conf_tool(full);
	free(full);
	return path;
}

/* Become the tool, with the words before those of v. */
static void
become(const char *name, const char *path, const char *word,
    const char *word2, char *const *v)
{
	struct argv a = ARGV_INIT;

	argv_addf(&a, "aipod-%s", name);
	if (word != NULL)
		argv_add(&a, word);
	if (word2 != NULL)
		argv_add(&a, word2);
	argv_addv(&a, v);
	execv(path, a.v);
	err(errno == ENOENT ? ST_NOTFOUND : ST_NOEXEC, "cannot run '%s'", path);
}

static void
become_tool(const char *name, const char *word, const char *word2,
    char *const *v)
{
	char *path;

	if ((path = find_tool(name)) == NULL)
		errx(ST_NOTFOUND, "cannot find 'aipod-%s': is the installation"
		    " complete?", name);
	become(name, path, word, word2, v);
}

static void
show_tools(void)
{
	struct commands all;
	char *path;
	size_t i;

	printf("usage: aipod [OPTION ...]            open the agent in its box\n"
	    "       aipod run [OPTION ...] CMD ... run a command in it\n"
	    "       aipod TOOL [ARGUMENT ...]\n"
	    "       aipod help [TOOL]\n"
	    "       aipod version\n\ntools:\n");
	read_commands(&all);
	for (i = 0; i < all.n; i++) {
		if ((path = find_tool(all.c[i].name)) == NULL)
			continue;
		printf("  %-9s %s\n", all.c[i].name, all.c[i].line);
		free(path);
	}
	free_commands(&all);
	printf("\nFor options alone see aipod-launch(1); for a tour, aipod(7).\n");
	xio_close_stdout();
	exit(ST_YES);
}

static void
show_version(void)
{
	printf("aipod %s\n", AIPOD_VERSION);
	xio_close_stdout();
	exit(ST_YES);
}

/* Beside share/: the installed page, or the source tree's; NULL for neither. */
static char *
find_page(const char *page, int section)
{
	char *rel, *path;
	int i;

	for (i = 0; i < 2; i++) {
		rel = i == 0 ?
		    xasprintf("../man/man%d/%s.%d", section, page, section) :
		    xasprintf("../man/%s.%d", page, section);
		path = xconf_share(rel);
		free(rel);
		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static const struct alias *
find_alias(const char *name)
{
	size_t i;

	for (i = 0; i < NALIASES; i++)
		if (strcmp(aliases[i].name, name) == 0)
			return &aliases[i];
	return NULL;
}

/* The distance by insertions, deletions, changes and swaps of neighbours. */
static size_t
distance(const char *a, const char *b)
{
	size_t d[32][32], i, j, best, n = strlen(a), m = strlen(b);

	if (n > 31 || m > 31)
		return 32;
	for (i = 0; i <= n; i++)
		for (j = 0; j <= m; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[n][m];
}

static void
consider(const char *name, const char *given, size_t *best, const char **found,
    int *count, int max)
{
	size_t d = distance(name, given);

	/* what somebody types the beginning of is near, too */
	if (strlen(given) > 2 && strncmp(name, given, strlen(given)) == 0)
		d = 1;
	if (d > 31 || d > strlen(given) / 3 + 1 || d > *best)
		return;
	if (d < *best) {
		*best = d;
		*count = 0;
	}
	if (*count < max)
		found[(*count)++] = name;
}

static void
unknown(const char *name)
{
	static const char *const own[] = { "help", "run", "version" };
	const char *found[4];
	struct commands all;
	size_t i, best = 32;
	int n = 0;

	read_commands(&all);
	for (i = 0; i < all.n; i++)
		consider(all.c[i].name, name, &best, found, &n, 4);
	for (i = 0; i < NALIASES; i++)
		consider(aliases[i].name, name, &best, found, &n, 4);
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		consider(own[i], name, &best, found, &n, 4);
	warnx("'%s' is no tool: see 'aipod --help', or 'aipod run %s' to run it"
	    " in the box", name, name);
	for (i = 0; i < (size_t)n; i++)
		fprintf(stderr, "%s '%s'%s", i == 0 ? "Did you mean" : " or",
		    found[i], i + 1 == (size_t)n ? "?\n" : "");
	free_commands(&all);
	exit(ST_USAGE);
}

/* Open the manual page, or show the tool's --help where there is no man. */
static void
help(const char *topic)
{
	static char text[] = "--help";
	char *path = NULL, *page, *tool, *v[] = { text, NULL };
	const struct alias *a;
	struct argv man = ARGV_INIT;
	int s;

	if (topic == NULL)
		page = xstrdup("aipod");
	else {
		if ((a = find_alias(topic)) != NULL)
			topic = a->tool;
		if (strcmp(topic, "run") == 0)
			topic = "launch";
		if (strncmp(topic, "aipod-", 6) == 0)
			topic += 6;
		page = xasprintf("aipod-%s", topic);
	}
	if (topic != NULL && strchr(topic, '/') != NULL)
		unknown(topic);
	for (s = topic == NULL ? 7 : 1; s <= 8 && path == NULL; s++)
		path = find_page(page, s);
	argv_add(&man, "man");
	argv_add(&man, path != NULL ? path : page);
	if (path == NULL && topic != NULL && (tool = find_tool(topic)) == NULL)
		unknown(topic);
	execvp(man.v[0], man.v);
	if (errno != ENOENT)
		err(ST_NOEXEC, "cannot run 'man'");
	if (topic == NULL)
		show_tools();
	if ((tool = find_tool(topic)) == NULL)
		errx(ST_NOTFOUND, "cannot find 'man' to show '%s'",
		    path != NULL ? path : page);
	become(topic, tool, NULL, NULL, v);
}

static void
run(char *const *v)
{
	if (*v == NULL)
		errx(ST_USAGE, "run what? usage: aipod run [OPTION ...] CMD"
		    " [ARGUMENT ...]");
	become_tool("launch", **v != '-' ? "--" : NULL, NULL, v);
}

int
main(int argc, char *argv[])
{
	const struct alias *a;
	const char *name;
	char *path;

	if (argc > 0)
		argv++;
	name = *argv;
	if (name != NULL && (strcmp(name, "-h") == 0 ||
	    strcmp(name, "--help") == 0))
		show_tools();
	if (name != NULL && (strcmp(name, "-V") == 0 ||
	    strcmp(name, "--version") == 0 || strcmp(name, "version") == 0))
		show_version();
	if (name == NULL || *name == '-')
		become_tool("launch", NULL, NULL, argv);
	argv++;
	if (strcmp(name, "help") == 0)
		help(*argv);
	if (strcmp(name, "run") == 0)
		run(argv);
	if ((path = find_tool(name)) != NULL)
		become(name, path, NULL, NULL, argv);
	if ((a = find_alias(name)) != NULL && a->screen && *argv == NULL &&
	    isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
	    (path = find_tool("screen")) != NULL)
		become("screen", path, name, NULL, argv);
	if (a != NULL)
		become_tool(a->tool, a->word,
		    *argv == NULL || **argv == '-' ? a->dflt : NULL, argv);
	unknown(name);
}
