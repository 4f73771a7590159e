#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "items.h"
#include "template.h"

/* Length of a placeholder at s, and its number (0: all); else 0. */
static size_t
placeholder(const char *s, int *number)
{
	size_t n = 1;

	if (s[0] != '{')
		return 0;
	for (*number = 0; s[n] >= '0' && s[n] <= '9' && n < 3; n++)
		*number = *number * 10 + (s[n] - '0');
	return s[n] == '}' && (n == 1 || s[1] != '0') ? n + 1 : 0;
}

/*
 * The script: a placeholder becomes a quoted expansion, whatever quotes the
 * user has put it in.
 */
static void
put_script(struct buf *b, const char *t)
{
	const char *before, *after;
	char quote = '\0';
	size_t n;
	int number;

	for (; *t != '\0'; t += n) {
		if ((n = placeholder(t, &number)) > 0) {
			before = quote == '\'' ? "'\"" : quote ? "" : "\"";
			after = quote == '\'' ? "\"'" : quote ? "" : "\"";
			if (number == 0)
				buf_printf(b, "%s${" TEMPLATE_LINE "}%s",
				    before, after);
			else
				buf_printf(b, "%s${%d}%s", before, number,
				    after);
			continue;
		}
		n = *t == '\\' && quote != '\'' && t[1] != '\0' ? 2 : 1;
		if (n == 1 && (*t == '\'' || *t == '"')) {
			if (quote == '\0')
				quote = *t;
			else if (quote == *t)
				quote = '\0';
		}
		buf_add(b, t, n);
	}
}

void
xtemplate_argv(struct argv *a, const char *template, const struct item *it)
{
	struct buf b = BUF_INIT;
	char *f[ITEM_FIELDS], *copy;
	int i, n;

	put_script(&b, template);
	xbuf_check(&b);
	argv_add(a, "sh");
	argv_add(a, "-c");
	argv_add(a, buf_str(&b));
	argv_add(a, "sh");
	n = xitems_fields(it, f, ITEM_FIELDS, &copy);
	for (i = 0; i < n; i++)
		argv_add(a, f[i]);
	free(copy);
	buf_free(&b);
}
