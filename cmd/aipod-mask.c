/*
 * aipod-mask: shadow a directory with a volume of the container's own.
 */
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "buf.h"
#include "conf.h"
#include "decide.h"
#include "hideop.h"
#include "io.h"
#include "mask.h"
#include "mem.h"
#include "rec.h"
#include "status.h"
#include "tool.h"
#include "utf8.h"
#include "workspace.h"

static const struct tool tool = {
	"aipod-mask",
	"[-w DIR] [add | remove | list | offer | mounts] [DIR ...]",
	"  -w, --workdir DIR    the workspace         [the working directory]\n"
	"      --ask            with offer: ask on the terminal\n"
};

enum { OPT_ASK = 256 };

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "workdir", required_argument, NULL, 'w' },
	{ "ask", no_argument, NULL, OPT_ASK },
	{ NULL, 0, NULL, 0 }
};

struct job {
	struct workspace w;
	struct decided	 d;
	struct decisions offer;
	int		 explicit;
	int		 ask;
};

static void
xopen(struct job *j, int change)
{
	char *was;

	xdecided_load(&j->d, &j->w, change, &was);
	free(was);
}

static int
do_add(struct job *j, char **dirs)
{
	const char *why;
	int rc = ST_YES;
	char *rel;

	xopen(j, 1);
	for (; *dirs != NULL; dirs++) {
		rel = xhide_path(&j->w, *dirs, j->explicit);
		why = mask_refused(&j->w, rel);
		if (why == NULL && decisions_find(&j->d.masks, rel) == NULL &&
		    decisions_cover(&j->d.masks, rel))
			why = "a directory above it is masked";
		if (why != NULL) {
			warnx("cannot mask '%s': %s", *dirs, why);
			rc = ST_USAGE;
		} else {
			xdecisions_add(&j->d.masks, rel, NULL, NULL, NULL);
			decisions_remove(&j->d.unmasked, rel);
		}
		free(rel);
	}
	xdecided_save(&j->d, &j->w);
	return rc;
}

static int
do_remove(struct job *j, char **dirs)
{
	int rc = ST_YES;
	char *rel;

	xopen(j, 1);
	for (; *dirs != NULL; dirs++) {
		rel = xhide_path(&j->w, *dirs, j->explicit);
		if (decisions_remove(&j->d.masks, rel) == 0) {
			warnx("'%s' is not masked", *dirs);
			rc = ST_NO;
		} else
			xdecisions_add(&j->d.unmasked, rel, NULL, NULL, NULL);
		free(rel);
	}
	xdecided_save(&j->d, &j->w);
	return rc;
}

static int
do_list(struct job *j, char **dirs)
{
	const char *f[3];
	char *volume;
	size_t i;

	(void)dirs;
	xopen(j, 0);
	for (i = 0; i < j->d.masks.n; i++) {
		volume = workspace_mask_volume(&j->w, j->d.masks.v[i].path);
		f[0] = j->d.masks.v[i].path;
		f[1] = volume;
		f[2] = j->d.masks.v[i].when;
		rec_line(stdout, 3, f);
		free(volume);
	}
	return ST_YES;
}

static int
do_mounts(struct job *j, char **dirs)
{
	const char *why, *f[2];
	char *volume, *name;
	size_t i;

	(void)dirs;
	xopen(j, 0);
	for (i = 0; i < j->d.masks.n; i++) {
		f[0] = j->d.masks.v[i].path;
		/* it was a directory once: what is it now? */
		if ((why = mask_refused(&j->w, f[0])) != NULL) {
			name = xvis(f[0]);
			warnx("'%s' is not masked this time: %s", name, why);
			free(name);
			continue;
		}
		f[1] = volume = workspace_mask_volume(&j->w, f[0]);
		rec_line(stdout, 2, f);
		free(volume);
	}
	return ST_YES;
}

static void
found(void *arg, const char *rel)
{
	struct job *j = arg;

	if (!decisions_cover(&j->d.masks, rel) &&
	    decisions_find(&j->d.unmasked, rel) == NULL)
		xdecisions_add(&j->offer, rel, NULL, NULL, NULL);
}

