/* rule CMD FILE ...: what lib/rule makes of a rules file; see rule.bats. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "io.h"
#include "rule.h"

static void
print(const struct rule *r)
{
	struct buf b = BUF_INIT;

	if (r == NULL)
		puts("none");
	else {
		rule_show(&b, r);
		printf("%s:%d: %s\n", r->file, r->line, buf_str(&b));
	}
	buf_free(&b);
}

/* show FILE | command FILE (bytes on stdin) | host FILE NAME PORT |
 * service FILE IMAGE [KEY ...] | quote [exact] (bytes on stdin) */
int
main(int argc, char *argv[])
{
	struct rules rs = RULES_INIT;
	struct buf in = BUF_INIT, out = BUF_INIT;
	size_t i;

	if (argc < 2)
		errx(100, "usage: rule CMD [FILE [ARG ...]]");
	if (strcmp(argv[1], "quote") == 0) {
		if (io_slurp(0, &in, 1 << 20) == -1 ||
		    rule_quote(&out, in.p, in.len, argc > 2) == -1)
			err(111, "quote");
		puts(buf_str(&out));
		return 0;
	}
	if (argc < 3)
		errx(100, "no file");
	if (rules_load(&rs, argv[2]) == -1) {
		puts(rs.why);
		rules_free(&rs);
		return 1;
	}
	if (strcmp(argv[1], "show") == 0)
		for (i = 0; i < rs.n; i++)
			print(&rs.r[i]);
	else if (strcmp(argv[1], "command") == 0) {
		if (io_slurp(0, &in, 1 << 20) == -1)
			err(111, "stdin");
		print(rules_command(&rs, in.p, in.len));
	} else if (strcmp(argv[1], "host") == 0 && argc == 5)
		print(rules_host(&rs, argv[3], (int)strtol(argv[4], NULL, 10)));
	else if (strcmp(argv[1], "service") == 0 && argc >= 4)
		print(rules_service(&rs, argv[3], argv + 4));
	rules_free(&rs);
	buf_free(&in);
	buf_free(&out);
	return 0;
}
