/*
 * The input up to the first NUL is a rules file, the rest a command.  What is
 * accepted must read back from rule_show to the same rules and judge the
 * command alike; an allowed command that is no rule's very bytes must hold no
 * syntax of the shell.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
same(const struct rule *a, const struct rule *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->verdict == b->verdict && a->kind == b->kind &&
	    a->port == b->port && a->more == b->more &&
	    strcmp(a->pattern, b->pattern) == 0;
}

static void
check_allowed(const struct rule *r, const char *cmd, size_t len)
{
	if (r == NULL || r->verdict != RULE_ALLOW)
		return;
	if (len == strlen(r->pattern) && memcmp(cmd, r->pattern, len) == 0)
		return;
	for (; len > 0; cmd++, len--)
		if (*cmd == '\0' || strchr(";&|\n$`<>()*?[]{}~!#\"'\\\t\r",
		    *cmd) != NULL)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct rules a = RULES_INIT, b = RULES_INIT;
	struct buf shown = BUF_INIT;
	const struct rule *ra, *rb;
	const char *cmd;
	char *text;
	size_t i, len;

	if ((text = malloc(n + 1)) == NULL)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	i = strlen(text);
	cmd = i < n ? (const char *)data + i + 1 : "";
	len = i < n ? n - i - 1 : 0;
	if (rules_parse(&a, "a", text) == 0) {
		for (i = 0; i < a.n; i++) {
			rule_show(&shown, &a.r[i]);
			buf_addc(&shown, '\n');
		}
		if (rules_parse(&b, "b", buf_str(&shown)) == -1 || a.n != b.n)
			abort();
		for (i = 0; i < a.n; i++)
			if (!same(&a.r[i], &b.r[i]))
				abort();
		ra = rules_command(&a, cmd, len);
		rb = rules_command(&b, cmd, len);
		if (!same(ra, rb))
			abort();
		check_allowed(ra, cmd, len);
	}
	rules_free(&a);
	rules_free(&b);
	buf_free(&shown);
	free(text);
	return 0;
}
