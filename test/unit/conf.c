/* conf dirs | make | get KEY | bool KEY 0|1 | tool NAME | share REL */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

int
main(int argc, char *argv[])
{
	const char *verb = argc > 1 ? argv[1] : "";
	char *s;

	if (strcmp(verb, "dirs") == 0) {
		puts(xconf_config_dir());
		puts(xconf_state_dir());
		puts(xconf_runtime_dir());
	} else if (strcmp(verb, "make") == 0) {
		puts(xconf_make_state_dir());
		puts(xconf_make_runtime_dir());
	} else if (strcmp(verb, "get") == 0 && argc > 2) {
		if ((s = xconf_get(argv[2])) == NULL)
			return 1;
		puts(s);
		free(s);
	} else if (strcmp(verb, "bool") == 0 && argc > 3)
		printf("%d\n", xconf_bool(argv[2], argv[3][0] - '0'));
	else if (strcmp(verb, "tool") == 0 && argc > 2)
		puts(xconf_tool(argv[2]));
	else if (strcmp(verb, "share") == 0 && argc > 2)
		puts(xconf_share(argv[2]));
	else
		return 99;
	return 0;
}
