/*
 * aipod-scan: find secrets in a tree.
 */
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "num.h"
#include "scanrun.h"
#include "status.h"
#include "tool.h"
#include "workspace.h"

#define ST_PARTLY	101		/* not everything could be read */

static const struct tool tool = {
	"aipod-scan",
	"[-0gjs] [-w DIR] [PATH ... | --staged | --history]",
	"  -w, --workdir DIR    the workspace         [the working directory]\n"
	"  -g, --git            leave out what git ignores, and .git\n"
	"      --staged         what git would commit\n"
	"      --history        all that git has\n"
	"  -s, --show           print secrets whole\n"
	"      --allow-comments leave out lines with aipod:allow\n"
	"      --baseline FILE  leave out the fingerprints in FILE\n"
	"      --key FILE       key of the fingerprints  [one of the user's]\n"
	"      --no-cache       read files that are known to be clean, too\n"
	"      --threads N      read with N threads   [one a processor]\n"
	"  -0, --null           only paths, each ended with NUL\n"
	"  -j, --json           one JSON object a finding\n"
	"      --sarif          one SARIF 2.1.0 document\n"
};

enum { OPT_SARIF = 256, OPT_BASELINE, OPT_KEY, OPT_THREADS, OPT_ALLOW,
	OPT_STAGED, OPT_HISTORY, OPT_NO_CACHE };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "workdir", required_argument, NULL, 'w' },
	{ "git", no_argument, NULL, 'g' },
	{ "staged", no_argument, NULL, OPT_STAGED },
	{ "history", no_argument, NULL, OPT_HISTORY },
	{ "show", no_argument, NULL, 's' },
	{ "allow-comments", no_argument, NULL, OPT_ALLOW },
	{ "null", no_argument, NULL, '0' },
	{ "json", no_argument, NULL, 'j' },
	{ "sarif", no_argument, NULL, OPT_SARIF },
	{ "baseline", required_argument, NULL, OPT_BASELINE },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "no-cache", no_argument, NULL, OPT_NO_CACHE },
	{ "threads", required_argument, NULL, OPT_THREADS },
	{ NULL, 0, NULL, 0 }
};

struct how {
	const char	*dir;		/* as given with -w, or NULL */
	int		 narrow;
	int		 threads;
	int		 nocache;
};

/*
 * The root and what below it is asked for: an operand inside the workspace
 * keeps its path from there; any other single one is a root itself.
 */
static void
xplace(const char *dir, int explicit, const char *operand, char **root,
    char **rel)
{
	struct workspace w;
	struct stat st;
	char *real, *slash;
	size_t n;

	*rel = NULL;
	if (operand == NULL) {
		xworkspace_open(&w, dir);
		*root = w.path;
		return;
	}
	if ((real = realpath(operand, NULL)) == NULL)
		err(ST_USAGE, "cannot scan '%s'", operand);
	if (workspace_open(&w, dir) == 0) {
		n = strlen(w.path);
		if (strncmp(real, w.path, n) == 0 &&
		    (real[n] == '/' || real[n] == '\0')) {
			*root = w.path;
			*rel = real[n] != '\0' ? xstrdup(real + n + 1) : NULL;
			free(real);
			return;
		}
		workspace_free(&w);
	}
	if (explicit)
		errx(ST_USAGE, "'%s' is not in the workspace", operand);
	if (stat(real, &st) == 0 && !S_ISDIR(st.st_mode)) {
		slash = strrchr(real, '/');
		*rel = xstrdup(slash + 1);
		slash[slash == real] = '\0';
	}
	*root = real;
}

/*
 * Where it is remembered what is clean: in the state of a workspace that was
 * named or has one already, so that scanning /usr leaves nothing behind.
 */
static char *
xstate(const char *root, const struct how *h)
{
	struct workspace w;
	char *dir = NULL;

	if (h->nocache || workspace_open(&w, root) == -1)
		return NULL;
	if (h->dir != NULL)
		dir = xworkspace_make_state(&w);
	else if ((dir = workspace_state(&w, NULL)) != NULL &&
	    access(dir, W_OK) == -1) {
		free(dir);
		dir = NULL;
	}
	workspace_free(&w);
	return dir;
}

static void
walk(struct scanrun *s, const struct how *h, const char *operand)
{
	const char *from = h->dir != NULL ? h->dir : getenv("AIPOD_WORKSPACE");
	char *root, *rel, *state, *given = NULL;
	int fd;

	if (operand != NULL && *operand != '/' && h->dir != NULL)
		operand = given = xasprintf("%s/%s", h->dir, operand);
	xplace(from, h->dir != NULL, operand, &root, &rel);
	if ((fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		err(ST_USAGE, "cannot scan '%s'", root);
	state = xstate(root, h);
	scanrun_tree(s, fd, rel, h->narrow, h->threads, state);
	close(fd);
	free(state);
	free(given);
	free(root);
	free(rel);
}

static int
processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 16 ? 16 : (int)n;
}

static void
scan_all(struct scanrun *s, const struct how *h, int git, char **paths)
{
	struct workspace w;

	if (git != 0) {
		if (*paths != NULL)
			tool_usage(&tool);
		xworkspace_open(&w, h->dir);
		xscanrun_git(s, w.path, git == OPT_HISTORY);
		workspace_free(&w);
		return;
	}
	do
		walk(s, h, *paths);
	while (*paths != NULL && *++paths != NULL);
}

int
main(int argc, char *argv[])
{
	const char *baseline = NULL, *keyfile = NULL;
	enum found_form form = FOUND_RECORDS;
	struct how h = { NULL, 0, 0, 0 };
	struct scanrun s;
	int c, git = 0;

	memset(&s, 0, sizeof(s));
	h.threads = processors();
	while ((c = tool_getopt(&tool, argc, argv, "+w:gs0j", options)) != -1)
		switch (c) {
		case 'w':
			h.dir = optarg;
			break;
		case 'g':
			h.narrow = 1;
			break;
		case 's':
			s.show = 1;
			break;
		case '0':
			form = FOUND_PATHS;
			break;
		case 'j':
			form = FOUND_JSON;
			break;
		case OPT_SARIF:
			form = FOUND_SARIF;
			break;
		case OPT_STAGED:
		case OPT_HISTORY:
			git = c;
			break;
		case OPT_ALLOW:
			s.allow = 1;
			break;
		case OPT_BASELINE:
			baseline = optarg;
			break;
		case OPT_KEY:
			keyfile = optarg;
			break;
		case OPT_NO_CACHE:
			h.nocache = 1;
			break;
		case OPT_THREADS:
			h.threads = (int)xnum("threads", optarg, 1,
			    SCANRUN_THREADS);
			break;
		default:
			tool_usage(&tool);
		}
	s.quiet = tool_verbose < 0;
	xscanrun_open(&s, keyfile);
	scan_all(&s, &h, git, argv + optind);
	found_sort(&s.list);
	if (baseline != NULL)
		xscanrun_baseline(&s, baseline);
	xfound_put(&s.list, form, '\0');
	c = s.list.n != 0 ? ST_NO : s.partly ? ST_PARTLY : ST_YES;
	if (s.partly && s.list.n != 0 && !s.quiet)
		warnx("not everything could be read: there may be more");
	scanrun_close(&s);
	xio_close_stdout();
	return c;
}