/* 1 for yes, 0 for no, -1 without a terminal. */
static int
ask(const struct decisions *l)
{
	struct buf b = BUF_INIT;
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	char c, first = 0;
	size_t i;

	if (tty == -1)
		return -1;
	buf_puts(&b, "\nDirectories that the container could have a copy of"
	    " its own of:\n");
	for (i = 0; i < l->n; i++) {
		buf_puts(&b, "  ");
		vis_add(&b, l->v[i].path, strlen(l->v[i].path), 0);
		buf_puts(&b, "\n");
	}
	buf_puts(&b, "Mask them? [y/N] ");
	xbuf_check(&b);
	tcflush(tty, TCIFLUSH);
	io_writeall(tty, b.p, b.len);
	buf_free(&b);
	while (read(tty, &c, 1) == 1 && c != '\n')
		if (first == 0)
			first = c;
	close(tty);
	return first == 'y' || first == 'Y';
}

static int
do_offer(struct job *j, char **dirs)
{
	char *setting = xconf_get("MASK");
	size_t i;
	int yes;

	(void)dirs;
	xopen(j, j->ask);
	if (mask_find(&j->w, found, j) == -1)
		err(ST_SYS, "cannot read '%s'", j->w.path);
	if (!j->ask) {
		for (i = 0; i < j->offer.n; i++) {
			rec_put(stdout, j->offer.v[i].path);
			putchar('\n');
		}
		free(setting);
		return j->offer.n != 0 ? ST_YES : ST_NO;
	}
	if (setting == NULL || strcmp(setting, "ask") == 0)
		yes = j->offer.n != 0 ? ask(&j->offer) : -1;
	else if (strcasecmp(setting, "yes") == 0)
		yes = 1;
	else if (strcasecmp(setting, "no") == 0)
		yes = -1;
	else
		errx(ST_USAGE, "MASK '%s': must be ask, yes or no", setting);
	free(setting);
	if (yes == -1)
		return ST_YES;
	for (i = 0; i < j->offer.n; i++)
		xdecisions_add(yes ? &j->d.masks : &j->d.unmasked,
		    j->offer.v[i].path, NULL, NULL, NULL);
	xdecided_save(&j->d, &j->w);
	return ST_YES;
}

int
main(int argc, char *argv[])
{
	static const struct {
		const char	*name;
		int		(*run)(struct job *, char **);
		int		 dirs;
	} verbs[] = {
		{ "add", do_add, 1 }, { "mask", do_add, 1 },
		{ "remove", do_remove, 1 }, { "unmask", do_remove, 1 },
		{ "list", do_list, 0 }, { "offer", do_offer, 0 },
		{ "mounts", do_mounts, 0 }
	};
	const char *dir = NULL, *verb = NULL;
	struct job j;
	size_t i;
	int c, rc;

	memset(&j, 0, sizeof(j));
	for (;;) {
		c = tool_getopt(&tool, argc, argv, "+w:", options);
		if (c == 'w') {
			dir = optarg;
			j.explicit = 1;
		} else if (c == OPT_ASK)
			j.ask = 1;
		else if (c != -1)
			tool_usage(&tool);
		else if (verb != NULL || optind >= argc ||
		    strcmp(argv[optind - 1], "--") == 0)
			break;
		else {
			verb = argv[optind++];
			for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
				if (strcmp(verb, verbs[i].name) == 0)
					break;
			if (i == sizeof(verbs) / sizeof(verbs[0])) {
				optind--;	/* a directory: add it */
				verb = "add";
				break;
			}
		}
	}
	argv += optind;
	if (verb == NULL)
		verb = *argv != NULL ? "add" : "list";
	for (i = 0; strcmp(verb, verbs[i].name) != 0; i++)
		;
	if ((*argv != NULL) != verbs[i].dirs)
		tool_usage(&tool);
	xworkspace_open(&j.w, dir);
	rc = verbs[i].run(&j, argv);
	decided_free(&j.d);
	workspace_free(&j.w);
	xio_close_stdout();
	return rc;
}
