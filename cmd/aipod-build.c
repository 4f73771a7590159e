/*
 * aipod-build: make the image current.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "conf.h"
#include "image.h"
#include "imagebuild.h"
#include "io.h"
#include "mem.h"
#include "status.h"
#include "tiny.h"
#include "tool.h"
#include "workspace.h"

static const struct tool tool = {
	"aipod-build",
	"[-nqvy] [-a AGENTS] [-e ENGINE] [-i BASE] [-w DIR]",
	"  -a, --agent NAMES    what is installed      [the workspace's, claude]\n"
	"  -i, --image BASE     base of the default image   [the agent's own]\n"
	"  -e, --engine ENGINE  podman or docker\n"
	"  -w, --workdir DIR    the workspace          [the working directory]\n"
	"      --rebuild        build, though nothing changed\n"
	"      --no-cache       build without the engine's cache\n"
	"      --pull           build on the newest base\n"
	"      --network NET    what the build reaches: none, host, the engine's own\n"
	"      --verify         ask the engine, trust nothing remembered\n"
	"      --ca-bundle FILE give the image these certificates, too\n"
	"  -y, --yes            build from a changed file without asking\n"
	"  -n, --dry-run        print the commands, run none\n"
	"      --print          print the Dockerfile as it is built\n"
	"      --write          print a Dockerfile to start from\n"
	"      --tools LIST     with --write: tools to install\n"
	"      --tar            write the image 'tiny' as an archive\n"
};

enum { O_REBUILD = 256, O_NO_CACHE, O_PULL, O_NETWORK, O_VERIFY, O_CA, O_PRINT, O_WRITE,
	O_TOOLS, O_TAR };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "agent", required_argument, NULL, 'a' },
	{ "image", required_argument, NULL, 'i' },
	{ "engine", required_argument, NULL, 'e' },
	{ "workdir", required_argument, NULL, 'w' },
	{ "rebuild", no_argument, NULL, O_REBUILD },
	{ "no-cache", no_argument, NULL, O_NO_CACHE },
	{ "pull", no_argument, NULL, O_PULL },
	{ "network", required_argument, NULL, O_NETWORK },
	{ "verify", no_argument, NULL, O_VERIFY },
	{ "ca-bundle", required_argument, NULL, O_CA },
	{ "yes", no_argument, NULL, 'y' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "print", no_argument, NULL, O_PRINT },
	{ "write", no_argument, NULL, O_WRITE },
	{ "tools", required_argument, NULL, O_TOOLS },
	{ "tar", no_argument, NULL, O_TAR },
	{ NULL, 0, NULL, 0 }
};

struct build {
	struct imagebuild	 b;
	struct image_want	 want;
	const char		*workdir;
	const char		*engine;
	const char		*tools;
	int			 what;		/* O_PRINT, O_WRITE, O_TAR */
	int			 verify;
};

static void
xother(struct build *b)
{
	struct buf out = BUF_INIT;

	if (b->what == O_WRITE)
		ximage_write(&out, b->want.agents, b->want.base, b->tools);
	else if (b->what == O_PRINT)
		buf_add(&out, b->b.im.text.p, b->b.im.text.len);
	else {
		if (b->b.im.busybox == NULL &&
		    (b->b.im.busybox = tiny_busybox()) == NULL)
			errx(ST_NOTFOUND, "no static busybox: install"
			    " busybox-static");
		if (tiny_tar(&out, b->b.im.busybox, b->b.im.uid, b->b.im.gid) == -1)
			err(ST_SYS, "cannot pack '%s'", b->b.im.busybox);
	}
	xbuf_put(&out);
}

/* As aipod-launch chooses. */
static char *
xagents(const struct build *b)
{
	char *fact = workspace_state(&b->b.w, "agent"), *name = io_line(fact);

	free(fact);
	if (name == NULL)
		name = xconf_get("AGENT");
	return name != NULL ? name : xstrdup("claude");
}

static void
parse(struct build *b, int argc, char *argv[])
{
	int c;

	while ((c = tool_getopt(&tool, argc, argv, "+a:e:i:nw:y", options)) !=
	    -1)
		switch (c) {
		case 'a':
			b->want.agents = optarg;
			break;
		case 'e':
			b->engine = optarg;
			break;
		case 'i':
			b->want.base = optarg;
			break;
		case 'n':
			b->b.dry_run = 1;
			break;
		case 'w':
			b->workdir = optarg;
			break;
		case 'y':
			b->b.yes = 1;
			break;
		case O_REBUILD:
			b->b.force = 1;
			break;
		case O_NO_CACHE:
			b->b.no_cache = b->b.force = 1;
			break;
		case O_PULL:
			b->b.pull = b->b.force = 1;
			break;
		case O_NETWORK:
			b->b.network = optarg;
			break;
		case O_VERIFY:
			b->verify = 1;
			break;
		case O_CA:
			b->want.ca_bundle = optarg;
			break;
		case O_TOOLS:
			b->tools = optarg;
			break;
		case O_PRINT:
		case O_WRITE:
		case O_TAR:
			b->what = c;
			break;
		default:
			tool_usage(&tool);
		}
	if (optind != argc || (b->tools != NULL && b->what != O_WRITE))
		tool_usage(&tool);
}

int
main(int argc, char *argv[])
{
	struct build b;
	char *agents = NULL, *network = NULL;

	memset(&b, 0, sizeof(b));
	parse(&b, argc, argv);
	xworkspace_open(&b.b.w, b.workdir);
	xengine_find(&b.b.engine, b.engine);
	if (b.want.agents == NULL)
		b.want.agents = agents = xagents(&b);
	b.want.workspace = &b.b.w;
	b.want.engine = &b.b.engine;
	if (b.b.network == NULL)
		b.b.network = network = xconf_get("BUILD_NETWORK");
	b.b.verbose = tool_verbose;
	if (b.what != O_WRITE)
		ximage_plan(&b.b.im, &b.want);
	b.b.where = xengine_where(&b.b.engine);
	if (b.what != 0)
		xother(&b);
	else {
		if (b.b.force || b.verify || !imagebuild_is_remembered(&b.b))
			ximagebuild_make(&b.b);
		printf("%s\n", b.b.im.name);
	}
	free(b.b.where);
	free(b.b.state);
	free(agents);
	free(network);
	image_free(&b.b.im);
	workspace_free(&b.b.w);
	xio_close_stdout();
	return ST_YES;
}
