/*
 * Files that were clean when they were read and have not changed since: by
 * device, inode, size and times.  The time of the inode's change cannot be set
 * by whoever writes the file, so nothing in the container can pass a changed
 * file off as a known one.
 */
#ifndef AIPOD_SEEN_H
#define AIPOD_SEEN_H

struct seen;
struct tree_file;

/* The key and what else has to be the same; NULL when out of memory. */
struct seen *seen_new(const unsigned char key[32], const char *rules);
void	 seen_free(struct seen *);
/* Read STATE/scanned; without one nothing is known. */
void	 seen_load(struct seen *, const char *state);
/* Write it where anything changed; that it could not be is no failure. */
void	 seen_save(struct seen *, const char *state);

/* 1 when the file is known; each thread keeps its own notes. */
int	 seen_has(struct seen *, int thread, const struct tree_file *);
/*
 * The file was read, is clean and has not changed.  Not noted when it was made
 * so lately that a change could have the same time.
 */
void	 seen_add(struct seen *, int thread, const struct tree_file *);

#endif
