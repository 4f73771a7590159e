/*
 * Snapshots of a workspace, STATE/HASH/undo: what was there when a session
 * began, out of the agent's reach.  A snapshot ID is two files,
 *
 *	ID.info		what it is, one record
 *	ID.files	the manifest: a record for each path, sorted
 *
 * and contents stand in packs (p-HEX), which snapshots share: a file whose
 * inode, size and times are as in the newest snapshot is not read again.
 * objects/KEY/ holds links to the objects of a repository, KEY being the hash
 * of its directory's path.
 */
#ifndef AIPOD_SNAP_H
#define AIPOD_SNAP_H

#include <stddef.h>

#include "buf.h"
#include "workspace.h"

#define SNAP_ENTRIES	400000		/* paths in a workspace */
#define SNAP_DEPTH	128		/* directories in each other */
#define SNAP_KEEP	20		/* snapshots of a workspace */

enum snap_type {
	SNAP_FILE = 'f', SNAP_DIR = 'd', SNAP_LINK = 'l', SNAP_OTHER = 'o',
	SNAP_LEFT = 'x'			/* left out, with all below it */
};

struct snap_entry {
	char		*path;		/* below the workspace */
	int		 type;
	unsigned int	 mode;		/* permissions, 07777 */
	unsigned long	 uid, gid;
	long long	 size;
	long long	 mtime, ctime;	/* nanoseconds */
	unsigned long long ino;
	char		*pack;		/* NULL: the content is not kept */
	long long	 off;
	int		 stale;		/* used by who takes snapshots */
};

struct snap {
	struct snap_entry *v;		/* sorted by path, bytewise */
	size_t		 n;
	char		*text;		/* what the strings point into, or NULL */
};

/* What ID.info tells. */
struct snap_info {
	char		*id;
	char		*when;
	char		*kind;		/* session, end, undo */
	char		*agent;		/* NULL: none */
	char		*of;		/* kind undo: the snapshot gone back to */
	long long	 taken;		/* nanoseconds, when it was begun */
	long long	 files;		/* with content */
	long long	 bytes;
	long long	 left;		/* contents that are not kept */
	char		*text;
};

/* STATE/HASH/undo; a new string, nothing made. */
char	*snap_dir(const struct workspace *);

/*
 * Load a manifest; 0, or -1 with errno (ENOENT; EINVAL: it is none).
 * dir is the open directory.
 */
int	 snap_load(int dir, const char *id, struct snap *);
void	 snap_free(struct snap *);
/* Write what was gathered; sorts. 0, or -1 with errno. */
int	 snap_save(int dir, const char *id, struct snap *);
/* Append a zeroed entry with a copy of path; dies when out of memory. */
struct snap_entry *snap_add(struct snap *, const char *path);
void	 snap_sort(struct snap *);
/* The entry with this path, or NULL. */
struct snap_entry *snap_find(const struct snap *, const char *path);
/* 1 when the path was left out, or is below what was. */
int	 snap_is_left(const struct snap *, const char *path);
/* 1 when both have the same type, mode, owner, size, times and inode. */
int	 snap_same_stat(const struct snap_entry *, const struct snap_entry *);

/* All ID.info, oldest first; the count, or -1 with errno. */
int	 snap_infos(int dir, struct snap_info **);
void	 snap_infos_free(struct snap_info *, int n);
int	 snap_info_save(int dir, const struct snap_info *);

/*
 * Append an entry's content, or a link's target, to the buffer: 0, or -1 with
 * errno (ENODATA: it was not kept; EFBIG: more than max).
 */
int	 snap_content(int dir, const struct snap_entry *, struct buf *,
	    size_t max);
/* Write the content to a descriptor. */
int	 snap_copy_out(int dir, const struct snap_entry *, int to);
/*
 * Is what stands at the entry's path below ws now, file or link, what the
 * entry has as content?  1, 0, or -1 with errno when that cannot be told.
 */
int	 snap_same_content(int dir, const struct snap_entry *, int ws);
/* Append the target of the link at path below ws; 0, or -1 with errno. */
int	 snap_read_link(int ws, const char *path, struct buf *);

/*
 * Remove snapshots past SNAP_KEEP, and their ends, oldest first, but none of a
 * living session; then packs that nobody refers to.
 */
void	 snap_expire(const struct workspace *, int dir);

#endif
