#include <err.h>
#include <fcntl.h>
#include <stdlib.h>

#include "agent.h"
#include "buf.h"
#include "io.h"
#include "mcpfront.h"
#include "mem.h"
#include "status.h"

#define INSTALL_MAX	65536

void
xfront_installs(struct front_config *conf)
{
	struct front_file *f;
	struct buf b = BUF_INIT;
	struct agent *agents;
	int n, i;
	char *path;

	if ((n = agent_list(&agents)) == -1)
		err(ST_SYS, "cannot list the agents");
	for (i = 0; i < n && conf->ninstall < FRONT_INSTALLS; i++) {
		if ((path = agent_path(&agents[i], "install")) == NULL)
			continue;
		if (io_slurp_at(AT_FDCWD, path, &b, INSTALL_MAX) == -1)
			warn("cannot offer '%s'", path);
		else {
			f = &conf->install[conf->ninstall++];
			f->name = xstrdup(agents[i].name);
			f->text = xstrndup(b.len > 0 ? b.p : "", b.len);
			f->len = b.len;
		}
		buf_clear(&b);
		free(path);
	}
	buf_free(&b);
	agents_free(agents, n);
}

void
front_config_free(struct front_config *conf)
{
	mcptools_free(&conf->tools);
	while (conf->ninstall > 0) {
		conf->ninstall--;
		free(conf->install[conf->ninstall].name);
		free(conf->install[conf->ninstall].text);
	}
	free(conf->gate.token);
	free(conf);
}
