/*
 * aipod-pick: a list on the terminal; records in, choices out.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "io.h"
#include "num.h"
#include "pick.h"
#include "picker.h"
#include "status.h"
#include "tool.h"

static const struct tool tool = {
	"aipod-pick",
	"[-0fmt] [-b KEY[:LABEL]=COMMAND] [-c FIELDS] [-i TEXT]\n"
	"                  [-l COMMAND] [-p COMMAND] [-T TITLE] [-x KEY[:LABEL]=COMMAND]\n"
	"       aipod-pick [-0] -F TEXT",
	"  -p, --preview CMD    show what this prints about the record; {1} is\n"
	"                       its first field; Tab goes through several\n"
	"  -b, --bind K=CMD     run this when the key K is pressed\n"
	"  -x, --execute K=CMD  the same, and give it the terminal\n"
	"  -l, --list CMD       make the records by this command, and make them\n"
	"                       again after a bound command and on r\n"
	"  -c, --columns 1,...  show these fields, in this order\n"
	"  -F, --filter TEXT    no screen: print the records that match\n"
	"  -i, --initial TEXT   begin with this filter\n"
	"  -m, --multi          space marks records; several can be chosen\n"
	"  -f, --follow         stay at the end of a growing list\n"
	"  -t, --tail           previews show their end\n"
	"  -T, --title TEXT     a line above the list\n"
	"  -0, --null           records end with NUL\n"
};

static const struct option options[] = {
	TOOL_OPTIONS,
	{ "preview", required_argument, NULL, 'p' },
	{ "bind", required_argument, NULL, 'b' },
	{ "execute", required_argument, NULL, 'x' },
	{ "list", required_argument, NULL, 'l' },
	{ "columns", required_argument, NULL, 'c' },
	{ "filter", required_argument, NULL, 'F' },
	{ "initial", required_argument, NULL, 'i' },
	{ "multi", no_argument, NULL, 'm' },
	{ "follow", no_argument, NULL, 'f' },
	{ "tail", no_argument, NULL, 't' },
	{ "title", required_argument, NULL, 'T' },
	{ "null", no_argument, NULL, '0' },
	{ NULL, 0, NULL, 0 }
};

static void
add_bind(struct pick *p, char *s, int terminal)
{
	char *eq = strchr(s + (*s != '\0'), '='), *colon;
	struct bind *b;

	if (p->nbind == PICK_BINDS)
		errx(ST_USAGE, "more than %d keys bound", PICK_BINDS);
	if (eq == NULL || eq[1] == '\0')
		errx(ST_USAGE, "binding '%s': must be KEY=COMMAND or"
		    " KEY:LABEL=COMMAND", s);
	*eq = '\0';
	b = &p->bind[p->nbind++];
	b->command = eq + 1;
	b->terminal = terminal;
	if ((colon = strchr(s + 1, ':')) != NULL) {
		*colon = '\0';
		b->label = colon + 1;
	}
	if (!keys_is_name(s) || strlen(s) >= KEY_NAME)
		errx(ST_USAGE, "key '%s': must be a character, or a name as"
		    " ctrl-x, alt-x, enter, delete, f1", s);
	memcpy(b->key, s, strlen(s) + 1);
}

static void
set_columns(struct pick *p, char *s)
{
	char *comma;

	for (p->ncolumn = 0; s != NULL; s = comma) {
		if ((comma = strchr(s, ',')) != NULL)
			*comma++ = '\0';
		if (p->ncolumn == ITEM_FIELDS)
			errx(ST_USAGE, "more than %d columns", ITEM_FIELDS);
		p->column[p->ncolumn++] = (int)xnum("column", s, 1,
		    ITEM_FIELDS);
	}
}

/* Does the locale promise UTF-8? */
static int
is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *s = NULL, *dot;
	size_t i;

	for (i = 0; i < 3 && (s == NULL || *s == '\0'); i++)
		s = getenv(names[i]);
	if (s == NULL || (dot = strchr(s, '.')) == NULL)
		return 0;
	return strncasecmp(dot, ".utf-8", 6) == 0 ||
	    strncasecmp(dot, ".utf8", 5) == 0;
}

static void
print(const struct items *l, const struct item *it)
{
	fwrite(it->line, 1, it->len, stdout);
	putchar(l->end);
}

/* No screen: what matches goes through as it comes. */
static int
pass(const char *filter, int end)
{
	static char s[65536];
	struct items l;
	size_t i;
	ssize_t n;
	int rc = ST_NO;

	items_init(&l, end);
	xitems_filter(&l, filter);
	do {
		while ((n = read(STDIN_FILENO, s, sizeof(s))) == -1 &&
		    errno == EINTR)
			continue;
		if (n == -1)
			err(ST_SYS, "cannot read records");
		xitems_feed(&l, s, (size_t)n);
		for (i = 0; i < l.nview; i++) {
			print(&l, &l.all[l.view[i]]);
			rc = ST_YES;
		}
		fflush(stdout);
		items_forget(&l);
	} while (n > 0);
	items_free(&l);
	return rc;
}

static int
pick(struct pick *p, int end, const char *initial)
{
	const struct item *it;
	size_t i, n = 0;

	if (p->source == NULL && isatty(STDIN_FILENO))
		errx(ST_USAGE, "records come on standard input: pipe some in,"
		    " or give --list");
	p->ascii = !is_utf8();
	if (!xpicker_run(p, end, initial))
		return ST_NO;
	for (i = 0; i < p->l.n; i++)
		if (p->l.all[i].marked) {
			print(&p->l, &p->l.all[i]);
			n++;
		}
	if (n == 0 && (it = pick_current(p)) != NULL)
		print(&p->l, it);
	return ST_YES;
}

int
main(int argc, char *argv[])
{
	static struct pick p;
	const char *filter = NULL, *initial = "";
	int c, end = '\n', rc;

	while ((c = tool_getopt(&tool, argc, argv, "+p:b:x:l:c:F:i:mftT:0",
	    options)) != -1)
		switch (c) {
		case 'p':
			if (p.npreview == PICK_PREVIEWS)
				errx(ST_USAGE, "more than %d previews",
				    PICK_PREVIEWS);
			p.preview[p.npreview++] = optarg;
			break;
		case 'b':
		case 'x':
			add_bind(&p, optarg, c == 'x');
			break;
		case 'l':
			p.source = optarg;
			break;
		case 'c':
			set_columns(&p, optarg);
			break;
		case 'F':
			filter = optarg;
			break;
		case 'i':
			initial = optarg;
			break;
		case 'm':
			p.multi = 1;
			break;
		case 'f':
			p.follow = 1;
			break;
		case 't':
			p.tail = 1;
			break;
		case 'T':
			p.header = optarg;
			break;
		case '0':
			end = '\0';
			break;
		default:
			tool_usage(&tool);
		}
	if (optind < argc)
		errx(ST_USAGE, "unexpected '%s': records come on standard"
		    " input", argv[optind]);
	rc = filter != NULL ? pass(filter, end) : pick(&p, end, initial);
	xio_close_stdout();
	return rc;
}
