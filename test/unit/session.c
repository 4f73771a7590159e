/*
 * session make DIR	print a new session's directory; live until end of input
 * session list [HASH]	id and state of each
 * session remove HASH	remove all
 * session fact HASH NAME
 * session tidy HASH AGE
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

static void
make(const char *dir)
{
	struct workspace w;
	struct session s;
	int fd;

	if (workspace_open(&w, dir) == -1 || session_make(&w, &s, &fd) == -1)
		err(1, "make");
	puts(s.dir);
	fflush(stdout);
	while (getchar() != EOF)
		;
}

int
main(int argc, char *argv[])
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct session *s;
	char *fact;
	int i, n;

	if (strcmp(verb, "make") == 0) {
		make(argv[2]);
		return 0;
	}
	if (strcmp(verb, "tidy") == 0) {
		if (sessions_tidy(argv[2], strtol(argv[3], NULL, 10)) == -1)
			err(1, "tidy");
		return 0;
	}
	if ((n = sessions_list(argc > 2 ? argv[2] : NULL, &s)) == -1)
		err(1, "list");
	for (i = 0; i < n; i++)
		if (strcmp(verb, "list") == 0)
			printf("%s/%s %s\n", s[i].hash, s[i].id,
			    s[i].alive ? "alive" : "dead");
		else if (strcmp(verb, "remove") == 0) {
			if (session_remove(&s[i]) == -1)
				err(1, "remove");
		} else if ((fact = session_fact(&s[i], argv[3])) != NULL) {
			puts(fact);
			free(fact);
		}
	sessions_free(s, n);
	return 0;
}
