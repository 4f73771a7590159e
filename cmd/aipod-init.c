/*
 * aipod-init: write an aipod.Dockerfile.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "argv.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "create.h"
#include "devcontainer.h"
#include "image.h"
#include "io.h"
#include "mem.h"
#include "status.h"
#include "tool.h"
#include "workspace.h"

#define FILE_NAME	"aipod.Dockerfile"

static const struct tool tool = {
	"aipod-init",
	"[-fnqy] [-a AGENTS] [-i BASE] [-t TOOLS] [-w DIR]",
	"  -a, --agent NAMES    the agents to install  [asked for, or claude]\n"
	"  -i, --image BASE     alpine, debian, go, node, python, rust, tiny,\n"
	"                       ubuntu, or an image with its tag\n"
	"  -t, --tools LIST     packages, and mise:TOOL@VERSION\n"
	"      --from-devcontainer   take over .devcontainer/devcontainer.json\n"
	"  -y, --yes            and run once in the box what that runs\n"
	"      --gitignore      add .aipod/ to .gitignore\n"
	"      --no-gitignore   do not, and do not ask\n"
	"  -f, --force          replace a file that is there\n"
	"  -n, --dry-run        print what would be written\n"
	"  -w, --workdir DIR    the workspace          [the working directory]\n"
};

enum { O_DEVCONTAINER = 256, O_GITIGNORE, O_NO_GITIGNORE };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "agent", required_argument, NULL, 'a' },
	{ "image", required_argument, NULL, 'i' },
	{ "tools", required_argument, NULL, 't' },
	{ "from-devcontainer", no_argument, NULL, O_DEVCONTAINER },
	{ "gitignore", no_argument, NULL, O_GITIGNORE },
	{ "no-gitignore", no_argument, NULL, O_NO_GITIGNORE },
	{ "force", no_argument, NULL, 'f' },
	{ "yes", no_argument, NULL, 'y' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "workdir", required_argument, NULL, 'w' },
	{ NULL, 0, NULL, 0 }
};

struct init {
	struct workspace w;
	int		 dir;		/* the workspace */
	char		*agents;
	char		*base;		/* NULL: what the agent prefers */
	char		*tools;		/* NULL: none */
	int		 devcontainer;
	int		 gitignore;	/* -1: ask */
	int		 force;
	int		 yes;
	int		 dry_run;
};

/* An answer without its newline, or dflt for an empty one; a new string. */
static char *
xask(const char *question, const char *dflt)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	fprintf(stderr, "%s [%s]: ", question, dflt);
	fflush(stderr);
	if ((n = getline(&line, &size, stdin)) == -1)
		errx(ST_NO, "nothing written");
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == ' '))
		line[--n] = '\0';
	if (n > 0)
		return line;
	free(line);
	return *dflt != '\0' ? xstrdup(dflt) : NULL;
}

static void
xask_all(struct init *in)
{
	struct agent *all;
	struct buf q = BUF_INIT;
	char *dflt;
	int i, n;

	if (in->agents == NULL) {
		n = agent_list(&all);
		buf_puts(&q, "agents, with commas between (");
		for (i = 0; i < n; i++)
			buf_printf(&q, "%s%s", i > 0 ? " " : "", all[i].name);
		buf_addc(&q, ')');
		agents_free(all, n);
		if (buf_str(&q) == NULL)
			err(ST_SYS, "cannot ask");
		dflt = xconf_get("AGENT");
		in->agents = xask(q.p, dflt != NULL ? dflt : "claude");
		free(dflt);
		buf_free(&q);
	}
	if (in->base == NULL && !in->devcontainer) {
		dflt = ximage_base(in->agents);
		in->base = xask("base (alpine debian go node python rust tiny"
		    " ubuntu, or an image with its tag)", dflt);
		free(dflt);
	}
	if (in->tools == NULL)
		in->tools = xask("tools to install (packages, mise:node@22)",
		    "");
}

