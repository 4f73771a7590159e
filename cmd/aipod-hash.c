/*
 * aipod-hash: name a workspace.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "rec.h"
#include "status.h"
#include "tool.h"
#include "workspace.h"

static const struct tool tool = {
	"aipod-hash",
	"[-0jlw] [-s SESSION] [DIR ...]",
	"  -l, --long           all names, one record a name\n"
	"  -s, --session ID     the name of this session's container, too\n"
	"  -w, --workdir DIR    the workspace         [the working directory]\n"
	"  -0, --null           end each hash with NUL\n"
	"  -j, --json           one JSON object a workspace\n"
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "long", no_argument, NULL, 'l' },
	{ "session", required_argument, NULL, 's' },
	{ "workdir", required_argument, NULL, 'w' },
	{ "null", no_argument, NULL, '0' },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

enum form { SHORT, LONG, JSON };

struct names {
	char	*container;	/* NULL without a session */
	char	*image;
	char	*home;
	char	*state;
};

static void
show_json(const struct workspace *w, const struct names *n)
{
	struct buf b = BUF_INIT;
	struct json_out j;

	json_begin(&j, &b);
	json_open(&j, '{');
	json_member(&j, "hash", w->hash);
	json_member(&j, "path", w->path);
	if (n->container != NULL)
		json_member(&j, "container", n->container);
	json_member(&j, "image", n->image);
	json_member(&j, "home", n->home);
	json_member(&j, "state", n->state);
	json_close(&j, '}');
	buf_addc(&b, '\n');
	xbuf_check(&b);
	fwrite(b.p, 1, b.len, stdout);
	buf_free(&b);
}

static void
show_record(const char *key, const char *value)
{
	const char *f[2] = { key, value };

	if (value != NULL)
		rec_line(stdout, 2, f);
}

static void
show(const struct workspace *w, const char *session, enum form form, int end)
{
	struct names n;

	if (form == SHORT) {
		fputs(w->hash, stdout);
		putchar(end);
		return;
	}
	n.container = session != NULL ? workspace_container(w, session) : NULL;
	n.image = workspace_image(w);
	n.home = workspace_home_volume(w);
	n.state = workspace_state(w, NULL);
	if (form == JSON)
		show_json(w, &n);
	else {
		show_record("hash", w->hash);
		show_record("path", w->path);
		show_record("container", n.container);
		show_record("image", n.image);
		show_record("home", n.home);
		show_record("state", n.state);
	}
	free(n.container);
	free(n.image);
	free(n.home);
	free(n.state);
}

int
main(int argc, char *argv[])
{
	const char *session = NULL, *one[2] = { NULL, NULL };
	char *const *dirs;
	struct workspace w;
	enum form form = SHORT;
	int c, end = '\n', rc = ST_YES;

	while ((c = tool_getopt(&tool, argc, argv, "+ls:w:0j", options)) != -1)
		switch (c) {
		case 'l':
			form = LONG;
			break;
		case 's':
			if (!is_hex(optarg, SESSION_ID - 1))
				errx(ST_USAGE, "session '%s': must be %d"
				    " hexadecimal digits", optarg, SESSION_ID - 1);
			session = optarg;
			break;
		case 'w':
			one[0] = optarg;
			break;
		case '0':
			end = '\0';
			break;
		case 'j':
			form = JSON;
			break;
		default:
			tool_usage(&tool);
		}
	dirs = argv + optind;
	if (optind < argc && one[0] != NULL)
		errx(ST_USAGE, "both --workdir and '%s': give one", argv[optind]);
	if (optind == argc) {
		xworkspace_open(&w, one[0]);
		show(&w, session, form, end);
		workspace_free(&w);
	}
	for (; *dirs != NULL; dirs++) {
		if (workspace_open(&w, *dirs) == -1) {
			warn("cannot use '%s' as workspace", *dirs);
			rc = ST_USAGE;
			continue;
		}
		show(&w, session, form, end);
		workspace_free(&w);
	}
	xio_close_stdout();
	return rc;
}
