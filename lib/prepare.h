/*
 * What a launch needs before the box can be made.  These are for
 * aipod-launch: they print and exit, as its page says, when it cannot be had.
 */
#ifndef AIPOD_PREPARE_H
#define AIPOD_PREPARE_H

#include "agent.h"
#include "box.h"
#include "gituser.h"

struct prepare {
	struct box		*box;
	const struct agent	*agent;		/* the one that runs */
	const char		*agents;	/* the image's, NAME[@VERSION],... */
	const char		*engine_choice;	/* as given, or NULL */
	struct gituser		 git;
	const char		*provider;	/* of the model; NULL: its own */
	char			*login;		/* the host's file, shared */
	int			 scan;
	int			 dry_run;
	int			 rebuild;
	int			 no_cache;
	int			 verify;	/* do not trust what was remembered */
};

/*
 * Settle the secrets (the user is asked, or the launch refused) and fill in
 * what has to be hidden and masked.
 */
void	xprepare_secrets(struct prepare *);
/*
 * Close what git on the host would run or obey; what is missing is made,
 * unless this is a dry run.
 */
void	xprepare_git(struct prepare *);
/* Share the host's login, where there is one to share; a line says if not. */
void	xprepare_login(struct prepare *);
/*
 * With a shared login, the image's users with the host's one among them, for
 * a box that is not kept: one engine call for each image.
 */
void	xprepare_users(struct prepare *);
/* The user's own mounts, each judged anew. */
void	xprepare_mounts(struct prepare *);
/* The image's name, current; a new string. */
char	*xprepare_image(struct prepare *);
/*
 * The home volume with its labels: one engine call the first time, none
 * after.
 */
void	xprepare_home(struct prepare *);
/* With --egress open: the workspace's own bridge network; a new string. */
char	*xprepare_network(struct prepare *);
/* SESSION/run: bin, the agent's files, and who may enter. */
void	xprepare_run(struct prepare *);
/*
 * The agent's environment and command, with its start program in front, and
 * who the user is to git.  The agent's name as the first of the words stands
 * for its command.
 */
void	xprepare_command(struct prepare *, char *const *words);

#endif
