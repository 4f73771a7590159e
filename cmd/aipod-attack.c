/*
 * aipod-attack: try to escape from inside; report what stopped each attempt.
 */
#include <sys/types.h>
#include <sys/wait.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attack.h"
#include "buf.h"
#include "conf.h"
#include "io.h"
#include "mem.h"
#include "rec.h"
#include "status.h"
#include "tool.h"

#define FIELDS		6		/* of a line of the table */
#define TRY_SECONDS	10
#define TABLE_MAX	(1024 * 1024)

static const struct tool tool = {
	"aipod-attack",
	"[-alq] [-t FILE] [CATEGORY|ID ...]",
	"  -a, --all            show what was stopped, too       [the default]\n"
	"  -f, --failed         show only what got through\n"
	"  -l, --list           show the tries, make none\n"
	"  -t, --table FILE     another table of tries\n"
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "all", no_argument, NULL, 'a' },
	{ "failed", no_argument, NULL, 'f' },
	{ "list", no_argument, NULL, 'l' },
	{ "table", required_argument, NULL, 't' },
	{ NULL, 0, NULL, 0 }
};

enum { ID, CATEGORY, METHOD, ARGUMENT, WHAT, EXPECTED };

struct opts {
	int	list;
	int	failed;
	int	n;
	int	through;
	char	**only;
};

/* ---- the table ----------------------------------------------------------- */

/* Beside this program, where the box has it, or in share/. */
static char *
default_table(void)
{
	char self[4096], *slash, *path;
	ssize_t n;

	if ((n = readlink("/proc/self/exe", self, sizeof(self) - 1)) > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		*slash = '\0';
		path = xasprintf("%s/attack.tsv", self);
		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return xconf_share("attack.tsv");
}

static int
hex(int c)
{
	return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* \r \n \t \\ and \xHH in place; the length. */
static size_t
unescape(char *s)
{
	char *in = s, *out = s;

	while (*in != '\0') {
		if (in[0] != '\\' || in[1] == '\0') {
			*out++ = *in++;
			continue;
		}
		in += 2;
		if (in[-1] == 'x' && isxdigit((unsigned char)in[0]) &&
		    isxdigit((unsigned char)in[1])) {
			*out++ = (char)(hex(in[0]) << 4 | hex(in[1]));
			in += 2;
		} else
			*out++ = in[-1] == 'n' ? '\n' : in[-1] == 'r' ? '\r' :
			    in[-1] == 't' ? '\t' : in[-1];
	}
	*out = '\0';
	return (size_t)(out - s);
}

static int
split(char *line, char *f[FIELDS])
{
	int n = 0;

	for (;;) {
		if (n == FIELDS)
			return -1;
		f[n++] = line;
		if ((line = strchr(line, '\t')) == NULL)
			break;
		*line++ = '\0';
	}
	return n == FIELDS ? 0 : -1;
}

/* ---- a try --------------------------------------------------------------- */

static const struct method *
find(const char *name)
{
	const struct method *all[] = { attack_net, attack_box, attack_sock };
	const struct method *m;
	int i;

	for (i = 0; i < 3; i++)
		for (m = all[i]; m->name != NULL; m++)
			if (strcmp(m->name, name) == 0)
				return m;
	return NULL;
}

/* In a process of its own, which it may ruin. */
static void
xtry(const struct method *m, char *arg, struct attempt *t)
{
	size_t n = unescape(arg);
	int fd[2], status;
	pid_t pid;

	fflush(stdout);
	if (pipe(fd) == -1 || (pid = fork()) == -1)
		err(ST_SYS, "cannot start a process");
	if (pid == 0) {
		close(fd[0]);
		io_cloexec(fd[1], 1);
		signal(SIGPIPE, SIG_IGN);
		alarm(TRY_SECONDS);
		memset(t, 0, sizeof(*t));
		m->run(t, arg, n);
		io_writeall(fd[1], t, sizeof(*t));
		_exit(0);
	}
	close(fd[1]);
	if (io_readfull(fd[0], t, sizeof(*t)) != (ssize_t)sizeof(*t)) {
		t->through = 0;
		snprintf(t->how, sizeof(t->how), "it did not come back");
	}
	close(fd[0]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	t->how[sizeof(t->how) - 1] = '\0';
}

static int
wanted(const struct opts *o, char *const f[FIELDS])
{
	char *const *p;

	if (o->only[0] == NULL)
		return 1;
	for (p = o->only; *p != NULL; p++)
		if (strcmp(*p, f[ID]) == 0 || strcmp(*p, f[CATEGORY]) == 0)
			return 1;
	return 0;
}

static void
xline(struct opts *o, const char *file, int number, char *line)
{
	const struct method *m;
	const char *out[5];
	struct attempt t;
	char *f[FIELDS];

	if (line[0] == '#' || line[0] == '\0')
		return;
	if (split(line, f) == -1)
		errx(ST_USAGE, "%s:%d: must have %d fields", file, number,
		    FIELDS);
	if ((m = find(f[METHOD])) == NULL)
		errx(ST_USAGE, "%s:%d: there is no way '%s'", file, number,
		    f[METHOD]);
	if (!wanted(o, f))
		return;
	o->n++;
	out[0] = f[ID];
	out[3] = f[CATEGORY];
	out[4] = f[WHAT];
	if (o->list) {
		out[1] = "-";
		out[2] = f[EXPECTED];
		rec_line(stdout, 5, out);
		return;
	}
	xtry(m, f[ARGUMENT], &t);
	o->through += t.through;
	out[1] = t.through ? "THROUGH" : "stopped";
	out[2] = t.how;
	if (t.through || !o->failed)
		rec_line(stdout, 5, out);
}

int
main(int argc, char *argv[])
{
	struct opts o = { 0 };
	struct buf b = BUF_INIT;
	char *file = NULL, *line, *next;
	int c, fd, number = 0;

	while ((c = tool_getopt(&tool, argc, argv, "+aflt:", options)) != -1)
		switch (c) {
		case 'a':
			o.failed = 0;
			break;
		case 'f':
			o.failed = 1;
			break;
		case 'l':
			o.list = 1;
			break;
		case 't':
			file = optarg;
			break;
		default:
			tool_usage(&tool);
		}
	o.only = argv + optind;
	if (file == NULL)
		file = default_table();
	if ((fd = open(file, O_RDONLY | O_CLOEXEC)) == -1)
		err(ST_USAGE, "cannot open '%s'", file);
	if (io_slurp(fd, &b, TABLE_MAX) == -1 || buf_str(&b) == NULL)
		err(ST_SYS, "cannot read '%s'", file);
	close(fd);
	for (line = b.p; line != NULL; line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		xline(&o, file, ++number, line);
	}
	if (o.n == 0)
		errx(ST_USAGE, "no such try");
	if (!o.list && tool_verbose >= 0)
		warnx("%d tries, %d got through", o.n, o.through);
	xio_close_stdout();
	return o.through > 0 ? ST_NO : ST_YES;
}
