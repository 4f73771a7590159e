#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "at.h"
#include "conf.h"
#include "io.h"
#include "num.h"
#include "plan.h"
#include "status.h"
#include "tool.h"

static const struct tool tool = {
	"aipod-launch",
	"[-nqv] [-w DIR] [-a AGENTS] [options] [--] [CMD [ARG ...]]",
	"  -w, --workdir DIR    the workspace         [the working directory]\n"
	"  -a, --agent NAMES    the first runs, all are in the image\n"
	"  -n, --dry-run        print the engine's commands, run none\n"
	"      --engine NAME    podman or docker      [the first found]\n"
	"      --egress MODE    ask, deny, record or open  [ask]\n"
	"      --keep           stop the container at the end, go on in it next time\n"
	"      --no-keep        a new container, gone at the end\n"
	"      --login WHOSE    the agent's login: own, which its home keeps, or\n"
	"                       share, the host's      [own]\n"
	"      --ssh-agent, --gpg-agent, --1password, --yubikey\n"
	"                       lend the box the agent's socket or the device\n"
	"      --caches LIST    of npm,pip,cargo,go: shared by workspaces\n"
	"      --rebuild        build the image anew\n"
	"      --no-cache       the same, from nothing\n"
	"      --no-scan        do not look for secrets this time\n"
	"      --no-git-guard   leave git's hooks and settings writable\n"
	"      --at WHERE       the workspace in the box: app (/app), or same, the\n"
	"                       host's own path         [app]\n"
	"      --provider NAME  another one of models, from a file of yours\n"
	"  -e, --env KEY[=VAL]  set it in the box, or pass it on\n"
	"      --memory SIZE    limit, as the engine takes it, e.g. 8g\n"
	"      --cpus N         limit, e.g. 2.5\n"
	"      --pids N         limit on processes    [4096]\n"
	"      --read-only      the image cannot be written; /tmp can\n"
};

enum {
	O_ENGINE = 256, O_EGRESS, O_REBUILD, O_NO_CACHE, O_NO_SCAN,
	O_NO_GIT_GUARD, O_MEMORY,
	O_CPUS, O_PIDS, O_READ_ONLY, O_KEEP, O_NO_KEEP,
	O_AT, O_PROVIDER, O_LOGIN,
	O_SSH, O_GPG, O_1PASSWORD, O_YUBIKEY, O_CACHES
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "workdir", required_argument, NULL, 'w' },
	{ "agent", required_argument, NULL, 'a' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "engine", required_argument, NULL, O_ENGINE },
	{ "egress", required_argument, NULL, O_EGRESS },
	{ "at", required_argument, NULL, O_AT },
	{ "login", required_argument, NULL, O_LOGIN },
	{ "ssh-agent", no_argument, NULL, O_SSH },
	{ "gpg-agent", no_argument, NULL, O_GPG },
	{ "1password", no_argument, NULL, O_1PASSWORD },
	{ "yubikey", no_argument, NULL, O_YUBIKEY },
	{ "caches", required_argument, NULL, O_CACHES },
	{ "keep", no_argument, NULL, O_KEEP },
	{ "no-keep", no_argument, NULL, O_NO_KEEP },
	{ "rebuild", no_argument, NULL, O_REBUILD },
	{ "no-cache", no_argument, NULL, O_NO_CACHE },
	{ "no-scan", no_argument, NULL, O_NO_SCAN },
	{ "no-credential-check", no_argument, NULL, O_NO_SCAN },
	{ "no-git-guard", no_argument, NULL, O_NO_GIT_GUARD },
	{ "provider", required_argument, NULL, O_PROVIDER },
	{ "env", required_argument, NULL, 'e' },
	{ "memory", required_argument, NULL, O_MEMORY },
	{ "cpus", required_argument, NULL, O_CPUS },
	{ "pids", required_argument, NULL, O_PIDS },
	{ "read-only", no_argument, NULL, O_READ_ONLY },
	{ NULL, 0, NULL, 0 }
};

/* What is lent: 1 when the option is of these. */
static int
take_lent(struct plan *p, int c)
{
	if (c == O_CACHES)
		p->caches = optarg;
	else if (c >= O_SSH && c <= O_YUBIKEY)
		p->lend |= 1U << (c - O_SSH);
	else
		return 0;
	return 1;
}