static void
parse(struct init *in, int argc, char *argv[])
{
	const char *dir = NULL;
	char *p;
	int c;

	while ((c = tool_getopt(&tool, argc, argv, "+a:i:t:fnw:y", options)) !=
	    -1)
		switch (c) {
		case 'a':
			in->agents = xstrdup(optarg);
			break;
		case 'i':
			in->base = xstrdup(optarg);
			break;
		case 't':
			in->tools = xstrdup(optarg);
			break;
		case O_DEVCONTAINER:
			in->devcontainer = 1;
			break;
		case O_GITIGNORE:
			in->gitignore = 1;
			break;
		case O_NO_GITIGNORE:
			in->gitignore = 0;
			break;
		case 'f':
			in->force = 1;
			break;
		case 'n':
			in->dry_run = 1;
			break;
		case 'w':
			dir = optarg;
			break;
		case 'y':
			in->yes = 1;
			break;
		default:
			tool_usage(&tool);
		}
	if (optind != argc || (in->devcontainer && in->base != NULL))
		tool_usage(&tool);
	xworkspace_open(&in->w, dir);
	in->dir = open(in->w.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (in->dir == -1)
		err(ST_SYS, "cannot open '%s'", in->w.path);
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO) &&
	    in->agents == NULL && in->base == NULL)
		xask_all(in);
	if (in->agents == NULL &&
	    (in->agents = xconf_get("AGENT")) == NULL)
		in->agents = xstrdup("claude");
	for (p = in->tools; p != NULL && *p != '\0'; p++)
		if (*p == ',')
			*p = ' ';
	if (in->tools != NULL && *in->tools == '\0') {
		free(in->tools);
		in->tools = NULL;
	}
}

static int
is_there(const struct init *in, const char *name)
{
	struct stat st;

	return fstatat(in->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
xwrite(const struct init *in, const struct buf *text)
{
	int fd;

	if (in->force) {
		if (io_replace(in->dir, FILE_NAME, text->p, text->len,
		    0644) == -1)
			err(ST_SYS, "cannot write '%s/" FILE_NAME "'",
			    in->w.path);
		return;
	}
	fd = openat(in->dir, FILE_NAME, O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1 || io_writeall(fd, text->p, text->len) == -1 ||
	    close(fd) == -1)
		err(ST_SYS, "cannot write '%s/" FILE_NAME "'", in->w.path);
}

/* It was the user who wrote it: building from it needs no question. */
static void
xremember(const struct init *in, const struct buf *text)
{
	char *state = xworkspace_make_state(&in->w), *path;

	path = xasprintf("%s/dockerfile", state);
	if (io_replace(AT_FDCWD, path, text->p, text->len, 0600) == -1)
		err(ST_SYS, "cannot write '%s'", path);
	free(path);
	path = xasprintf("%s/agent", state);
	if (io_put_line(path, in->agents) == -1)
		err(ST_SYS, "cannot write '%s'", path);
	free(path);
	free(state);
}

/*
 * The workspace's file says what runs in a new container, and the agent can
 * write that: shown, and from here on ours.
 */
static void
xask_once(const struct init *in, struct buf *once)
{
	char *answer;
	int yes = in->yes;

	if (once->len == 0)
		return;
	xcreate_show(once);
	if (!yes && !in->dry_run && isatty(STDIN_FILENO) &&
	    isatty(STDERR_FILENO)) {
		answer = xask("run this at the first launch, in the box and"
		    " under its rules", "Y");
		yes = answer != NULL && (*answer | 32) == 'y';
		free(answer);
	} else if (!yes)
		warnx("not taken over: what it runs: --yes has it run at the"
		    " first launch, in the box and under its rules");
	if (!yes)
		buf_clear(once);
}

/* 1 when a line of .gitignore covers .aipod already. */
static int
is_ignored(const char *text)
{
	static const char *const lines[] = { ".aipod", ".aipod/", "/.aipod",
	    "/.aipod/" };
	size_t i, n;

	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
			if (strlen(lines[i]) == n &&
			    memcmp(text, lines[i], n) == 0)
				return 1;
	}
	return 0;
}

static void
xgitignore(const struct init *in)
{
	struct buf b = BUF_INIT;
	char *answer;
	int yes = in->gitignore;

	if (yes == 0 || (!is_there(in, ".git") && yes != 1))
		return;
	if (io_slurp_at(in->dir, ".gitignore", &b, 4 << 20) == -1 &&
	    errno != ENOENT) {
		warn("left alone: '%s/.gitignore'", in->w.path);
		buf_free(&b);
		return;
	}
	if (buf_str(&b) == NULL)
		err(ST_SYS, "cannot read '.gitignore'");
	if (!is_ignored(b.p)) {
		if (yes == -1 && isatty(STDIN_FILENO) &&
		    isatty(STDERR_FILENO)) {
			answer = xask("add .aipod/, where commands leave their"
			    " output, to .gitignore", "Y");
			yes = answer != NULL && (*answer | 32) == 'y';
			free(answer);
		} else if (yes == -1 && tool_verbose >= 0)
			warnx("not in .gitignore: .aipod/, where commands"
			    " leave their output (--gitignore adds it)");
		if (yes == 1) {
			if (b.len > 0 && b.p[b.len - 1] != '\n')
				buf_addc(&b, '\n');
			buf_puts(&b, "/.aipod/\n");
			xbuf_check(&b);
			if (io_replace(in->dir, ".gitignore", b.p, b.len,
			    0644) == -1)
				err(ST_SYS, "cannot write '%s/.gitignore'",
				    in->w.path);
		}
	}
	buf_free(&b);
}

/* What its box will reach without a question. */
static void
xsay_hosts(const struct init *in)
{
	char *first = xstrndup(in->agents, strcspn(in->agents, ",@"));
	char *program = xconf_tool("aipod-allow");
	struct buf out = BUF_INIT;
	struct argv a = ARGV_INIT;

	argv_add(&a, program);
	argv_add(&a, "hosts");
	argv_add(&a, "-a");
	argv_add(&a, first);
	argv_add(&a, "-w");
	argv_add(&a, in->w.path);
	if (child_capture(a.v, NULL, &out, 65536) == 0 &&
	    buf_str(&out) != NULL)
		fprintf(stderr, "hosts: %s", out.p);
	argv_free(&a);
	buf_free(&out);
	free(program);
	free(first);
}

int
main(int argc, char *argv[])
{
	struct init in = { .dir = -1, .gitignore = -1 };
	struct buf text = BUF_INIT, once = BUF_INIT;

	parse(&in, argc, argv);
	if (!in.force && !in.dry_run) {
		if (is_there(&in, FILE_NAME))
			errx(ST_NO, "'" FILE_NAME "' is there already: edit"
			    " it, or replace it with --force");
		if (is_there(&in, "ai-pod.Dockerfile"))
			errx(ST_NO, "'ai-pod.Dockerfile' is there and works as"
			    " it is; --force writes an '" FILE_NAME "' that"
			    " goes before it");
	}
	if (in.devcontainer)
		xdevcontainer_write(&text, &once, in.dir, in.agents,
		    in.tools);
	else
		ximage_write(&text, in.agents, in.base, in.tools);
	xask_once(&in, &once);
	if (in.dry_run)
		fwrite(text.p, 1, text.len, stdout);
	else {
		xwrite(&in, &text);
		xremember(&in, &text);
		xcreate_put(&in.w, &once);
		xgitignore(&in);
		if (tool_verbose >= 0) {
			xsay_hosts(&in);
			fprintf(stderr, "wrote " FILE_NAME "; edit it as you"
			    " like, then: aipod\n");
		}
	}
	buf_free(&text);
	buf_free(&once);
	workspace_free(&in.w);
	free(in.agents);
	free(in.base);
	free(in.tools);
	xio_close_stdout();
	return ST_YES;
}