void
xplan_parse(struct plan *p, int argc, char *argv[])
{
	const char *dir = NULL;
	int c;

	memset(p, 0, sizeof(*p));
	p->prep.scan = p->git_guard = 1;
	while ((c = tool_getopt(&tool, argc, argv, "+w:a:ne:", options)) != -1)
		switch (c) {
		case 'w':
			dir = optarg;
			break;
		case 'a':
			p->agents = optarg;
			break;
		case 'n':
			p->prep.dry_run = 1;
			break;
		case 'e':
			argv_add(&p->box.env, optarg);
			break;
		case O_ENGINE:
			p->prep.engine_choice = optarg;
			break;
		case O_PROVIDER:
			p->prep.provider = optarg;
			break;
		case O_EGRESS:
			p->egress = optarg;
			break;
		case O_NO_CACHE:
			p->prep.no_cache = 1;
			/* FALLTHROUGH */
		case O_REBUILD:
			p->prep.rebuild = 1;
			break;
		case O_LOGIN:
			p->login = optarg;
			break;
		case O_AT:
			p->box.at = optarg;
			break;
		case O_KEEP:
			p->keep = 1;
			break;
		case O_NO_KEEP:
			p->keep = -1;
			break;
		case O_NO_SCAN:
			p->prep.scan = 0;
			break;
		case O_NO_GIT_GUARD:
			p->git_guard = 0;
			break;
		case O_MEMORY:
			p->box.memory = optarg;
			break;
		case O_CPUS:
			p->box.cpus = optarg;
			break;
		case O_PIDS:
			xnum("--pids", optarg, 1, 4194304);
			p->box.pids = optarg;
			break;
		case O_READ_ONLY:
			p->box.read_only = 1;
			break;
		default:
			if (!take_lent(p, c))
				tool_usage(&tool);
		}
	p->words = argv + optind;
	xworkspace_open(&p->w, dir);
}

static void
settle_at(struct plan *p)
{
	const char *why, *at = p->box.at;

	if (at == NULL)
		at = xconf_get("AT");
	if (at == NULL || strcmp(at, "app") == 0) {
		p->box.at = AT_APP;
		return;
	}
	if (strcmp(at, "same") != 0)
		errx(ST_USAGE, "at '%s': must be app or same", at);
	if ((why = at_problem(p->w.path)) != NULL)
		errx(ST_USAGE, "workspace '%s' cannot be at its own path in the"
		    " box: %s: use --at app", p->w.path, why);
	p->box.at = p->w.path;
}

/* Bits in the order of the options. */
static void
settle_lend(struct plan *p)
{
	static const char *const keys[] = { "SSH_AGENT", "GPG_AGENT",
	    "ONEPASSWORD", "YUBIKEY" };
	size_t i;

	for (i = 0; i < 4; i++)
		if (xconf_bool(keys[i], 0))
			p->lend |= 1U << i;
	if (p->caches == NULL)
		p->caches = xconf_get("CACHES");
}

void
xplan_settle(struct plan *p)
{
	static const char *const modes[] = { "ask", "deny", "record", "open" };
	char *fact;
	size_t i;

	if (p->agents == NULL) {
		fact = workspace_state(&p->w, "agent");
		p->agents = io_line(fact);
		free(fact);
	}
	if (p->agents == NULL)
		p->agents = xconf_get("AGENT");
	if (p->agents == NULL)
		p->agents = "claude";
	xagent_choose(&p->agent, p->agents, p->words);
	if (p->prep.provider == NULL)
		p->prep.provider = xconf_get("PROVIDER");
	if (p->egress == NULL)
		p->egress = xconf_get("EGRESS");
	if (p->egress == NULL)
		p->egress = "ask";
	for (i = 0; i < 4 && strcmp(modes[i], p->egress) != 0; i++)
		;
	if (i == 4)
		errx(ST_USAGE, "egress '%s': must be ask, deny, record or open",
		    p->egress);
	if (p->box.memory == NULL)
		p->box.memory = xconf_get("MEMORY");
	if (p->box.cpus == NULL)
		p->box.cpus = xconf_get("CPUS");
	if (p->box.pids == NULL)
		p->box.pids = xconf_get("PIDS");
	settle_at(p);
	settle_lend(p);
	if (p->login == NULL)
		p->login = xconf_get("LOGIN");
	if (p->login == NULL)
		p->login = "own";
	if (strcmp(p->login, "own") != 0 && strcmp(p->login, "share") != 0)
		errx(ST_USAGE, "login '%s': must be own or share", p->login);
	if (p->keep == 0)
		p->keep = xconf_bool("KEEP", 0);
	xengine_find(&p->engine, p->prep.engine_choice);
	p->box.engine = &p->engine;
	p->box.workspace = &p->w;
	p->box.session = &p->session;
	p->box.agent = p->agent.name;
	p->box.tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	p->prep.box = &p->box;
	p->prep.agent = &p->agent;
	p->prep.agents = p->agents;
}
